"""What the command line says about what an open proposal would take."""

from collections.abc import Iterable

from svc_polls.api.ruling_answers import (
    PreviewState,
    RulingPreview,
    RulingSummary,
    RulingWithIds,
)
from svc_polls.command.client import PollsClient, RefusedError
from svc_polls.command.texts import table
from voting.polls.ruling import RulingState


def preview_lines(client: PollsClient, poll: str, rulings: Iterable[RulingSummary]) -> list[str]:
    """Return a line for each open proposal among these rulings; waits for a while for counts."""
    waiting = [one for one in rulings if one.state is RulingState.PROPOSED]
    lines, patient = [], True
    for one in waiting:
        try:
            preview = client.previewed(poll, one.number, wait=patient).preview
        except RefusedError as error:
            preview = RulingPreview(state=PreviewState.UNKNOWN, reason=str(error))
        if preview is not None:
            lines.append(preview_line(one, preview))
            patient = patient and preview.state is not PreviewState.COUNTING
    return lines


def preview_line(ruling: RulingSummary, preview: RulingPreview) -> str:
    """Return what an open proposal would do, in words."""
    does = "takes" if ruling.lifts is None else "gives back"
    unknown = f"how many votes ruling {ruling.number} {does}"
    match preview.state:
        case PreviewState.COUNTED:
            votes, now = preview.votes or 0, preview.votes_now or 0
            what = f"ruling {ruling.number} {does} {votes:,} vote{'' if votes == 1 else 's'}"
            if ruling.lifts is None:
                return f"{what} of {now:,} as of now"
            return f"{what}, besides {now:,} that count now"
        case PreviewState.COUNTING:
            return f"{unknown} is still being counted: look again with `rulings`"
        case PreviewState.UNKNOWN:
            return f"{unknown} cannot be known now: {preview.reason}"
        case PreviewState.HIDDEN:
            return f"{unknown} is for releasers only, until the result is shown"


def entry_lines(preview: RulingPreview | None) -> list[str]:
    """Return the votes of a preview by entry, if it has any."""
    if preview is None or not preview.entries:
        return []
    return table([("entry", "votes"), *((one.id, f"{one.votes:,}") for one in preview.entries)])


def check_votes(found: RulingWithIds, expected: int) -> None:
    """Raise `RefusedError` unless the proposal takes, or gives back, so many votes as of now."""
    ruling, preview = found.ruling, found.preview
    if preview is None:
        raise RefusedError(f"ruling {ruling.number} has been approved or refused")
    if preview.state is not PreviewState.COUNTED or preview.votes != expected:
        raise RefusedError(f"{preview_line(ruling, preview)}; it was not approved")
