"""The host's keys are found by id, fetched again after a rotation, and stay in use while the host is slow or down."""

import asyncio
import hmac
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from joserfc.jwk import ECKey, OKPKey, RSAKey

from service.app import create_app
from service.platform.access.jwks import MAX_BYTES, InvalidJwks, parse_jwks
from service.settings import Settings
from tests.builders import ASite, Clock, a_site
from tests.conftest import SECRET_KEY
from tests.platform.access.a_host import AKeyServer, PrivateKey, a_key_server, a_token, jwks_of, segment

FIRST = RSAKey.generate_key(2048, {"kid": "first", "use": "sig"})
SECOND = OKPKey.generate_key("Ed25519", {"kid": "second", "alg": "EdDSA"})
THIRD = RSAKey.generate_key(2048, {"kid": "third"})
ALGORITHMS = {"RSA": "RS256", "OKP": "EdDSA"}


@pytest.fixture
async def host() -> AsyncIterator[AKeyServer]:
    """A host whose JWKS has :data:`FIRST` and :data:`SECOND`."""
    async with a_key_server(FIRST, SECOND) as server:
        yield server


@pytest.fixture
async def site(database_url: str, host: AKeyServer) -> AsyncIterator[ASite]:
    """A site of that host, in an app that has not fetched its keys yet and may call private addresses."""
    settings = Settings(
        secret_key=SECRET_KEY, database_url=database_url, sweep_seconds=3600, allow_private_targets=True
    )
    app = create_app(settings)
    async with app.router.lifespan_context(app), a_site(app, jwt_jwks_url=host.url) as site:
        yield site


def signed(site: ASite, key: PrivateKey, *, alg: str | None = None, kid: str | None = "its own") -> str:
    """A token of the site's host, signed with ``key``; ``kid`` is the key's own id by default."""
    kid = key.kid if kid == "its own" else kid
    header = {"kid": kid} if kid else {}
    return a_token(site.slug, key=key, alg=alg or ALGORITHMS[key.key_type], header=header)


async def status(site: ASite, token: str) -> int:
    response = await site.call("GET", "/counts?article=a", by=token)
    if response.status_code == 401:
        assert response.json()["detail"] == "This host token is not valid at this site."
    return response.status_code


async def test_a_key_is_found_by_its_id_and_the_jwks_is_fetched_once(site: ASite, host: AKeyServer) -> None:
    for key in (FIRST, SECOND, FIRST):
        assert await status(site, signed(site, key)) == 200
    assert host.asked == 1


async def test_the_algorithm_must_match_the_key(site: ASite, host: AKeyServer) -> None:
    for alg in ("RS384", "RS512", "PS256"):
        assert await status(site, signed(site, FIRST, alg=alg)) == 401
    assert await status(site, signed(site, FIRST, kid="second")) == 401
    assert await status(site, signed(site, SECOND, kid="first")) == 401
    assert await status(site, signed(site, THIRD, kid="first")) == 401


async def test_a_public_key_is_not_accepted_as_an_hmac_secret(site: ASite) -> None:
    signing = segment({"alg": "HS256", "kid": "first"}) + "." + signed(site, FIRST).split(".")[1]
    for public in (FIRST.as_pem(private=False), FIRST.as_der(private=False), FIRST.as_pem(private=False).strip()):
        assert await status(site, f"{signing}.{segment(hmac.digest(public, signing.encode(), 'sha256'))}") == 401


async def test_without_a_key_id_only_an_unambiguous_key_is_used(
    site: ASite, host: AKeyServer, the_clock: Clock
) -> None:
    assert await status(site, signed(site, FIRST, kid=None)) == 200
    host.publish(FIRST, THIRD)
    the_clock.move(minutes=11)
    assert await status(site, signed(site, FIRST, kid=None)) == 401


async def test_a_new_key_is_fetched_when_the_host_first_signs_with_it(
    site: ASite, host: AKeyServer, the_clock: Clock
) -> None:
    assert await status(site, signed(site, FIRST)) == 200
    host.publish(FIRST, SECOND, THIRD)
    the_clock.move(seconds=30)
    assert await status(site, signed(site, THIRD)) == 200
    assert host.asked == 2


async def test_unknown_key_ids_cause_at_most_one_fetch_every_half_minute(
    site: ASite, host: AKeyServer, the_clock: Clock
) -> None:
    assert await status(site, signed(site, FIRST)) == 200
    for number in range(5):
        assert await status(site, signed(site, THIRD, kid=f"guess {number}")) == 401
    assert host.asked == 1
    the_clock.move(seconds=30)
    for number in range(5):
        assert await status(site, signed(site, THIRD, kid=f"guess {number}")) == 401
    assert host.asked == 2


async def test_a_key_that_the_host_removes_is_invalid_within_ten_minutes(
    site: ASite, host: AKeyServer, the_clock: Clock
) -> None:
    assert await status(site, signed(site, FIRST)) == 200
    host.publish(THIRD)
    the_clock.move(minutes=9, seconds=59)
    assert await status(site, signed(site, FIRST)) == 200
    the_clock.move(seconds=1)
    assert await status(site, signed(site, FIRST)) == 401


