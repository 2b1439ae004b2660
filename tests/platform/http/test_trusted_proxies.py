"""The client's address behind proxies, in every form in which proxies write addresses."""

from collections.abc import Sequence

import pytest
from starlette.types import Message, Receive, Scope, Send

from service.platform.http.trusted_proxies import TrustedProxies, parse_proxy

PROXY = "10.0.0.1"


async def seen_behind(
    proxies: Sequence[str],
    peer: str | None,
    *forwarded: str,
    proto: str = "",
    server: tuple[str, int | None] = ("x", 80),
) -> tuple[str | None, str]:
    """The client's address and the scheme that the app sees."""
    headers = [(b"x-forwarded-for", each.encode("latin-1")) for each in forwarded]
    headers += [(b"x-forwarded-proto", proto.encode())] if proto else []
    scope: Scope = {"type": "http", "scheme": "http", "headers": headers, "server": server}
    scope["client"] = (peer, 1234) if peer else None

    async def app(_scope: Scope, _receive: Receive, _send: Send) -> None: ...

    async def receive() -> Message:
        raise AssertionError

    async def send(_message: Message) -> None: ...

    await TrustedProxies(app, proxies)(scope, receive, send)
    return (scope["client"][0] if scope["client"] else None), scope["scheme"]


@pytest.mark.parametrize(
    ("proxy", "peer"),
    [
        (PROXY, PROXY),
        (PROXY, f"::ffff:{PROXY}"),  # the server listens on IPv6
        ("::ffff:10.0.0.1", PROXY),
        ("10.0.0.0/8", PROXY),
        ("10.1.2.3/8", PROXY),
        ("10.0.0.0/255.0.0.0", PROXY),
        ("[2001:db8::1]", "2001:db8::1"),
        ("[2001:db8::1]:8080", "2001:db8::1"),
        ("10.0.0.1:8080", PROXY),
        ("2001:DB8:0::1", "2001:db8::1"),
        ("2001:db8::/32", "2001:db8::1"),
        ("[2001:db8::]/32", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("fe80::1", "fe80::1%eth0"),
        ("fe80::%eth0/64", "fe80::1%eth1"),
    ],
)
async def test_a_proxy_is_known_by_every_form_of_its_address(proxy: str, peer: str) -> None:
    assert await seen_behind([proxy], peer, "192.0.2.7") == ("192.0.2.7", "http")
    assert (await seen_behind([proxy], "198.51.100.1", "192.0.2.7"))[0] == "198.51.100.1"


@pytest.mark.parametrize(
    "text", ["", "*", "proxy.example", "10.0.0.0/99", "10.0.0.0/", "[::1", "unix:/run/x.sock", "::1/a"]
)
def test_what_is_no_address_is_no_proxy(text: str) -> None:
    with pytest.raises(ValueError):
        parse_proxy(text)


@pytest.mark.parametrize(
    ("forwarded", "client"),
    [
        (["192.0.2.7"], "192.0.2.7"),
        (["192.0.2.7:50000"], "192.0.2.7"),
        (["2001:db8::7"], "2001:db8::7"),
        (["[2001:DB8::7]"], "2001:db8::7"),
        (["[2001:db8::7]:50000"], "2001:db8::7"),
        (['"[2001:db8::7]:50000"'], "2001:db8::7"),
        (["fe80::7%eth0"], "fe80::7"),
        (["fe80::7%25eth0"], "fe80::7"),
        (["::ffff:192.0.2.7"], "192.0.2.7"),
        (["203.0.113.9, 192.0.2.7"], "192.0.2.7"),  # the first is made up
        (["203.0.113.9, 192.0.2.7, 10.0.0.2"], "192.0.2.7"),
        (["203.0.113.9", "192.0.2.7", "10.0.0.2"], "192.0.2.7"),  # a proxy that adds a field of its own
        (["192.0.2.7,10.0.0.2:443 ,  10.0.0.3"], "192.0.2.7"),
        (["192.0.2.7, unix:"], "192.0.2.7"),
        (["192.0.2.7, unix:, 10.0.0.2"], "192.0.2.7"),
        (["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        (["unknown, 10.0.0.2"], "10.0.0.2"),
        (["192.0.2.7, unknown"], PROXY),  # the nearest proxy names nobody
        (["<script>"], PROXY),
        (["fe80::7%" + "x" * 1_000], PROXY),
        (["192.0.2.7, \xff"], PROXY),
        ([""], PROXY),
        (["192.0.2.7,"], "192.0.2.7"),
        (["192.0.2.7, , 10.0.0.2"], "192.0.2.7"),
        (["192.0.2.7", ""], "192.0.2.7"),
        (["192.0.2.7, _hidden"], PROXY),
        ([], PROXY),
    ],
)
async def test_the_client_is_the_last_address_that_is_not_a_proxys(forwarded: list[str], client: str) -> None:
    assert (await seen_behind(["10.0.0.0/8"], PROXY, *forwarded))[0] == client


async def test_a_long_chain_is_read_from_its_end_only() -> None:
    assert (await seen_behind(["10.0.0.0/8"], PROXY, "192.0.2.7," + "10.0.0.2," * 3_000 + "10.0.0.3"))[0] == "10.0.0.2"


@pytest.mark.parametrize("proxies", [[], ["unix:"], [PROXY]])
async def test_the_peer_on_a_unix_socket_is_a_proxy(proxies: list[str]) -> None:
    on_socket = ("/run/onereply/http.sock", None)
    assert await seen_behind(proxies, None, "192.0.2.7", proto="https", server=on_socket) == ("192.0.2.7", "https")
    assert (await seen_behind(proxies, None, server=on_socket))[0] is None
    # A connection over TCP whose peer has gone already is not one.
    assert (await seen_behind(proxies, None, "192.0.2.7", server=("127.0.0.1", 8000)))[0] is None


@pytest.mark.parametrize(
    ("proto", "scheme"),
    [("https", "https"), ("javascript", "http"), ("https, http", "https"), ("HTTPS", "https"), ("http,https", "http")],
)
async def test_the_scheme_comes_from_a_trusted_proxy_only(proto: str, scheme: str) -> None:
    assert (await seen_behind([PROXY], PROXY, proto=proto))[1] == scheme
    assert (await seen_behind([], PROXY, proto=proto))[1] == "http"
