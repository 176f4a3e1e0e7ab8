"""What clients of svc_voters see; each test serves the app on a port of its own."""

import asyncio
import logging
from typing import Any

import httpx
import msgspec
import pytest

from svc_voters.testing.login import Login
from svc_voters.testing.serving import (
    ALONE,
    CLOSED,
    CODES,
    HANDED_OUT,
    IDENTITY,
    LATER,
    NO_JURY_ANY_MORE,
    OPEN,
    RULES,
    WITHOUT_KEY,
    Served,
    serve_voters,
)
from svc_voters.testing.solving import solve
from svc_voters.ways.browser import cookie_name, cookie_value
from svc_voters.ways.proof import Challenge, new_challenge
from voting.polls.known_polls import RefusalKind
from voting.service.clock_watch import now_ms
from voting.testing.polls import KEYS, POLL, REVOKED_BATCH, SCOPE
from voting.voters.ballots import PollVoters, VoterProblem
from voting.voters.codes import make_code
from voting.voters.issuing import IssuingProblem

SCOPE_KEYS = KEYS.scope_keys(1, SCOPE)
COOKIE = cookie_name(RULES)
OPEN_BODY = {"way": "open"}
LOGIN = Login("ES256")


def code(voter_class: int = 0, batch: int = 1, serial: int = 1) -> dict[str, str]:
    text = make_code(SCOPE_KEYS.code_key, voter_class=voter_class, batch=batch, serial=serial)
    return {"way": "code", "code": text}


def identity(**claims: Any) -> dict[str, str]:
    return {"way": "identity", "identity": LOGIN.token(**claims)}


def token(answer: httpx.Response) -> str:
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    found: str = answer.json()["voter"]
    return found


def refusal(answer: httpx.Response) -> tuple[int, str | None]:
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    assert "set-cookie" not in answer.headers
    return answer.status_code, answer.json().get("type")


async def proof(served: Served, poll: str = OPEN) -> dict[str, str]:
    ways = (await served.client.get(f"/voters/{poll}")).json()
    return {"way": "open", "proof": solve(msgspec.convert(ways["challenge"], Challenge))}


async def test_a_browser_gets_a_token_that_admits_and_the_same_one_again() -> None:
    async with serve_voters() as served:
        first = await served.ask(OPEN, OPEN_BODY)
        assert first.json() == {"voter": token(first), "voter_class": "audience", "scope": SCOPE}
        PollVoters("any", RULES, SCOPE_KEYS).ballot_id(token(first), None, "moon")
        again = await served.ask(OPEN, OPEN_BODY)
        assert token(again) == token(first)
        assert "set-cookie" not in again.headers
        served.client.cookies.clear()
        assert token(await served.ask(OPEN, OPEN_BODY)) != token(first)


async def test_a_browser_has_one_token_for_a_scope_and_another_elsewhere() -> None:
    async with serve_voters() as served:
        first = token(await served.ask(OPEN, OPEN_BODY))
        assert token(await served.ask(LATER, OPEN_BODY)) == first
        elsewhere = await served.ask(ALONE, OPEN_BODY)
        assert token(elsewhere) != first
        assert token(await served.ask(OPEN, OPEN_BODY)) == first
        assert {cookie.name for cookie in served.client.cookies.jar} == {COOKIE, "voter_1_alone"}


@pytest.mark.parametrize(
    ("headers", "secure"),
    [
        ({}, False),
        ({"x-forwarded-proto": "http"}, False),
        ({"x-forwarded-proto": "https"}, True),
        ({"x-forwarded-proto": "https, http"}, True),
    ],
)
async def test_no_script_reads_the_cookie_and_no_other_path_gets_it(
    headers: dict[str, str], secure: bool
) -> None:
    async with serve_voters() as served:
        answer = await served.ask(OPEN, OPEN_BODY, **headers)
        _, *flags = answer.headers["set-cookie"].split("; ")
        wanted = ["Path=/voters", "Max-Age=34560000", "HttpOnly", "SameSite=Strict"]
        assert flags == wanted + ["Secure"] * secure


async def test_a_new_browser_must_work_and_a_known_one_need_not() -> None:
    async with serve_voters(proof_of_work=20) as served:
        missing = await served.ask(OPEN, OPEN_BODY)
        assert refusal(missing) == (401, IssuingProblem.PROOF_INVALID)
        assert missing.headers["www-authenticate"] == "VoterToken"
        first = token(await served.ask(OPEN, await proof(served)))
        ways = (await served.client.get(f"/voters/{OPEN}")).json()
        assert ways == {"scope": SCOPE, "ways": ["open"], "challenge": None}
        assert token(await served.ask(OPEN, OPEN_BODY)) == first


