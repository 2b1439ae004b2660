"""Every readers' page in every state, requested once for all tests of pages.

A picture is the HTML that the service sent, so responses to forms are checked like pages.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from html import escape
from urllib.parse import quote

import httpx2
from playwright.async_api import Page, Route

from service.cli.demo_threads import load_demo
from tests.builders import ASite, AThread, a_comment, a_site, a_thread, decide
from tests.reading.pages.html_forms import forms_in

SCRIPT_TIMEOUT = 30_000  # milliseconds; Scalar is 4.9 MB of script
LONG_TITLE = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft " * 4
LONG_WORD = "x" * 95
WORDS = """Twelve minutes to the station instead of forty. **Finally**, and *quietly*.

> Will bicycles be allowed?
>
> > And dogs?

1. Outside rush hour, yes: <https://gazette.example/tram-rules>
2. ~~Never~~ on Sundays

- `tram --line 7`

```
a line of code that is much too long to stand on a telephone, and goes on, and on, and on, and on, and on, and on
```"""
LANGUAGES = ("ar", "de", "es", "fa", "fr", "he", "hi", "it", "ja", "ko", "nl", "pl", "pt", "ru", "tr", "uk", "zh")


@dataclass(frozen=True)
class Picture:
    """A page as it was sent from ``url``."""

    name: str
    url: str
    html: str
    headers: dict[str, str]

    async def show(self, page: Page) -> None:
        """Show it in a browser; a script renders ``/docs``, so wait for its heading."""

        async def answer(route: Route) -> None:
            await route.fulfill(body=self.html, headers=self.headers)

        url = self.url.partition("#")[0]
        await page.route(url, answer)
        await page.goto(url, timeout=SCRIPT_TIMEOUT)
        if url.endswith("/docs"):
            await page.locator("h1").first.wait_for(state="attached", timeout=SCRIPT_TIMEOUT)
        await page.unroute(url)


class Painter:
    """Visits pages as a reader in one language, and keeps them under names."""

    def __init__(self, client: httpx2.AsyncClient, site: ASite) -> None:
        self._client, self._site = client, site
        self.pictures: list[Picture] = []

    async def see(self, name: str, path: str) -> httpx2.Response:
        """Keep the page at ``path``."""
        answer = await self._client.get(path, follow_redirects=True)
        return self._keep(name, answer)

    async def send(self, name: str, path: str, headers: dict[str, str] | None = None, /, **typed: str) -> None:
        """Fill in the form of the page at ``path``, send it, and keep the response."""
        [form] = forms_in(await self._client.get(path, follow_redirects=True))
        await self.send_to(name, form.url, headers, **{**form.values, **typed})

    async def send_to(self, name: str, action: str, headers: dict[str, str] | None = None, /, **values: str) -> None:
        """Send ``values`` of a form that was opened before, and keep the response."""
        sent = {"Sec-Fetch-Site": "same-origin", **(headers or {})}
        self._keep(name, await self._client.post(action, data=values, headers=sent, follow_redirects=True))

    async def include(self, name: str, thread: AThread) -> None:
        """Keep a small host page that includes the thread."""
        fragment = await self._client.get(f"/v1/sites/{self._site.slug}{thread.path}/comments.html")
        head = '<meta charset="utf-8"><title>The Gazette</title><link rel="stylesheet" href="/static/thread.css">'
        main = f"<h1>{escape(thread.registered['title'])}</h1><p>The article.</p>{fragment.text}"
        html = f'<!doctype html><html lang="en"><head>{head}</head><body><main>{main}</main></body></html>'
        self.pictures.append(Picture(name, f"{self._client.base_url}/article", html, {"content-type": "text/html"}))

    def _keep(self, name: str, answer: httpx2.Response) -> httpx2.Response:
        assert answer.headers["content-type"] == "text/html; charset=utf-8", answer.text
        headers = {each: answer.headers[each] for each in ("content-type", "content-security-policy")}
        self.pictures.append(Picture(name, str(answer.url), answer.text, headers))
        return answer


@asynccontextmanager
async def _a_painter(site: ASite, origin: str, *, language: str = "en") -> AsyncIterator[Painter]:
    async with httpx2.AsyncClient(base_url=origin, headers={"Accept-Language": language}) as client:
        yield Painter(client, site)


async def paint(site: ASite, origin: str) -> list[Picture]:
    """Return all pictures."""
    pictures: list[Picture] = []
    async with _a_painter(site, origin) as painter:
        for part in (_threads, _forms, _answers, _troubles, _beside):
            await part(painter, site)
        pictures += painter.pictures
    everything = await _everything(site)
    for language in LANGUAGES:
        async with _a_painter(site, origin, language=language) as painter:
            await painter.see(f"language-{language}", f"/{site.slug}/{everything.article}")
            await painter.send(f"errors-in-{language}", f"/{site.slug}/{everything.article}", name="", body="")
            pictures += painter.pictures
    return pictures


async def _everything(site: ASite) -> AThread:
    """Create a thread with every kind of comment."""
    thread = await a_thread(site, url="https://gazette.example/moscow")
    first = (await a_comment(thread, WORDS, name="Tom Okafor", url="https://tom.example/"))["comment"]
    answer = (await a_comment(thread, "Thank you, Tom!", name="Mireille Dubois", below=first["id"]))["comment"]
    await a_comment(thread, "وهل ستصل إلى الميناء؟", name="محمود", below=answer["id"])
    removed = (await a_comment(thread, "Buy!", name="Bot", below=first["id"]))["comment"]
    below = (await a_comment(thread, LONG_WORD * 3, name=LONG_WORD, below=removed["id"]))["comment"]
    await decide(site, "reject", removed)
    for name in ("סבטלנה", "Łukasz", "李雷", "जया", "Ada"):
        below = (await a_comment(thread, f"{name}!", name=name, below=below["id"]))["comment"]
    host = {"body": "The timetable is below the article.", "author": {"name": "The editors"}}
    assert (await site.call("POST", f"{thread.path}/comments", by="host", json=host)).status_code == 201
    return thread


async def _threads(painter: Painter, site: ASite) -> None:
    def at(thread: AThread) -> str:
        return f"/{site.slug}/{quote(thread.article, safe='')}"

    everything = await _everything(site)
    await painter.see("open", at(everything))
    await painter.see("newest", f"{at(everything)}?order=newest")
    await painter.include("included", everything)
    await painter.see("with-the-embed", f"{at(everything)}/embed")
    await painter.see("empty", at(await a_thread(site)))
    await painter.see("long-title", at(await a_thread(site, title=LONG_TITLE[:300], article="a/b?c")))
    closed = await a_thread(site)
    await a_comment(closed, "Dialogue is a beginning.", name="Irina Sokolova")
    await closed.close(reason="After two weeks nobody answers any more.")
    await painter.see("closed", at(closed))
    await painter.include("closed-included", closed)
    await painter.see("closed-empty", at(await a_thread(site, closed=True)))
    await painter.see("off", at(await a_thread(site, comments_on=False)))
    long = await a_thread(site)
    for number in range(60):
        await a_comment(long, f"Number {number}.", name=f"Reader {number}")
    first = await painter.see("long", at(long))
    [cursor] = {part.partition('"')[0] for part in first.text.split('data-cursor="')[1:]}
    await painter.see("long-later", f"{at(long)}?cursor={quote(cursor)}")


async def _forms(painter: Painter, site: ASite) -> None:
    thread = await a_thread(site)
    page = f"/{site.slug}/{thread.article}"
    await painter.send("posted", page, name="Ada", body="It is tru.")
    [own] = await thread.pages()
    other = (await a_comment(thread, "The other one.", name="Grace"))["comment"]
    await painter.see("own", page)
    for action, target in (("reply", other), ("edit", own), ("report", other), ("delete", own)):
        await painter.see(f"form-{action}", f"{page}?{action}={target['id']}")
    await painter.send("edit-wrong", f"{page}?edit={own['id']}", body=" ")
    await painter.send("report-wrong", f"{page}?report={other['id']}", reason="", note="x" * 501)
    await painter.send("edited", f"{page}?edit={own['id']}", body="It is true.")
    await painter.send("reported", f"{page}?report={other['id']}", reason="spam")
    await painter.send("deleted", f"{page}?delete={own['id']}")
    await painter.send("posted-again", page, name="Ada", body="Rude.")
    [_, rude] = await thread.pages()
    await decide(site, "reject", rude, reason="abuse")
    await decide(site, "reject", other)
    await painter.see("own-decided", page)
    statement = f"/{site.slug}/comments/{rude['id']}/statement"
    await painter.see("statement", statement)
    await painter.send("statement-wrong", statement, note="x" * 301)
    await painter.send("appealed", statement, note="It is a quotation.")


async def _answers(painter: Painter, site: ASite) -> None:
    held = await a_thread(site, mode="hold")
    await painter.send("held", f"/{site.slug}/{held.article}", name="Ada", body="Patience.")
    thread = await a_thread(site)
    page = f"/{site.slug}/{thread.article}"
    other = (await a_comment(thread, "The other one.", name="Grace"))["comment"]
    for field, value in {"name": "", "email": "no address", "url": "javascript:alert(1)", "body": ""}.items():
        typed = {"name": "Ada", "body": "What was typed.\n\n</textarea><b>", field: value}
        await painter.send(f"wrong-{field}", page, **typed)
    await painter.send("review", page, {"Sec-Fetch-Site": "cross-site"}, name="Ada", body="From elsewhere.")
    typed = {"name": "Ada", "body": "My answer.", "parent": other["id"]}
    await decide(site, "reject", other)
    await painter.send_to("parent-unavailable", f"{page}/comments", **typed)
    await thread.close()
    await painter.send_to("just-closed", f"{page}/comments", name="Ada", body="Too late.\n\nA pity.")


async def _troubles(painter: Painter, site: ASite) -> None:
    await painter.see("missing", f"/{site.slug}/nothing")
    await painter.send_to("gone", f"/{site.slug}/nothing/comments", name="Ada", body="My words.\n\nAll of them.")
    await painter.see("cursor-wrong", f"/{site.slug}/nothing?cursor=x")
    async with a_site(site.app, request_limit_per_address="1/hour") as busy:
        article = (await a_thread(busy)).article
        await painter.send("too-many", f"/{busy.slug}/{article}", name="Ada", body="My words.\n\nAll of them.")
        await painter.see("too-many-again", f"/{busy.slug}/{article}")


async def _beside(painter: Painter, site: ASite) -> None:
    await painter.see("index-empty", "/")
    await load_demo(site.app.state.database)
    await painter.see("index", "/")
    await painter.see("reference", "/demo/moscow-conference")
    await painter.see("docs", "/docs")
    await painter.see("guides", "/docs/guides/")
    await painter.see("guide-install", "/docs/guides/install")
    await painter.see("guide-embed", "/docs/guides/embed")
    await painter.see("problem", "/problems/thread-closed")
