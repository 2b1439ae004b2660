"""Pages of other origins may call a site from the browser only if the site lists their origin."""

import httpx2
import pytest

from tests.builders import ASite, a_thread

GAZETTE, EVIL = "https://gazette.example", "https://evil.example"


async def preflight(site: ASite, path: str, origin: str, method: str = "POST") -> httpx2.Response:
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "content-type",
    }
    return await site.call("OPTIONS", path, headers=headers)


async def test_a_listed_origin_may_preflight_and_call(site: ASite) -> None:
    await site.set(cors_origins=f"https://www.gazette.example {GAZETTE}")
    thread = await a_thread(site)
    asked = await preflight(site, f"{thread.path}/comments", GAZETTE)
    assert (asked.status_code, asked.headers["access-control-allow-origin"]) == (204, GAZETTE)
    assert asked.headers["access-control-allow-methods"] == "GET, HEAD, POST"
    assert "Idempotency-Key" in asked.headers["access-control-allow-headers"]
    answer = await site.call("GET", thread.path, headers={"Origin": GAZETTE})
    assert answer.headers["access-control-allow-origin"] == GAZETTE
    assert "ETag" in answer.headers["access-control-expose-headers"]
    assert "Origin" in answer.headers.get_list("vary", split_commas=True)


async def test_another_origin_is_not_allowed(site: ASite) -> None:
    await site.set(cors_origins=GAZETTE)
    thread = await a_thread(site)
    asked = await preflight(site, f"{thread.path}/comments", EVIL)
    answer = await site.call("GET", thread.path, headers={"Origin": EVIL})
    for each in (asked, answer):
        assert "access-control-allow-origin" not in each.headers
        assert "Origin" in each.headers.get_list("vary", split_commas=True), "a cache must not mix them up"


async def test_by_default_no_origin_is_allowed(site: ASite) -> None:
    thread = await a_thread(site)
    answer = await site.call("GET", thread.path, headers={"Origin": GAZETTE})
    assert not [name for name in answer.headers if name.startswith("access-control")]


async def test_a_site_may_allow_every_origin_but_never_credentials(site: ASite) -> None:
    await site.set(cors_origins="*")
    thread = await a_thread(site)
    for each in (
        await preflight(site, thread.path, EVIL, "GET"),
        await site.call("GET", thread.path, headers={"Origin": EVIL}),
    ):
        assert each.headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in each.headers


@pytest.mark.parametrize("path", ["/threads/none", "/threads?cursor=x", "/threads/a/comments?limit=x"])
async def test_a_page_can_read_a_problem(site: ASite, path: str) -> None:
    await site.set(cors_origins=GAZETTE)
    refused = await site.call("GET", path, headers={"Origin": GAZETTE})
    assert refused.status_code >= 400
    assert refused.headers["access-control-allow-origin"] == GAZETTE


async def test_options_without_a_preflight_header_is_not_allowed(site: ASite) -> None:
    refused = await site.call("OPTIONS", "/threads/a")
    assert (refused.status_code, refused.headers["allow"]) == (405, "DELETE, GET, HEAD, PUT")
    assert (await preflight(site, "/nothing", GAZETTE)).status_code == 404


async def test_an_origin_is_allowed_in_any_spelling_and_returned_as_sent(site: ASite) -> None:
    await site.set(cors_origins="https://gazette.example http://xn--e1afmkfd.xn--p1ai:8000")
    for origin in ("https://Gazette.example:443", "https://gazette.example.", "http://xn--e1afmkfd.xn--p1ai:8000"):
        answer = await site.call("GET", "/counts?article=a", headers={"Origin": origin})
        assert answer.headers["access-control-allow-origin"] == origin
    for origin in ("http://gazette.example", "https://gazette.example:444", "https://gazette.example/a", "null"):
        answer = await site.call("GET", "/counts?article=a", headers={"Origin": origin})
        assert "access-control-allow-origin" not in answer.headers
