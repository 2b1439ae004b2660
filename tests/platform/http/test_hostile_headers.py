"""No header makes the service fail, whatever hosts, addresses and origins it names."""

from collections.abc import AsyncIterator

import pytest

from service.app import App, create_app
from service.settings import Settings
from tests.builders import ASite, a_thread
from tests.conftest import SECRET_KEY
from tests.platform.http.by_hand import ask

ADDRESSES = [
    *(
        "fe80::1%eth0",
        "fe80::abcd%3",
        "2001:db8::1%eth0",
        "[fe80::1%eth0]:5555",
        "[fe80::1%eth0]",
        "::ffff:192.0.2.1%1",
    ),
    *("fe80::1%", "%eth0", "[", "]", "[]", "[]:80", "[::1", "::1]", "[::1]:x", "[::1]x", "[[::1]]", "::", ":", ":80"),
    *("192.0.2.1:5555", "192.0.2.1:", "192.0.2.1:x", "192.0.2.256", "1.2.3", "0x7f.1", "٣.٣.٣.٣", "²", "unknown", "_x"),
    *("", ",", ",,", "unix:", "unix:/run/x", "fe80::1%\xe9", "192.0.2.1, fe80::1%eth0", "1" * 5000, ":" * 5000),
]
ORIGINS = [
    *("http://[", "http://]", "http://[]", "http://[::1", "http://[::1%eth0]", "http://[fe80::1%25eth0]:80"),
    *(
        "http://a:99999",
        "http://a:b",
        "http://a:-1",
        "http://a:\xb2",
        "http://%",
        "http://%00",
        "http://a%2fb",
        "http://",
    ),
    *(
        "http://\xad",
        "http://.",
        "http://..",
        "http://a\xbd",
        "http://a b",
        "http://\xe9",
        "http:\\\\[",
        "//[",
        "[",
        "://",
    ),
    *("null", "", "*", "file://", "data:,", "http://xn--", "http://xn--\xe9", "http://1.2.3.4.5", "http://a@[", "\xff"),
]
HEADERS = ["Origin", "Referer", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP", "Forwarded"]


@pytest.fixture(scope="module")
async def behind_a_proxy(database_url: str) -> AsyncIterator[App]:
    """The app behind a proxy, at the address from which ``ask`` calls."""
    settings = Settings(
        secret_key=SECRET_KEY, database_url=database_url, sweep_seconds=3600, trusted_proxies="192.0.2.0/24"
    )
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        yield app


async def test_no_host_address_or_origin_in_a_header_is_an_error(site: ASite, behind_a_proxy: App) -> None:
    await site.set(cors_origins="https://gazette.example", request_limit_per_address="1000000/minute")
    await a_thread(site, article="a")
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    api = f"/v1/sites/{site.slug}/threads/a"
    requests: list[tuple[str, str, dict[str, str], bytes]] = [
        ("GET", api, {}, b""),
        ("OPTIONS", api, {"Access-Control-Request-Method": "GET"}, b""),
        ("POST", f"{api}/comments", {"Content-Type": "application/json"}, b'{"body": "x", "author": {"name": "Ada"}}'),
        ("GET", f"/{site.slug}/a", {"Accept": "text/html"}, b""),
        ("POST", f"/{site.slug}/a/comments", form, b"name=Ada&body=x"),
        ("GET", f"{api}/feed.atom", {}, b""),
        ("GET", "/nowhere", {"Accept": "text/html"}, b""),
    ]
    for value in (text.encode().decode("latin-1") for text in ADDRESSES + ORIGINS):
        for sent in ({"Host": value}, {"Host": "onereply.test"} | dict.fromkeys(HEADERS, value)):
            for method, path, usual, body in requests:
                answer = await ask(behind_a_proxy, method, path, headers=usual | sent, body=body)
                assert answer.status < 500, (method, path, sent, answer.body)


@pytest.mark.parametrize(
    ("forwarded", "alike"),
    [
        ("fe80::1%eth0", "fe80::1"),
        ("[2001:db8::1%eth0]:5555", "2001:db8::1"),
        ("::ffff:198.51.100.7", "198.51.100.7"),
        ("198.51.100.7:5555", "198.51.100.7"),
    ],
)
async def test_spellings_of_an_address_share_a_rate_limit(
    site: ASite, behind_a_proxy: App, forwarded: str, alike: str
) -> None:
    await site.set(request_limit_per_address="1/hour")
    path = f"/v1/sites/{site.slug}/counts?article=a"
    answers = [await ask(behind_a_proxy, "GET", path, headers={"X-Forwarded-For": each}) for each in (forwarded, alike)]
    assert [answer.status for answer in answers] == [200, 429]
