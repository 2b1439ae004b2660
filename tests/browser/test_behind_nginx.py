"""The service below a sub-path of another site, behind a real nginx, over TCP and over a Unix socket."""

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import httpx2
import pytest
from playwright.async_api import Browser, expect

from service.app import App
from service.routes import OPEN_ROUTES, SITE, SITE_ROUTES
from tests.browser.a_browser import Visits
from tests.browser.a_nginx import nginx
from tests.builders import ASite, AThread, a_site, a_thread
from tests.postgres import free_port
from tests.promises.processes import PATIENT, Program, settings_of
from tests.reading.docs.documents import ROOT, blocks_of
from tests.reading.pages.html_forms import forms_in

pytestmark = pytest.mark.slow
FROM_A_REPORT = (ROOT / "tests/data/field/17-subpath-nginx.conf").read_text()
[IN_THE_GUIDE] = [
    code for code in blocks_of(ROOT / "service/reading/docs/guides/install.md", "nginx") if "/comments/" in code
]
UPSTREAM = "http://127.0.0.1:8000"
SOCKET = "/run/onereply/http.sock"
LOCATIONS = {
    "path removed": FROM_A_REPORT,
    "path sent": IN_THE_GUIDE,
    "unix socket": IN_THE_GUIDE.replace(UPSTREAM, f"http://unix:{SOCKET}"),
}
RUNNING = re.compile(r"running on (\S+)")
HOST_PAGE = """<!doctype html><html lang="en"><title>The Gazette</title><meta charset="utf-8">
<script type="module" src="/comments/embed.js"></script>
<comment-thread site="{site}" article="a"></comment-thread></html>"""


@dataclass
class Behind:
    """A site whose client calls the service through nginx; ``url`` is the base URL."""

    site: ASite
    thread: AThread
    url: str
    path_is_sent: bool

    @property
    def origin(self) -> str:
        return self.url.removesuffix("/comments")

    async def follow(self, url: str, sent: dict[str, str] | None = None) -> httpx2.Response:
        """Follow a link or send a form as a browser does."""
        method = "GET" if sent is None else "POST"
        return await self.site.client.request(method, f"{self.origin}{url}", data=sent, follow_redirects=True)


@pytest.fixture(params=LOCATIONS)
async def behind(app: App, database_url: str, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Behind]:
    """The service in a process of its own, behind nginx."""
    port, path = free_port(), tmp_path / "http.sock"
    place = ("--uds", str(path)) if request.param == "unix socket" else ("--port", str(port))
    locations = LOCATIONS[request.param].replace(UPSTREAM, f"http://127.0.0.1:{port}").replace(SOCKET, str(path))
    async with AsyncExitStack() as stack:
        site = await stack.enter_async_context(a_site(app))
        origin = stack.enter_context(nginx(locations, tmp_path, page=HOST_PAGE.format(site=site.slug)))
        settings = {"base_url": f"{origin}/comments", "trusted_proxies": "127.0.0.1"}
        program = await Program.begin((*PATIENT, "serve", *place), settings_of(database_url, settings), ready=RUNNING)
        stack.push_async_callback(program.stop)
        client = await stack.enter_async_context(httpx2.AsyncClient(base_url=f"{origin}/comments", timeout=60))
        behind = ASite(app, site.slug, site.keys, client)
        thread = await a_thread(behind, article="a")
        yield Behind(behind, thread, f"{origin}/comments", request.param != "path removed")
        assert program.complaints() == []


async def test_every_route_is_reached(behind: Behind) -> None:
    table = [(method, SITE + path) for method, path, *_ in SITE_ROUTES]
    table += [(method, path) for method, path, _ in OPEN_ROUTES]
    given = {"site": behind.site.slug, "article": "a", "guide": "install", "problem": "busy", "file": "page.css"}
    for method, path in table:
        filled = re.sub(r"\{(\w+)\}", lambda name: given.get(name[1], str(uuid4())), path.partition("?")[0])
        query = {"url": "https://gazette.example/a"} if "?url" in path else None
        headers = {"Authorization": "Bearer only for the scraper" if path == "/metrics" else ""}
        async with behind.site.client.stream(method, filled, params=query, headers=headers) as answer:
            assert answer.status_code < 500 and "x-request-id" in answer.headers, (method, path, answer)
    metrics = await behind.site.client.get("/metrics", headers={"Authorization": "Bearer only for the scraper"})
    reached = set(re.findall(r'onereply_requests_total\{method="(\w+)",route="([^"]+)"', metrics.text))
    assert {(method, path.partition("?")[0]) for method, path in table} - reached == set()