async def test_the_same_work_is_the_same_browser_on_each_replica() -> None:
    async with serve_voters(proof_of_work=20) as one, serve_voters(proof_of_work=20) as other:
        work = await proof(one)
        first = await one.ask(OPEN, work)
        for served in (one, other):
            served.client.cookies.clear()
            again = await served.ask(OPEN, work)
            assert token(again) == token(first)
            assert again.headers["set-cookie"] == first.headers["set-cookie"]
        assert token(await other.ask(OPEN, OPEN_BODY)) == token(first)


async def test_replayed_at_once_work_gives_one_token() -> None:
    async with serve_voters(proof_of_work=20) as served:
        work = await proof(served)

        async def ask() -> str:
            async with httpx.AsyncClient(base_url=served.client.base_url, timeout=60) as client:
                return token(await client.post(f"/voters/{OPEN}", json=work))

        assert len(set(await asyncio.gather(*(ask() for _ in range(50))))) == 1


async def test_work_for_another_scope_or_too_old_is_refused() -> None:
    async with serve_voters(proof_of_work=20) as served:
        elsewhere = await proof(served, ALONE)
        old = solve(new_challenge(SCOPE_KEYS.nonce_key, 1, now_ms() - 3_600_000))
        for body in (elsewhere, {"way": "open", "proof": old}, {"way": "open", "proof": "x"}):
            answer = await served.ask(OPEN, body)
            assert refusal(answer) == (401, IssuingProblem.PROOF_INVALID)
            assert answer.json()["field"] == "proof"


async def test_a_forged_cookie_lets_nobody_in() -> None:
    forged = [
        cookie_value(SCOPE_KEYS.tag_key, bytes(16)),
        cookie_value(KEYS.scope_keys(1, "alone").nonce_key, bytes(16)),
        "A" * 43,
        "",
        '"; voter_1_tickets-2026=x',
    ]
    async with serve_voters(proof_of_work=20) as served:
        for value in forged:
            answer = await served.ask(OPEN, OPEN_BODY, cookie=f"{COOKIE}={value}")
            assert refusal(answer) == (401, IssuingProblem.PROOF_INVALID)


async def test_the_cookie_decides_for_a_browser_and_nothing_else_does() -> None:
    mine = cookie_value(SCOPE_KEYS.nonce_key, bytes(16))
    async with serve_voters(proof_of_work=20) as served:
        first = token(await served.ask(OPEN, OPEN_BODY, cookie=f"{COOKIE}={mine}"))
        work = await proof(served)
        for body in (work, {"way": "open", "proof": "forged"}):
            answer = await served.ask(
                OPEN,
                body,
                cookie=f"{COOKIE}=forged; {COOKIE}={mine}; voter=x",
                voter=first[::-1],
                authorization=f"Bearer {first[::-1]}",
            )
            assert token(answer) == first


async def test_a_code_gives_its_token_whatever_the_cookie_says() -> None:
    mine = cookie_value(SCOPE_KEYS.nonce_key, bytes(16))
    async with serve_voters() as served:
        first = await served.ask(CODES, code())
        assert first.json() == {"voter": token(first), "voter_class": "audience", "scope": SCOPE}
        again = await served.ask(
            CODES, code(), cookie=f"{COOKIE}={mine}", code=code(serial=2)["code"]
        )
        assert token(again) == token(first)
        assert "set-cookie" not in first.headers
        assert token(await served.ask(CODES, code(serial=2))) != token(first)
        jury = await served.ask(CODES, code(voter_class=1))
        assert jury.json()["voter_class"] == "jury"
        typed = code()["code"].lower().replace("-", " ")
        assert token(await served.ask(CODES, {"way": "code", "code": typed})) == token(first)


