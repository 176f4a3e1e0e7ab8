"""Downloads the evidence of a published result, piece by piece."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Final

import httpx
import msgspec

from svc_polls.api.publishing import Evidence
from svc_polls.export.files import ExportError, NewFolder
from voting.recount.evidence import END

PARTITION_FILE: Final = "partition-{:04}.evidence"
RESULT: Final = "result.json"
EVENTS: Final = "events.json"
_ANSWER_SECONDS: Final = 60.0
_PIECE_BYTES: Final = 1 << 20

type Say = Callable[[str], None]


def download(server: str, token: str, poll: str, folder: NewFolder, say: Say) -> None:
    """Write the evidence of a poll into a folder; raises `ExportError`."""
    headers = {"authorization": f"Bearer {token}"}
    try:
        with httpx.Client(
            base_url=server, headers=headers, timeout=_ANSWER_SECONDS, trust_env=False
        ) as http:
            _download(http, poll, folder, say)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise ExportError(f"{server}: {error or type(error).__name__}") from error


def _download(http: httpx.Client, poll: str, folder: NewFolder, say: Say) -> None:
    answer = http.get(f"/api/polls/{poll}/evidence")
    _check(answer)
    evidence = msgspec.json.decode(answer.content, type=Evidence)
    folder.write(EVENTS, answer.content)
    folder.write(RESULT, evidence.note.encode().partition(b"\n")[0])
    folder.write("result.note", evidence.note.encode())
    if evidence.public_key is not None:
        folder.write("public-key.txt", f"{evidence.public_key}\n".encode())
    for partition, end in enumerate(evidence.cut):
        say(f"partition {partition} of {len(evidence.cut)}: {end:,} records")
        _partition(http, poll, partition, folder)
    folder.finish({"poll": poll, "kind": "evidence", "partitions": len(evidence.cut)})


def _partition(http: httpx.Client, poll: str, partition: int, folder: NewFolder) -> None:
    name = PARTITION_FILE.format(partition)
    last = b""
    with http.stream("GET", f"/api/polls/{poll}/evidence/{partition}") as answer:
        if answer.status_code != HTTPStatus.OK:
            answer.read()
        _check(answer)
        with folder.open(name) as file:
            for piece in answer.iter_bytes(_PIECE_BYTES):
                file.write(piece)
                last = piece[-1:]
    if last != END:
        raise ExportError(f"{name}: the stream broke off; begin again")


def _check(answer: httpx.Response) -> None:
    if answer.status_code != HTTPStatus.OK:
        raise ExportError(f"svc_polls answers {answer.status_code}: {answer.text}")
