"""The base URL of links is the setting or, without it, the request's scheme and host if they are valid in a link."""

from unittest.mock import Mock

import pytest
from starlette.requests import Request

from service.platform.access.platform_state import ServerState
from service.platform.http.app_state import ServiceApp
from service.platform.http.base_url import base_url_of
from service.platform.problems import InvalidHeader
from service.platform.storage.engine import Database


def origin_of(*hosts: str, scheme: str = "http", base_url: str | None = None) -> str:
    """The base URL for a request with these ``Host`` headers."""
    state = ServerState(database=Mock(spec=Database), base_url=base_url)
    app = ServiceApp(state, routes=[], exception_handlers={})
    headers = [(b"host", host.encode("latin-1")) for host in hosts]
    return base_url_of(Request({"type": "http", "app": app, "scheme": scheme, "path": "/", "headers": headers}))


@pytest.mark.parametrize(
    ("host", "scheme", "origin"),
    [
        ("comments.example", "https", "https://comments.example"),
        ("Comments.Example:8000", "http", "http://comments.example:8000"),
        ("127.0.0.1:8000", "http", "http://127.0.0.1:8000"),
        ("[2001:DB8::1]:8000", "https", "https://[2001:db8::1]:8000"),
        ("[::1]", "http", "http://[::1]"),
        ("xn--mnchen-3ya.example", "http", "http://xn--mnchen-3ya.example"),
    ],
)
def test_without_the_setting_the_base_url_comes_from_the_request(host: str, scheme: str, origin: str) -> None:
    assert origin_of(host, scheme=scheme) == origin


@pytest.mark.parametrize("hosts", [("comments.internal:8000",), ("a b",), ()])
def test_the_setting_is_the_base_url_for_every_request(hosts: tuple[str, ...]) -> None:
    assert origin_of(*hosts, base_url="https://comments.example") == "https://comments.example"


@pytest.mark.parametrize(
    "hosts",
    [
        (),
        ("",),
        ("comments.example", "comments.example"),
        ("comments.example/path",),
        ("user@comments.example",),
        ("comments.example:port",),
        ("comments.example:",),
        ("comments.example\t",),
        ("a b",),
        ('"><script>',),
        ("münchen.example",),
        ("[::1",),
        ("[fe80::1%25eth0]",),
        ("a" * 254,),
    ],
)
def test_a_host_that_is_invalid_in_a_link_is_refused(hosts: tuple[str, ...]) -> None:
    with pytest.raises(InvalidHeader) as refused:
        origin_of(*hosts)
    assert refused.value.members == {"header": "Host"}
