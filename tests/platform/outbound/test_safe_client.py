"""Outbound calls go only to public addresses, and to the address that was checked."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import httpcore2
import httpx2
import pytest
import uvloop
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from service.platform.outbound import safe_client as targets
from service.platform.outbound.safe_client import Address, TargetRefused, Targets, _CheckedBackend, is_public
from tests.samples import HAS_REAL, sample_cases

NAMES = {
    "hooks.example.com": ["93.184.215.14"],
    "xn--mnchen-3ya.example": ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"],
    "localhost": ["127.0.0.1"],
    "localtest.me": ["127.0.0.1"],
    "half.example": ["93.184.215.14", "10.0.0.1"],
}


async def resolve(host: str, port: int) -> Sequence[Address]:
    """A resolver that knows :data:`NAMES`."""
    if host not in NAMES:
        raise OSError("Name or service not known")
    return [ip_address(address) for address in NAMES[host]]


async def is_called(url: str, *, allow_private: bool = False) -> bool:
    """Whether ``url`` may be called, by its syntax and its addresses."""
    checked = Targets(allow_private=allow_private, resolve=resolve)
    try:
        checked.check(url)
        await checked.addresses(httpx2.URL(url).raw_host.decode(), 443)
    except (TargetRefused, OSError):
        return False
    return True


async def test_private_targets_are_refused_in_every_notation() -> None:
    cases = sample_cases("webhooks/target-urls.json")
    called = {case["url"] for case in cases if await is_called(case["url"])}
    assert called == {case["url"] for case in cases if case["expect"].startswith("allow")}
    assert len(called) == 5 + (5 if HAS_REAL else 0)


async def test_a_name_with_one_private_address_among_public_ones_is_refused() -> None:
    assert not await is_called("https://half.example/")


@pytest.mark.parametrize(
    "address",
    [
        "10.1.2.3",
        "100.64.0.1",
        "168.63.129.16",
        "169.254.169.254",
        "192.0.0.192",
        "192.88.99.1",
        "198.18.0.1",
        "203.0.113.9",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:10.0.0.1",
        "64:ff9b::a00:1",
        "64:ff9b:1::1",
        "2002:a9fe:a9fe::",
        "2001::1",
        "2001:db8::1",
        "3fff::1",
        "100::1",
        "5f00::1",
        "fe80::1",
        "fec0::1",
        "ff02::1",
    ],
)
def test_a_special_address_is_not_public(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize(
    "address",
    ["1.1.1.1", "100.128.0.1", "172.32.0.1", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::", "2620::1"],
)
def test_a_global_address_is_public(address: str) -> None:
    assert is_public(ip_address(address))


async def test_private_targets_are_allowed_by_the_setting_but_invalid_urls_are_not() -> None:
    for url in ("http://127.0.0.1/", "http://localhost:8000/", "http://[::1]/", "https://localtest.me/"):
        assert await is_called(url, allow_private=True)
    for url in ("gopher://127.0.0.1/", "http://user@127.0.0.1/", "http://0x7f.1/", "http://-a.example/", "http:///x"):
        assert not await is_called(url, allow_private=True)


async def test_a_request_to_a_refused_target_is_never_connected() -> None:
    async with Targets(allow_private=False, resolve=resolve).client(timeout_seconds=5) as client:
        for url in ("https://localtest.me/", "http://127.0.0.1:1/", "http://0x7f000001/"):
            with pytest.raises(TargetRefused):
                await client.get(url)


async def test_an_unknown_name_is_a_connect_error() -> None:
    async with Targets(allow_private=False, resolve=resolve).client(timeout_seconds=5) as client:
        with pytest.raises(httpx2.ConnectError):
            await client.get("https://nowhere.example/")


@asynccontextmanager
async def a_server(context: ssl.SSLContext | None = None) -> AsyncIterator[tuple[int, list[bytes]]]:
    """A server on a free port that redirects; yields the port and the requests."""
    sent: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sent.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context) as server:
        yield server.sockets[0].getsockname()[1], sent


async def resolve_here(host: str, port: int) -> Sequence[Address]:
    """Resolve any name to this machine; the first address does not answer."""
    return [ip_address("127.0.0.2"), ip_address("127.0.0.1")]


async def test_the_name_is_sent_and_redirects_are_not_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")  # nobody is there
    checked = Targets(allow_private=True, resolve=resolve_here)
    async with a_server() as (port, sent), checked.client(timeout_seconds=5) as client:
        answer = await client.get(f"http://gazette.example:{port}/keys")
    assert answer.status_code == 302
    assert len(sent) == 1 and f"host: gazette.example:{port}".encode() in sent[0].lower()


def test_a_connection_that_is_closed_immediately_is_a_connect_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where that is known before the request is sent, on the loop that the service runs on."""
    connect = _CheckedBackend._connect

    async def connect_slowly(
        backend: _CheckedBackend, addresses: Sequence[Address], port: int
    ) -> httpcore2.AsyncNetworkStream:
        stream = await connect(backend, addresses, port)
        assert await stream.read(1) == b""
        await stream.aclose()
        return stream

    async def call() -> None:
        async with await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            async with Targets(allow_private=True).client(timeout_seconds=5) as client:
                await client.get(f"http://127.0.0.1:{port}/")

    monkeypatch.setattr(_CheckedBackend, "_connect", connect_slowly)
    with pytest.raises(httpx2.ConnectError):
        uvloop.run(call())


async def test_the_certificate_must_match_the_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server_side, client_side = a_certificate_for("gazette.example", tmp_path)
    monkeypatch.setattr(targets, "_tls", lambda: client_side)
    checked = Targets(allow_private=True, resolve=resolve_here)
    async with a_server(server_side) as (port, sent), checked.client(timeout_seconds=5) as client:
        assert (await client.get(f"https://gazette.example:{port}/")).status_code == 302
        with pytest.raises(httpx2.ConnectError):
            await client.get(f"https://herald.example:{port}/")
    assert len(sent) == 1


def a_certificate_for(name: str, folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """The TLS contexts of a server with a certificate for ``name`` and of a client that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "certificate.pem"
    unencrypted = serialization.NoEncryption()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, unencrypted)
    file.write_bytes(pem + certificate.public_bytes(serialization.Encoding.PEM))
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_side.load_cert_chain(file)
    return server_side, ssl.create_default_context(cafile=str(file))
