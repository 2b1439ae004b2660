"""No posted, registered or imported text runs script in a browser, or leaves markup that could.

The checks use a list of what our pages contain, not a list of dangers: any other element, attribute, URL, id or name
fails. ``Visits`` records dialogs, errors and requests to other origins.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from urllib.parse import quote

import httpx2
import pytest
from playwright.async_api import Page, expect

from tests.browser.a_browser import Visits
from tests.browser.a_host_page import AHost, the_embed
from tests.browser.gallery import Picture
from tests.builders import ASite, AThread, Json, a_thread
from tests.contract.a_real_service import onereply
from tests.integrations.imports import exports
from tests.platform.http.naughty import MARKUP, naughty, scripts, some
from tests.reading.pages.html_forms import form_at

pytestmark = pytest.mark.slow
WALK = (Path(__file__).parent / "dom_checks.js").read_text()
NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
HTML = {"content-type": "text/html; charset=utf-8"}


def everything() -> list[str]:
    """Every hostile string."""
    return list(dict.fromkeys([*scripts(), *naughty()]))


def parts(items: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    """Yield ``items`` in parts of ``size``."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


async def walk(page: Page, origin: str) -> None:
    """Check the current page; fails on anything unknown. Forms may only be sent to ``origin``."""
    await page.evaluate("new Promise((done) => setTimeout(done))")  # what would run by itself has begun
    found = await page.evaluate(WALK, origin)
    assert not found, "\n".join(found).encode(errors="backslashreplace")  # half a character can't be reported


async def walk_included(page: Page, threads: Sequence[AThread], origin: str) -> None:
    """Check a host page without a policy that includes the threads."""

    async def fragment(thread: AThread) -> str:
        path = f"/v1/sites/{thread.site.slug}{thread.path}/comments.html"
        answer = await client.get(path, params={"limit": 200})
        assert answer.status_code == 200, answer.text
        return answer.text

    async with httpx2.AsyncClient(base_url=origin) as client:
        included = "".join(await asyncio.gather(*map(fragment, threads)))
    html = f'<!doctype html><html lang="en"><head><title>Host</title></head><body>{included}</body></html>'
    await Picture("host", f"{origin}/article", html, HTML).show(page)
    await walk(page, origin)


async def walk_pages(page: Page, paths: Sequence[str], origin: str) -> None:
    """Check pages of the service, twenty at a time, each in a frame."""
    for some_paths in parts(paths, 20):
        frames = "".join(f'<iframe src="{path}"></iframe>' for path in some_paths)
        html = f'<!doctype html><html lang="en"><head><title>Frames</title></head><body>{frames}</body></html>'
        await Picture("frames", f"{origin}/frames", html, HTML).show(page)
        await walk(page, origin)


async def all_of(items: Sequence[str], do: Callable[[str], Awaitable[int]]) -> list[int]:
    """Call ``do`` for each item, many at once, so that posts share transactions; returns the results."""
    statuses: list[int] = []
    for batch in parts(items, 50):
        statuses += await asyncio.gather(*map(do, batch))
    assert set(statuses) <= {200, 201, 400, 404, 413, 422}, statuses
    return statuses


@pytest.mark.parametrize(("field", "minimum"), [("body", 700), ("name", 700), ("url", 4), ("end of url", 190)])
async def test_no_script_in_a_post_runs(site: ASite, origin: str, visits: Visits, field: str, minimum: int) -> None:
    """As a comment, a name, or a website; at least ``minimum`` of the strings are accepted."""

    async def post(text: str) -> int:
        author: Json = {"name": "Ada"}
        if field == "name":
            author["name"] = text[:100]
        elif field != "body":
            author["url"] = text[:2000] if field == "url" else f"https://a.example/{text[:1900]}"
        body = text if field == "body" else "Well said."
        answer = await site.call("POST", f"{threads[-1].path}/comments", json={"body": body, "author": author})
        return answer.status_code

    page, threads, accepted = await visits.begin(), [], 0
    for batch in parts(everything(), 200):
        threads.append(await a_thread(site))
        accepted += (await all_of(batch, post)).count(201)
    assert accepted >= minimum
    await walk_included(page, threads, origin)
    await walk_pages(page, [f"/{site.slug}/{thread.article}" for thread in threads], origin)


