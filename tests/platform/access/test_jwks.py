"""The host's keys: found by their id, read again when they rotate, and kept in use while the host is slow or down."""

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
    """A site of that host, served by a process that knows none of its keys yet and may call this machine."""
    settings = Settings(
        secret_key=SECRET_KEY, database_url=database_url, sweep_seconds=3600, allow_private_targets=True
    )
    app = create_app(settings)
    async with app.router.lifespan_context(app), a_site(app, jwt_jwks_url=host.url) as site:
        yield site


def signed(site: ASite, key: PrivateKey, *, alg: str | None = None, kid: str | None = "its own") -> str:
    """A token of the site's host, signed by ``key`` under its own id unless another is told, or None."""
    kid = key.kid if kid == "its own" else kid
    header = {"kid": kid} if kid else {}
    return a_token(site.slug, key=key, alg=alg or ALGORITHMS[key.key_type], header=header)


async def status(site: ASite, token: str) -> int:
    response = await site.call("GET", "/counts?article=a", by=token)
    if response.status_code == 401:
        assert response.json()["detail"] == "This host token is not valid at this site."
    return response.status_code


async def test_a_key_is_found_by_its_id_and_the_set_is_read_once(site: ASite, host: AKeyServer) -> None:
    for key in (FIRST, SECOND, FIRST):
        assert await status(site, signed(site, key)) == 200
    assert host.asked == 1


async def test_the_algorithm_must_be_the_keys(site: ASite, host: AKeyServer) -> None:
    for alg in ("RS384", "RS512", "PS256"):
        assert await status(site, signed(site, FIRST, alg=alg)) == 401
    assert await status(site, signed(site, FIRST, kid="second")) == 401
    assert await status(site, signed(site, SECOND, kid="first")) == 401
    assert await status(site, signed(site, THIRD, kid="first")) == 401


async def test_a_public_key_is_no_secret(site: ASite) -> None:
    signing = segment({"alg": "HS256", "kid": "first"}) + "." + signed(site, FIRST).split(".")[1]
    for public in (FIRST.as_pem(private=False), FIRST.as_der(private=False), FIRST.as_pem(private=False).strip()):
        assert await status(site, f"{signing}.{segment(hmac.digest(public, signing.encode(), 'sha256'))}") == 401


async def test_without_an_id_the_only_key_that_fits_is_taken_and_never_one_of_several(
    site: ASite, host: AKeyServer, the_clock: Clock
) -> None:
    assert await status(site, signed(site, FIRST, kid=None)) == 200
    host.publish(FIRST, THIRD)
    the_clock.move(minutes=11)
    assert await status(site, signed(site, FIRST, kid=None)) == 401


async def test_a_new_key_is_taken_as_soon_as_the_host_signs_with_it(
    site: ASite, host: AKeyServer, the_clock: Clock
) -> None:
    assert await status(site, signed(site, FIRST)) == 200
    host.publish(FIRST, SECOND, THIRD)
    the_clock.move(seconds=30)
    assert await status(site, signed(site, THIRD)) == 200
    assert host.asked == 2


async def test_ids_that_nobody_knows_have_the_host_asked_every_half_minute_at_most(
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


async def test_a_key_that_the_host_takes_back_is_void_within_ten_minutes(
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
async def test_the_last_good_keys_are_used_while_the_host_answers_nonsense(
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


async def test_while_no_key_was_ever_read_the_service_is_busy(site: ASite, host: AKeyServer, the_clock: Clock) -> None:
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


async def test_many_who_come_at_once_wait_for_one_reading(site: ASite, host: AKeyServer) -> None:
    host.answers.clear()
    waiting = [asyncio.create_task(status(site, signed(site, FIRST))) for _ in range(20)]
    await host.came.wait()
    waiting.append(asyncio.create_task(status(site, signed(site, SECOND))))
    host.answers.set()
    assert await asyncio.gather(*waiting) == [200] * 21
    assert host.asked == 1


async def test_a_reader_who_goes_away_stops_nobody_elses_reading(site: ASite, host: AKeyServer) -> None:
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


async def test_a_host_that_does_not_answer_is_waited_for_no_longer_than_stated(
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


async def test_a_host_that_is_down_keeps_nobody_out_who_could_come_in_before(site: ASite, the_clock: Clock) -> None:
    async with a_key_server(FIRST) as server:
        await site.set(jwt_jwks_url=server.url)
        assert await status(site, signed(site, FIRST)) == 200
    the_clock.move(minutes=11)
    assert await status(site, signed(site, FIRST)) == 200


async def test_another_url_forgets_the_keys_of_the_one_before(site: ASite) -> None:
    assert await status(site, signed(site, FIRST)) == 200
    async with a_key_server(THIRD) as server:
        await site.set(jwt_jwks_url=server.url)
        assert await status(site, signed(site, FIRST)) == 401
        assert await status(site, signed(site, THIRD)) == 200
        await site.set()
        assert await status(site, signed(site, THIRD)) == 401


async def test_no_private_address_is_asked_unless_the_installation_allows_it(
    database_url: str, host: AKeyServer, capsys: pytest.CaptureFixture[str]
) -> None:
    app = create_app(Settings(secret_key=SECRET_KEY, database_url=database_url, sweep_seconds=3600))
    async with app.router.lifespan_context(app):
        for url in (host.url, host.url.replace("http:", "https:"), "https://metadata.localhost/?key=hidden"):
            async with a_site(app, jwt_jwks_url=url) as site:
                assert await status(site, signed(site, FIRST)) == 503
    assert host.asked == 0
    assert "hidden" not in capsys.readouterr().out


def test_keys_for_something_else_and_broken_ones_spoil_nothing() -> None:
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