async def test_codes_that_do_not_admit_are_refused() -> None:
    other_scope = make_code(KEYS.scope_keys(1, "alone").code_key, voter_class=0, batch=1, serial=1)
    async with serve_voters() as served:
        for text in ("", "0000-0000-0000-0000", other_scope, code()["code"][:-1], "é" * 16):
            answer = await served.ask(CODES, {"way": "code", "code": text})
            assert refusal(answer) == (401, IssuingProblem.CODE_INVALID)
            assert text not in answer.text or not text
        revoked = await served.ask(CODES, code(batch=REVOKED_BATCH))
        assert refusal(revoked) == (403, VoterProblem.REVOKED)
        assert token(await served.ask(CODES, code(batch=REVOKED_BATCH + 1)))
        stranger = await served.ask(CODES, code(voter_class=15))
        assert refusal(stranger) == (403, VoterProblem.OTHER_POLLS)
        jury = await served.ask(NO_JURY_ANY_MORE, code(voter_class=1))
        assert refusal(jury) == (403, VoterProblem.REVOKED)
        assert token(await served.ask(NO_JURY_ANY_MORE, code()))


async def test_an_account_gets_one_token_for_all_that_its_login_says() -> None:
    async with serve_voters(LOGIN.key_set) as served:
        first = token(await served.ask(IDENTITY, identity()))
        assert token(await served.ask(IDENTITY, identity(exp=2**33, jti="other"))) == first
        assert token(await served.ask(IDENTITY, identity(sub="eva"))) != first
        jury = await served.ask(IDENTITY, identity(voting_class="jury"))
        assert jury.json()["voter_class"] == "jury"
        king = await served.ask(IDENTITY, identity(voting_class="king"))
        assert refusal(king) == (403, VoterProblem.OTHER_POLLS)
        taken_back = await served.ask(NO_JURY_ANY_MORE, identity(voting_class="jury"))
        assert refusal(taken_back) == (403, VoterProblem.REVOKED)
        for wrong in (identity(exp=1), identity(aud="other"), identity(key_id="other")):
            answer = await served.ask(IDENTITY, wrong)
            assert refusal(answer) == (401, IssuingProblem.IDENTITY_INVALID)
            assert wrong["identity"][:20] not in answer.text


async def test_without_a_login_or_its_keys_accounts_must_wait() -> None:
    async with serve_voters() as served:
        assert refusal(await served.ask(IDENTITY, identity())) == (503, None)
    async with serve_voters(b"no keys") as served:
        answer = await served.ask(IDENTITY, identity())
        assert refusal(answer) == (503, None)
        assert answer.headers["retry-after"] == "1"


@pytest.mark.parametrize(
    ("poll", "body", "status", "kind"),
    [
        ("no-such-poll", OPEN_BODY, 404, RefusalKind.NO_SUCH_POLL),
        ("NO!", OPEN_BODY, 404, RefusalKind.NO_SUCH_POLL),
        (CLOSED, OPEN_BODY, 409, RefusalKind.CLOSED),
        (CLOSED, code(), 409, RefusalKind.CLOSED),
        (CLOSED, identity(), 409, RefusalKind.CLOSED),
        (POLL, OPEN_BODY, 403, IssuingProblem.WAY_NOT_OFFERED),
        (HANDED_OUT, OPEN_BODY, 403, IssuingProblem.WAY_NOT_OFFERED),
        (CODES, OPEN_BODY, 403, IssuingProblem.WAY_NOT_OFFERED),
        (OPEN, code(), 403, IssuingProblem.WAY_NOT_OFFERED),
        (CODES, identity(), 403, IssuingProblem.WAY_NOT_OFFERED),
        (WITHOUT_KEY, OPEN_BODY, 503, None),
    ],
)
async def test_who_gets_no_token_is_told_why(
    poll: str, body: dict[str, str], status: int, kind: str | None
) -> None:
    async with serve_voters(LOGIN.key_set) as served:
        answer = await served.ask(poll, body)
        assert refusal(answer) == (status, kind)
        assert ("closes_at" in answer.json()) == (kind == RefusalKind.CLOSED)


async def test_a_poll_says_its_ways() -> None:
    async with serve_voters() as served:
        for poll, wanted in (
            (POLL, {"scope": None, "ways": [], "challenge": None}),
            (HANDED_OUT, {"scope": SCOPE, "ways": [], "challenge": None}),
            (LATER, {"scope": SCOPE, "ways": ["open", "codes", "identity"], "challenge": None}),
        ):
            answer = await served.client.get(f"/voters/{poll}")
            assert (answer.status_code, answer.json()) == (200, wanted)
        for poll, status in (("none", 404), (CLOSED, 409)):
            assert (await served.client.get(f"/voters/{poll}")).status_code == status


