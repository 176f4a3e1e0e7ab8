"""What clients send and get, as JSON. No I/O here."""

import re
from http import HTTPStatus
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from svc_voters.ways.identity import CLASS_CLAIM, IDENTITY_MAX
from svc_voters.ways.proof import CHALLENGE_SECONDS, PROOF_MAX, Challenge
from voting.http.problem import JSON_TYPE, ProblemError
from voting.voters.rules import Way

BODY_MAX: Final = 8_192
CODE_MAX: Final = 64

# Where msgspec says that a body is wrong; what it quotes is not repeated.
_FIELD: Final = re.compile(r"at `\$\.(\w+)`\Z|required field `(\w+)`")


class _Form(msgspec.Struct, frozen=True, tag_field="way", forbid_unknown_fields=True):
    """What a client shows; `way` says which of the forms it is."""


class OpenForm(_Form, frozen=True, tag="open"):
    """Asks for the token of a browser."""

    proof: Annotated[
        Annotated[str, Meta(max_length=PROOF_MAX)] | None,
        Meta(description="The challenge and its solution, as JSON in base64 (ALTCHA's payload)."),
    ] = None


class CodeForm(_Form, frozen=True, tag="code"):
    """Asks for the token of whoever has a code."""

    code: Annotated[
        str,
        Meta(
            description="The code as typed: blanks, hyphens and case do not matter.",
            max_length=CODE_MAX,
        ),
    ]


class IdentityForm(_Form, frozen=True, tag="identity"):
    """Asks for the token of an account."""

    identity: Annotated[
        str,
        Meta(
            description="A JSON Web Token of the organisers' login. Its claim "
            f"`{CLASS_CLAIM}`, if there is one, is the voter's class.",
            max_length=IDENTITY_MAX,
        ),
    ]


type TokenForm = OpenForm | CodeForm | IdentityForm

_DECODER: Final[msgspec.json.Decoder[TokenForm]] = msgspec.json.Decoder(
    OpenForm | CodeForm | IdentityForm
)


class PollWays(msgspec.Struct, frozen=True, kw_only=True):
    """How to get a token for a poll."""

    scope: Annotated[
        str | None, Meta(description="Polls of one scope share tokens; null: none are needed.")
    ]
    ways: Annotated[tuple[Way, ...], Meta(description="Empty: the organisers give tokens out.")]
    challenge: Annotated[
        Challenge | None,
        Meta(
            description=f"For the way `open`: to be solved within {CHALLENGE_SECONDS} s. null: "
            "this browser is known already, or need not prove any work."
        ),
    ]


class Issued(msgspec.Struct, frozen=True):
    """A voter's token."""

    voter: Annotated[str, Meta(description="The token, a secret, as `voter` of a vote.")]
    voter_class: Annotated[str, Meta(description="The voter's class.")]
    scope: Annotated[str, Meta(description="The token is for all polls of this scope.")]


def read_form(body: bytes, content_type: str | None, content_encoding: str | None) -> TokenForm:
    """Return what a request asks for; raise `ProblemError`, which quotes nothing of it."""
    if (content_type or "").partition(";")[0].strip().lower() != JSON_TYPE:
        raise ProblemError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"content-type must be {JSON_TYPE}")
    if (content_encoding or "identity").strip().lower() != "identity":
        raise ProblemError(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "the body must not be compressed",
            headers={"accept-encoding": "identity"},
        )
    try:
        return _DECODER.decode(body)
    except msgspec.ValidationError as error:
        raise _invalid(str(error)) from None
    except msgspec.DecodeError, UnicodeDecodeError, RecursionError:
        raise ProblemError(HTTPStatus.BAD_REQUEST, "the body is not JSON") from None


def _invalid(message: str) -> ProblemError:
    found = _FIELD.search(message)
    field = found and (found[1] or found[2])
    if field == "way":
        detail = "way: must be open, code or identity"
    elif field:
        detail = f"{field}: is missing, or is not a text of the allowed length"
    else:
        detail = "the body must be an object with `way` and the one field of that way"
    return ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, detail, field=field or None)