@pytest.mark.parametrize(
    "fault",
    [
        {"status": "500 Internal Server Error"},
        {"status": "404 Not Found"},
        {"status": "302 Found", "headers": ["Location: /elsewhere"]},
        {"headers": ["Content-Encoding: gzip"]},
        {"content": b""},
        {"content": b"<html>"},
        {"content": b'{"keys": []}'},
        {"content": b'{"keys": {}}'},
        {"content": b"[" * 100_000},
        {"content": b" " * MAX_BYTES + jwks_of(THIRD)},
    ],
    ids=lambda fault: str(fault)[:60],
)
async def test_the_last_good_keys_stay_in_use_while_the_hosts_answer_is_invalid(
    site: ASite, host: AKeyServer, the_clock: Clock, fault: dict[str, Any]
) -> None:
    assert await status(site, signed(site, FIRST)) == 200
    host.publish(THIRD)  # which is not to be read
    for name, value in fault.items():
        setattr(host, name, value)
    the_clock.move(minutes=11)
    assert await status(site, signed(site, FIRST)) == 200
    assert await status(site, signed(site, THIRD)) == 401
    assert host.asked == 2
    the_clock.move(days=1)
    assert await status(site, signed(site, FIRST)) == 200


async def test_before_the_first_fetch_succeeds_the_service_is_busy(
    site: ASite, host: AKeyServer, the_clock: Clock
) -> None:
    host.status = "503 Service Unavailable"
    for _ in range(3):
        response = await site.call("GET", "/counts?article=a", by=signed(site, FIRST))
        assert (response.status_code, response.json()["type"]) == (503, "/problems/busy")
        assert response.headers["retry-after"] == "30"
        assert host.url not in response.text
    assert host.asked == 1
    host.status = "200 OK"
    the_clock.move(seconds=30)
    assert await status(site, signed(site, FIRST)) == 200


async def test_concurrent_requests_share_one_fetch(site: ASite, host: AKeyServer) -> None:
    host.answers.clear()
    waiting = [asyncio.create_task(status(site, signed(site, FIRST))) for _ in range(20)]
    await host.came.wait()
    waiting.append(asyncio.create_task(status(site, signed(site, SECOND))))
    host.answers.set()
    assert await asyncio.gather(*waiting) == [200] * 21
    assert host.asked == 1


async def test_a_cancelled_request_does_not_cancel_the_shared_fetch(site: ASite, host: AKeyServer) -> None:
    host.answers.clear()
    gone = asyncio.create_task(status(site, signed(site, FIRST)))
    await host.came.wait()
    stays = asyncio.create_task(status(site, signed(site, FIRST)))
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone
    host.answers.set()
    assert await stays == 200
    assert host.asked == 1


async def test_a_fetch_times_out(
    site: ASite, host: AKeyServer, the_clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.platform.access.jwks.FETCH_TIMEOUT_SECONDS", 0.05)
    host.answers.clear()
    assert await status(site, signed(site, FIRST)) == 503
    host.answers.set()
    the_clock.move(seconds=30)
    monkeypatch.undo()
    monkeypatch.setattr("service.platform.clock.now", the_clock.now)
    assert await status(site, signed(site, FIRST)) == 200
    monkeypatch.setattr("service.platform.access.jwks.FETCH_TIMEOUT_SECONDS", 0.05)
    host.answers.clear()
    the_clock.move(minutes=11)
    assert await status(site, signed(site, FIRST)) == 200


async def test_the_last_good_keys_stay_in_use_while_the_host_is_down(site: ASite, the_clock: Clock) -> None:
    async with a_key_server(FIRST) as server:
        await site.set(jwt_jwks_url=server.url)
        assert await status(site, signed(site, FIRST)) == 200
    the_clock.move(minutes=11)
    assert await status(site, signed(site, FIRST)) == 200


async def test_another_url_evicts_the_keys_of_the_previous_one(site: ASite) -> None:
    assert await status(site, signed(site, FIRST)) == 200
    async with a_key_server(THIRD) as server:
        await site.set(jwt_jwks_url=server.url)
        assert await status(site, signed(site, FIRST)) == 401
        assert await status(site, signed(site, THIRD)) == 200
        await site.set()
        assert await status(site, signed(site, THIRD)) == 401


async def test_no_private_address_is_called_unless_the_installation_allows_it(
    database_url: str, host: AKeyServer, capsys: pytest.CaptureFixture[str]
) -> None:
    app = create_app(Settings(secret_key=SECRET_KEY, database_url=database_url, sweep_seconds=3600))
    async with app.router.lifespan_context(app):
        for url in (host.url, host.url.replace("http:", "https:"), "https://metadata.localhost/?key=hidden"):
            async with a_site(app, jwt_jwks_url=url) as site:
                assert await status(site, signed(site, FIRST)) == 503
    assert host.asked == 0
    assert "hidden" not in capsys.readouterr().out


def test_invalid_keys_and_keys_for_other_purposes_are_ignored() -> None:
    good = SECOND.as_dict(private=False)
    broken: list[object] = [
        7,
        {},
        {"kty": "oct", "k": "c2VjcmV0", "kid": "first"},
        {**FIRST.as_dict(private=False), "use": "enc"},
        {**FIRST.as_dict(private=False), "alg": "RS512"},
        {**FIRST.as_dict(private=False), "n": "AQAB"},
        {**FIRST.as_dict(private=False), "n": "A" * 2000},
        {**FIRST.as_dict(private=False), "e": "!"},
        {**FIRST.as_dict(private=False), "e": ""},
        {**good, "x": "AAAA"},
        {**good, "crv": "Ed448"},
        {**good, "kid": 7},
        ECKey.generate_key("P-256").as_dict(private=False),
        OKPKey.generate_key("X25519").as_dict(private=False),
    ]
    assert [key.kid for key in parse_jwks(json.dumps({"keys": [*broken, good]}).encode())] == ["second"]
    with pytest.raises(InvalidJwks):
        parse_jwks(json.dumps({"keys": broken}).encode())