async def test_without_fresh_polls_everybody_must_wait() -> None:
    async with serve_voters() as served:
        served.known._proved_at_ms -= 10_500
        answer = await served.ask(OPEN, OPEN_BODY)
        assert refusal(answer) == (503, None)
        assert answer.headers["retry-after"] == "1"
        assert (await served.client.get(f"/voters/{OPEN}")).status_code == 503


async def test_a_network_that_asks_too_often_must_wait() -> None:
    async with serve_voters(
        tokens_per_second=0.01, tokens_at_once=3, trusted_proxies="127.0.0.1"
    ) as served:
        for number in range(5):
            answer = await served.ask(OPEN, OPEN_BODY, **{"x-forwarded-for": f"192.0.2.{number}"})
            assert answer.status_code == (200 if number < 3 else 429)
        assert refusal(answer) == (429, None)
        assert 1 <= int(answer.headers["retry-after"]) <= 100
        elsewhere = await served.ask(OPEN, OPEN_BODY, **{"x-forwarded-for": "198.51.100.1"})
        assert elsewhere.status_code == 200


async def test_many_wrong_codes_of_a_network_shut_out_nobody_with_a_right_one() -> None:
    async with serve_voters(wrong_codes_per_second=0.01, wrong_codes_at_once=3) as served:
        for _ in range(20):
            assert (await served.ask(CODES, code())).status_code == 200
        for number in range(5):
            answer = await served.ask(CODES, {"way": "code", "code": "0" * 16})
            assert answer.status_code == (401 if number < 3 else 429)
        assert (await served.ask(CODES, code())).status_code == 200
        assert (await served.ask(OPEN, OPEN_BODY)).status_code == 200


@pytest.mark.parametrize(
    ("content", "headers", "status", "field"),
    [
        (b'{"way":"open"}', {"content-type": "text/plain"}, 415, None),
        (b'{"way":"open"}', {"content-encoding": "gzip"}, 415, None),
        (b"", {}, 400, None),
        (b"{", {}, 400, None),
        (b"\xff", {}, 400, None),
        (b"[" * 8_000, {}, 422, None),
        (b"[]", {}, 422, None),
        (b"{}", {}, 422, "way"),
        (b'{"way":"secret-way"}', {}, 422, "way"),
        (b'{"way":"open","secret-field":1}', {}, 422, None),
        (b'{"way":"code"}', {}, 422, "code"),
        (b'{"way":"code","code":7}', {}, 422, "code"),
        (b'{"way":"code","code":"%b"}' % (b"0" * 65), {}, 422, "code"),
        (b'{"way":"identity","identity":"%b"}' % (b"0" * 7_001), {}, 422, "identity"),
        (b'{"way":"open","proof":"%b"}' % (b"0" * 2_049), {}, 422, "proof"),
        (b'{"way":"open","voter":"x"}', {}, 422, None),
        (b" " * 8_193, {}, 413, None),
    ],
)
async def test_what_does_not_ask_for_a_token_is_refused(
    content: bytes, headers: dict[str, str], status: int, field: str | None
) -> None:
    async with serve_voters() as served:
        answer = await served.client.post(
            f"/voters/{OPEN}",
            content=content,
            headers={"content-type": "application/json"} | headers,
        )
        assert refusal(answer) == (status, None)
        assert answer.json().get("field") == field
        assert "secret" not in answer.text


async def test_nothing_that_a_voter_shows_or_gets_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    async with serve_voters(LOGIN.key_set, proof_of_work=20) as served:
        work = await proof(served)
        shown = [work["proof"], code()["code"], identity()["identity"], "0000-0000-0000-0000"]
        answers = [
            await served.ask(OPEN, work),
            await served.ask(CODES, code()),
            await served.ask(IDENTITY, identity()),
            await served.ask(CODES, {"way": "code", "code": shown[3]}),
            await served.ask(IDENTITY, {"way": "identity", "identity": shown[0]}),
        ]
        metrics = (await served.client.get("/metrics")).text
    secrets = [*shown, *(token(answer) for answer in answers[:3])]
    secrets.append(answers[0].headers["set-cookie"].partition("=")[2].partition(";")[0])
    clients = ("httpx", "httpcore")
    logged = [one.getMessage() for one in caplog.records if not one.name.startswith(clients)]
    for secret in secrets:
        assert secret not in "\n".join(logged)
        assert secret not in metrics
    assert 'svc_voters_issued_total{way="codes"}' in metrics
    assert 'svc_voters_refused_total{status="401"}' in metrics
