import base64
import hmac
import json
import time
from hashlib import sha256
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from hypothesis import given
from hypothesis import strategies as st

from svc_voters.testing.login import AUDIENCE, ISSUER, Login, new_private_key, unsigned
from svc_voters.ways.identity import Account, Identities, InvalidIdentityError
from svc_voters.ways.key_set import ALGORITHMS, KeySet

LOGIN = Login(*ALGORITHMS)
CLAIMS = {"iss": ISSUER, "aud": AUDIENCE, "sub": "ana", "exp": int(time.time()) + 3_600}


async def fetch() -> bytes:
    return LOGIN.key_set


async def account(token: str) -> Account:
    return await Identities(ISSUER, AUDIENCE, KeySet(fetch)).account(token)


async def refusal(token: str) -> str:
    with pytest.raises(InvalidIdentityError) as caught:
        await account(token)
    assert token[:20] not in str(caught.value) or len(token) < 20
    return str(caught.value)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
async def test_a_token_of_the_login_names_an_account(algorithm: str) -> None:
    assert await account(LOGIN.token(algorithm)) == Account("ana", None)


async def test_the_login_may_give_a_class_and_name_several_audiences() -> None:
    token = LOGIN.token(voting_class="jury", aud=["other", AUDIENCE])
    assert await account(token) == Account("ana", "jury")


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"exp": int(time.time()) - 60}, "has expired"),
        ({"exp": None}, "is not valid"),
        ({"exp": "soon"}, "is not valid"),
        ({"nbf": int(time.time()) + 60}, "is not valid"),
        ({"aud": "other"}, "for another service"),
        ({"aud": None}, "is not valid"),
        ({"iss": "https://other.example"}, "of another login"),
        ({"iss": None}, "is not valid"),
        ({"sub": None}, "is not valid"),
        ({"sub": 7}, "is not valid"),
        ({"sub": ""}, "no subject"),
        ({"sub": "a" * 256}, "no subject"),
        ({"sub": "a\x00b"}, "no subject"),
        ({"sub": "\ud800"}, "no subject"),
        ({"voting_class": 1}, "no text"),
    ],
)
async def test_a_token_with_other_claims_is_refused(claims: dict[str, Any], reason: str) -> None:
    assert reason in await refusal(LOGIN.token(**claims))


async def test_a_token_that_expired_a_moment_ago_is_good_as_clocks_differ() -> None:
    assert await account(LOGIN.token(exp=int(time.time()) - 5))


@pytest.mark.parametrize("algorithm", ["none", "None", "HS256", "RS512", "ES384", "", None])
async def test_other_ways_to_sign_are_refused(algorithm: str | None) -> None:
    assert "not allowed" in await refusal(unsigned(CLAIMS, alg=algorithm, kid="RS256"))


async def test_a_public_key_is_no_secret_to_sign_with() -> None:
    pem = (
        LOGIN.keys["RS256"]
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    head = unsigned(CLAIMS, alg="HS256", kid="RS256").removesuffix(".")
    tag = base64.urlsafe_b64encode(hmac.digest(pem, head.encode(), sha256)).decode().rstrip("=")
    assert "not allowed" in await refusal(f"{head}.{tag}")


@pytest.mark.parametrize("algorithm", ALGORITHMS)
async def test_a_token_signed_with_another_key_is_refused(algorithm: str) -> None:
    other = jwt.encode(CLAIMS, new_private_key(algorithm), algorithm, {"kid": algorithm})
    assert await refusal(other) == "is not valid"


async def test_a_token_without_signature_is_refused() -> None:
    assert await refusal(unsigned(CLAIMS, alg="ES256", kid="ES256")) == "is not valid"
    assert await refusal(LOGIN.token()[:-4] + "AAAA") == "is not valid"


async def test_a_key_checks_only_its_own_kind_of_signature() -> None:
    assert await refusal(LOGIN.token("ES256", key_id="RS256")) == "is not valid"


async def test_a_token_of_an_unknown_key_is_refused() -> None:
    assert "the login does not have" in await refusal(LOGIN.token(key_id="other"))


async def test_a_token_cannot_bring_its_own_key() -> None:
    key = new_private_key("ES256")
    own = json.loads(Login("ES256").key_set)["keys"][0]
    token = jwt.encode(
        CLAIMS, key, "ES256", {"kid": "ES256", "jwk": own, "jku": "http://127.0.0.1:1/"}
    )
    assert await refusal(token) == "is not valid"


@pytest.mark.parametrize(
    "text", ["", ".", "..", "a.b.c", "é.é.é", "[" * 5_000, unsigned({}, alg="ES256", kid=7)]
)
async def test_what_is_no_token_is_refused(text: str) -> None:
    assert "not a JSON Web Token" in await refusal(text)


@given(head=st.binary(max_size=30), body=st.binary(max_size=30))
async def test_no_other_text_is_a_token(head: bytes, body: bytes) -> None:
    parts = (base64.urlsafe_b64encode(part).decode().rstrip("=") for part in (head, body, b"x"))
    with pytest.raises(InvalidIdentityError):
        await account(".".join(parts))