async def test_a_reader_posts_and_edits_with_plain_forms(behind: Behind) -> None:
    article = "https://gazette.example/a b" if behind.path_is_sent else "b"
    thread = await a_thread(behind.site, article=article)
    page = f"/comments/{behind.site.slug}/{thread.path.removeprefix('/threads/')}"
    posted = await send(behind, (await behind.follow(page)), "post", name="Ada", body="By a *form*.")
    assert "Your reply is published." in posted.text and str(posted.url).startswith(f"{behind.origin}{page}?")
    [comment] = await thread.pages()
    form = await behind.follow(f"/comments/{behind.site.slug}/comments/{comment['id']}?edit")
    edited = await send(behind, form, "edit", body="By a better form.")
    assert "By a better form." in edited.text
    assert [each.path for each in behind.site.client.cookies.jar] == [f"/comments/{behind.site.slug}/"]


async def send(behind: Behind, page: httpx2.Response, action: str, **values: str) -> httpx2.Response:
    """Fill in the form of ``page`` for ``action`` and send it."""
    [form] = [each for each in forms_in(page) if each.action == action]
    return await behind.follow(form.url, form.values | values)


async def test_next_and_location_lead_below_the_path(behind: Behind) -> None:
    posted = [await behind.thread.post(f"Comment {number}.") for number in range(2)]
    for each in posted:
        found = await behind.follow(each.headers["location"])
        assert found.json()["comment"]["id"] == each.json()["comment"]["id"]
    first = await behind.site.call("GET", f"{behind.thread.path}/comments", params={"limit": 1})
    following = str(first.url.join(first.links["next"]["url"]))
    assert following.startswith(f"{behind.url}/v1/")
    assert (await behind.site.client.get(following)).json()["comments"][0]["id"] == posted[1].json()["comment"]["id"]


async def test_readers_are_limited_by_their_own_address(behind: Behind) -> None:
    limit = {"request_limit_per_address": "1/hour"}
    assert (await behind.site.call("PATCH", "/settings", by="admin", json=limit)).status_code == 200
    statuses = []
    for address in ("127.0.0.1", "127.0.0.1", "127.0.0.2"):
        transport = httpx2.AsyncHTTPTransport(local_address=address)
        async with httpx2.AsyncClient(transport=transport) as reader:
            path = f"/v1/sites/{behind.site.slug}/threads/a"
            headers = {"X-Forwarded-For": "203.0.113.7"}
            statuses.append((await reader.get(f"{behind.url}{path}", headers=headers)).status_code)
    forwards_addresses = behind.path_is_sent
    assert statuses == [200, 429, 200 if forwards_addresses else 429]


async def test_the_embed_and_every_kind_of_page_work_in_a_browser(behind: Behind, browser: Browser) -> None:
    await behind.thread.post("From the start.")
    async with AsyncExitStack() as stack:
        visits = Visits(browser, stack, {behind.origin})
        page = await visits.begin()
        await page.goto(f"{behind.origin}/article.html")
        await expect(page.locator("li > article", has_text="From the start.")).to_be_visible()
        form = page.locator("section > form")
        await form.get_by_label("Name").fill("Ada")
        await form.get_by_label("Your reply").fill("From the embed.")
        await form.get_by_role("button", name="Post reply").click()
        await expect(page.locator("li.own > article", has_text="From the embed.")).to_be_visible()
        assert await page.locator("section.thread").evaluate("(each) => getComputedStyle(each).display") == "block"
        for path in ("/", f"/{behind.site.slug}/a", f"/{behind.site.slug}/a/embed", "/docs/guides/", "/problems/busy"):
            answer = await page.goto(f"{behind.url}{path}")
            assert answer and answer.ok
            styled = (
                "[...document.styleSheets].every((each) => each.cssRules.length > 0) && document.styleSheets.length"
            )
            assert await page.evaluate(styled) >= 1, path
        await page.goto(f"{behind.url}/docs")
        await expect(page.get_by_role("heading", name="One Reply").first).to_be_visible(timeout=30_000)
        await expect(page.get_by_text(behind.url).first).to_be_visible(timeout=30_000)
    assert visits.faults == []
