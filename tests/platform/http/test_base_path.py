"""A service below a sub-path: whether the proxy removes the path or not, every link is below it."""

import re
from collections.abc import AsyncIterator
from urllib.parse import quote

import httpx2
import msgspec
import pytest

from service.app import create_app
from tests.builders import ASite, a_comment, a_site, a_thread, cheap_passwords, decide
from tests.conftest import an_installation
from tests.reading.pages.html_forms import forms_in

BASE = "/news/comments"
ORIGIN = "https://gazette.example"
ARTICLE = "https://gazette.example/a b"
LINK = re.compile(r"""\b(?:href|src|action)=["']?((?:https?:/)?/[^"'>\s]*)""")


@pytest.fixture(params=["", BASE], ids=["removed", "sent"])
async def below(database_url: str, request: pytest.FixtureRequest) -> AsyncIterator[ASite]:
    """A site of a service at :data:`BASE`, whose proxy removes the path or sends it."""
    settings = msgspec.structs.replace(an_installation(database_url), base_url=ORIGIN + BASE)
    app = create_app(settings, passwords=cheap_passwords())
    async with app.router.lifespan_context(app), a_site(app) as site:
        site.client.base_url = httpx2.URL(f"{ORIGIN}{request.param}")
        yield site


async def follow(site: ASite, url: str, sent: dict[str, str] | None = None) -> httpx2.Response:
    """Follow ``url``, which must be below the sub-path, as the proxy passes it on."""
    below = url.removeprefix(ORIGIN)
    assert below == BASE or below.startswith(f"{BASE}/"), url
    return await site.client.request("POST" if sent else "GET", below.removeprefix(BASE) or "/", data=sent)


async def test_every_link_of_every_page_leads_below_the_path(below: ASite) -> None:
    thread = await a_thread(below, article=ARTICLE, url="https://gazette.example/a")
    for number in range(60):
        comment = (await a_comment(thread, f"Comment {number}."))["comment"]
    page = f"/{below.slug}/{quote(ARTICLE, safe='')}"
    pages = ["/", "/docs", "/docs/guides/", "/docs/guides/install", "/problems/thread-closed", "/none", page]
    pages += [f"{page}/embed", f"{page}?reply={comment['id']}", f"{page}/comments/{comment['id']}?report"]
    pages += [f"/v1/sites/{below.slug}{thread.path}/{each}" for each in ("comments.html", "feed.atom")]
    links: set[str] = set()
    for each in pages:
        shown = await below.client.get(each)
        links |= {link.replace("&amp;", "&") for link in LINK.findall(shown.text)} - {thread.registered["url"]}
    internal = {link for link in links if link.startswith(("/", ORIGIN))}
    assert {f"{BASE}/static/thread.css", f"{BASE}/embed.js", f"{BASE}/docs/guides/embed", f"{BASE}/docs"} <= internal
    assert any("feed.atom" in link for link in internal) and any("cursor=" in link for link in internal)
    for link in internal:
        found = await follow(below, link)
        allowed = {200, 303} if not link.endswith("/comments") else {405}
        assert found.status_code in allowed, (link, found.status_code)


async def test_forms_redirects_and_the_cookie_are_below_the_path(below: ASite) -> None:
    thread = await a_thread(below, article=ARTICLE)
    page = f"{BASE}/{below.slug}/{quote(ARTICLE, safe='')}"
    [form] = forms_in(await follow(below, page))
    posted = await follow(below, form.url, form.values | {"name": "Ada", "body": "By a form."})
    [comment] = await thread.pages()
    assert posted.status_code == 303
    assert posted.headers["location"] == f"{page}?confirmation=posted&comment={comment['id']}#comment-{comment['id']}"
    assert f"Path={BASE}/{below.slug}/;" in posted.headers["set-cookie"]
    permalink = await follow(below, f"{BASE}/{below.slug}/comments/{comment['id']}?edit")
    assert permalink.headers["location"].startswith(f"{page}?edit=")


async def test_the_api_names_urls_below_the_path(below: ASite) -> None:
    thread = await a_thread(below)
    posted = await thread.post("Well said.")
    assert (await follow(below, posted.headers["location"])).json()["comment"]["id"] == posted.json()["comment"]["id"]
    missing = await below.call("GET", "/threads/none")
    assert missing.json()["type"] == f"{BASE}/problems/not-found"
    assert (await follow(below, missing.json()["type"])).status_code == 200
    assert (await below.client.get("/v1/none/none")).json()["type"] == f"{BASE}/problems/not-found"
    comment = posted.json()["comment"]
    [_, refused] = await decide(below, "publish", comment, comment | {"revision": 7})
    assert refused["problem"]["type"] == f"{BASE}/problems/revision-conflict"


async def test_the_contract_describes_the_service_below_the_path(below: ASite) -> None:
    contract = (await below.client.get("/openapi.json")).json()
    assert [server["url"] for server in contract["servers"]] == [BASE]
    types = contract["components"]["schemas"]["Problem"]["properties"]["type"]["enum"]
    assert all(each.startswith(f"{BASE}/problems/") for each in types)


async def test_a_path_that_only_begins_alike_is_not_below_it(below: ASite) -> None:
    for path in (f"{BASE}x/healthz", f"{BASE}{BASE}/healthz/none"):
        assert (await below.client.get(f"{ORIGIN}{path}")).status_code == 404
    assert (await below.client.get(f"{ORIGIN}{BASE}")).status_code == 200
