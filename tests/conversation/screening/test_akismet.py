"""The Akismet client times out, pauses after failures, and keeps one site's wrong key from affecting others."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from ssl import PROTOCOL_TLS_SERVER, SSLContext
from typing import Any

import pytest
import structlog
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from service.conversation.screening.akismet import Akismet, AkismetRequest
from service.conversation.screening.external_rules import AkismetAnswer, ExternalSignals, screen_external_signals
from service.conversation.screening.findings import Finding, Rule
from service.platform.sites.site_rules import Rules
from tests.an_akismet import AnAkismet, Does, Says, an_akismet
from tests.builders import Clock

KEY = "123YourAPIKey"
LONG = 20.0  # seconds; no test waits this long


@pytest.fixture
async def akismet() -> AsyncIterator[AnAkismet]:
    async with an_akismet() as server:
        yield server


@pytest.fixture
def logged() -> Iterator[list[Any]]:
    with structlog.testing.capture_logs() as lines:
        yield lines


def request() -> AkismetRequest:
    """A comment to check."""
    return AkismetRequest(
        blog="https://gazette.example/",
        locale="en",
        address="192.0.2.1",
        user_agent="",
        referrer="",
        permalink=None,
        is_reply=False,
        author_name="Ada",
        author_email=None,
        author_url=None,
        body="Hello.",
        posted_at=Clock().now(),
        honeypot=None,
    )


async def test_calls_pause_for_half_a_minute_after_five_failures(
    akismet: AnAkismet, the_clock: Clock, logged: list[Any]
) -> None:
    client = Akismet(akismet.url, seconds=LONG)
    akismet.says = "error"
    for _ in range(7):
        assert await client.check(request(), key=KEY) is None
    assert len(akismet.asked) == 5
    assert [line["reason"] for line in logged] == ["status 503"] * 5 + ["paused"] * 2
    the_clock.move(seconds=29)
    assert await client.check(request(), key=KEY) is None
    assert len(akismet.asked) == 5
    the_clock.move(seconds=1)
    assert await client.check(request(), key=KEY) is None  # one tries
    assert await client.check(request(), key=KEY) is None
    assert len(akismet.asked) == 6
    the_clock.move(seconds=30)
    akismet.says = "true"
    assert [await client.check(request(), key=KEY) for _ in range(2)] == ["spam", "spam"]
    await client.close()


async def test_after_the_pause_one_call_probes_and_the_others_do_not_wait(akismet: AnAkismet, the_clock: Clock) -> None:
    client = Akismet(akismet.url, seconds=LONG)
    akismet.says = "error"
    for _ in range(5):
        await client.check(request(), key=KEY)
    the_clock.move(seconds=30)
    akismet.says = "hang"
    trying = asyncio.create_task(client.check(request(), key=KEY))
    await akismet.has_been_asked(6)
    assert await client.check(request(), key=KEY) is None
    akismet.release("true")
    assert await trying == "spam"
    assert await client.check(request(), key=KEY) == "spam"
    await client.close()


async def test_only_failures_in_a_row_count(akismet: AnAkismet) -> None:
    client = Akismet(akismet.url, seconds=LONG)
    failing: list[Says | Does] = ["garbage", "hang up", "redirect", "error"]
    for says in [*failing, "false", *failing, "false", *failing]:
        akismet.says = says
        await client.check(request(), key=KEY)
    assert len(akismet.asked) == 14
    await client.close()


async def test_one_sites_wrong_key_does_not_pause_calls_of_others(akismet: AnAkismet) -> None:
    client = Akismet(akismet.url, seconds=LONG)
    akismet.says = "invalid"
    assert [await client.check(request(), key="wrong") for _ in range(6)] == [None] * 6
    akismet.says = "false"
    assert await client.check(request(), key=KEY) == "ham"
    await client.close()


async def test_timed_out_calls_release_their_connections(akismet: AnAkismet, the_clock: Clock) -> None:
    client = Akismet(akismet.url, seconds=0.01)
    akismet.says = "hang"
    for _ in range(60):
        the_clock.move(seconds=31)
        assert await client.check(request(), key=KEY) is None
    await client.close()
    patient = Akismet(akismet.url, seconds=LONG)
    akismet.release("true")
    assert await patient.check(request(), key=KEY) == "spam"
    await patient.close()


async def test_at_most_fifty_calls_run_concurrently(akismet: AnAkismet, logged: list[Any]) -> None:
    client = Akismet(akismet.url, seconds=LONG)
    akismet.says = "hang"
    waiting = [asyncio.create_task(client.check(request(), key=KEY)) for _ in range(50)]
    await akismet.has_been_asked(50)
    assert await client.check(request(), key=KEY) is None
    assert [line["reason"] for line in logged] == ["too many concurrent calls"]
    akismet.release("false")
    assert await asyncio.gather(*waiting) == ["ham"] * 50
    assert await client.check(request(), key=KEY) == "ham"
    assert len(akismet.asked) == 51
    await client.close()


async def test_the_key_is_not_sent_to_an_untrusted_certificate(tmp_path: Path, logged: list[Any]) -> None:
    async with an_akismet(certificate=a_certificate(tmp_path)) as stranger:
        client = Akismet(stranger.url, seconds=LONG)
        assert await client.check(request(), key=KEY) is None
        await client.close()
    assert stranger.asked == []
    assert [line["reason"] for line in logged] == ["ConnectError"]


def a_certificate(folder: Path) -> SSLContext:
    """Return a self-signed certificate for this address."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    built = x509.CertificateBuilder(
        name, name, key.public_key(), 1, datetime(2020, 1, 1, tzinfo=UTC), datetime(2099, 1, 1, tzinfo=UTC)
    )
    address = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    signed = built.add_extension(address, critical=True).sign(key, hashes.SHA256())
    pem = signed.public_bytes(Encoding.PEM)
    pem += key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "stranger.pem").write_bytes(pem)
    context = SSLContext(PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "stranger.pem")
    return context


@pytest.mark.parametrize("answer", ["ham", "spam", "discard", None])
def test_an_answer_is_ignored_when_the_rule_is_off(answer: AkismetAnswer | None) -> None:
    assert screen_external_signals(ExternalSignals(None, answer), Rules()) == []


def test_a_post_from_before_the_rule_counts_as_without_answer() -> None:
    assert screen_external_signals(ExternalSignals(), Rules(akismet="spam")) == [
        Finding(Rule.ON_AKISMET_FAILURE, "hold")
    ]
    assert screen_external_signals(ExternalSignals(), Rules(akismet="spam", on_akismet_failure="publish")) == []