async def test_no_script_runs_in_the_embed(site: ASite, origin: str, host: AHost, visits: Visits) -> None:
    """Neither in rendered comments, nor in live ones, nor in drafts."""
    strings = some(everything(), every=9)
    thread, page = await a_thread(site, title=MARKUP[0] + MARKUP[-2]), await visits.begin()
    form, link = page.locator("section > form"), page.get_by_role("link", name="More replies")

    async def post(text: str) -> int:
        author = {"name": text[:100].strip() or "Ada", "url": f"https://a.example/?{quote(text[:200], safe='')}"}
        body = {"body": text, "author": author}
        return (await site.call("POST", f"{thread.path}/comments", json=body)).status_code

    async def read(expected: int) -> None:
        await expect(page.locator(".comments > li")).to_have_count(min(expected, 50))
        for start in range(50, expected, 50):
            await link.click()
            await expect(page.locator(".comments > li")).to_have_count(min(expected, start + 50))
        await walk(page, origin)

    before = (await all_of(strings[::2], post)).count(201)
    async with page.expect_response("**/stream*"):
        await page.goto(host.write(the_embed(thread)))
    await read(before)
    came = (await all_of(strings[1::2], post)).count(201)
    await page.get_by_role("button", name=f"{came} new replies").click()
    await expect(page.locator(".comments > li")).to_have_count(before + came, timeout=30_000)
    await walk(page, origin)
    await thread.close(reason="".join(MARKUP)[:500])
    await expect(page.locator(".notice")).to_be_visible()
    await thread.reopen()
    await expect(form).to_be_visible()
    await page.route("**/comments", lambda _route: None)  # is never answered: what is typed stands there meanwhile
    await form.get_by_label("Name").fill("<img src=x onerror=alert(1)>")
    await form.get_by_label("Your reply").fill("\n".join(scripts())[:9000])
    await form.get_by_role("button").first.click()
    await expect(page.get_by_text("Sending…").first).to_be_visible()
    await walk(page, origin)


async def test_no_script_in_a_title_or_url_runs(site: ASite, origin: str, visits: Visits) -> None:
    threads: list[AThread] = []

    async def register(text: str) -> int:
        thread = AThread(site, f"article-{len(threads)}")
        threads.append(thread)
        for url in (text, f"https://a.example/{text}", None):
            body = {"title": text[:500], "url": url and url[:2000]}
            answer = await site.call("PUT", thread.path, by="host", json=body)
            if answer.status_code == 201:
                return 201
        threads.remove(thread)
        return answer.status_code

    strings = some(everything(), every=3)
    assert (await all_of(strings, register)).count(201) > len(strings) * 0.9
    page = await visits.begin()
    for batch in [threads[start : start + 100] for start in range(0, len(threads), 100)]:
        await walk_included(page, batch, origin)
    await walk_pages(page, [f"/{site.slug}/{thread.article}" for thread in threads[::3]], origin)


async def test_no_script_in_an_import_runs(
    site: ASite, database_url: str, origin: str, visits: Visits, tmp_path: Path
) -> None:
    def an_archive(strings: Sequence[str]) -> str:
        texts = [NOT_XML.sub("", text).replace("]]>", "]]]]><![CDATA[>") for text in strings]
        comments = [
            exports.a_comment(str(number), author=text, author_url=text, content=text)
            for number, text in enumerate(texts, start=1)
        ]
        return exports.an_item(*comments, title=texts[0], link=None, post_id=str(hash(texts[0])))

    items = [an_archive(strings) for strings in parts(everything(), 40)]
    archive = tmp_path / "wordpress.xml"
    archive.write_bytes(exports.an_export(*items).read())
    await asyncio.to_thread(onereply, database_url, "import", "wordpress", str(archive), "--site", site.slug)
    found = (await site.call("GET", "/threads?limit=200", by="host")).json()["threads"]
    threads = [AThread(site, thread["article"]) for thread in found]
    assert sum(thread["reply_count"] for thread in found) > 600
    page = await visits.begin()
    await walk_included(page, threads, origin)
    await walk_pages(page, [f"/{site.slug}/{thread.article}" for thread in threads], origin)


async def test_no_script_in_a_returned_form_runs(site: ASite, origin: str, visits: Visits) -> None:
    thread, page = await a_thread(site), await visits.begin()
    form = await form_at(site, f"/{thread.article}")
    for text in some(scripts(), every=12):
        values = {**form.values, **dict.fromkeys(("name", "email", "url", "body", "parent"), text)}
        sent = {"Sec-Fetch-Site": "cross-site"}
        answer = await site.client.post(form.url, data=values, headers=sent)
        await Picture("given back", f"{origin}{form.url}", answer.text, HTML).show(page)
        assert await page.locator("textarea[name=body]").input_value() == text.replace("\r\n", "\n").replace("\r", "\n")
        await walk(page, origin)


async def test_no_script_in_a_url_runs(site: ASite, origin: str, visits: Visits) -> None:
    thread = await a_thread(site)
    queries = ("confirmation={}&reply={}&order={}", "cursor={}", "edit={}&comment={}")
    texts = [quote(text, safe="") for text in some(scripts(), every=6)]
    known = [f"/{site.slug}/{thread.article}?{query.replace('{}', text)}" for text in texts for query in queries[:1]]
    missing = [f"/{site.slug}/{text}?{query.replace('{}', text)}" for text in texts for query in queries[1:]]
    await walk_pages(await visits.begin(), [*known, *missing], origin)
