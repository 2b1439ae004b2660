"""A host's pages, at an origin of their own and under as strict a policy as a host can have, with the embed in them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from html import escape
from typing import Any

from playwright.async_api import Page
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from tests.browser.serving import serving
from tests.builders import REFERENCE_TITLE, AThread

ARTICLE = "<p>Delegations from thirty countries met in Moscow.</p>" * 3

STYLES = {
    "/host.css": """
:root { color-scheme: light dark }
body { max-width: 45rem; margin: auto; padding: 0 1rem; background: Canvas; color: CanvasText }
comment-thread:not(:defined) { display: block; min-height: 40rem }
""",
    "/wide.css": "body { max-width: none }",
    "/unanchored.css": "html { overflow-anchor: none }",  # as in browsers that do not know it
}

# What the page tells of itself: how far what stands in it was moved by what came (Layout Instability, section 2), and
# which events of the embed went by.
WATCH = """
  window.shifted = 0;
  window.heard = [];
  new PerformanceObserver((list) => {
    for (const shift of list.getEntries()) if (!shift.hadRecentInput) window.shifted += shift.value;
  }).observe({ type: "layout-shift", buffered: true });
  for (const name of ["ready", "posted", "count", "token-rejected"]) {
    addEventListener(`onereply:${name}`, ({ detail }) => window.heard.push([name, detail]));
  }
"""


@dataclass
class AHost:
    """Serves what is written, at ``origin``; its pages load nothing but from ``service``."""

    service: str
    origin: str = ""
    pages: dict[str, str] = field(default_factory=dict)

    def write(self, *body: str, lang: str = "en", direction: str = "ltr", site: str | None = None) -> str:
        """The address of a new page with ``body`` in it; its script tag names ``site``, if any."""
        path = f"/{len(self.pages)}"
        named = f' data-site="{site}"' if site else ""
        self.pages[path] = (
            f'<!doctype html><html lang="{lang}" dir="{direction}"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width">'
            '<link rel="stylesheet" href="/host.css">'
            f'<title>The Gazette</title><script type="module" src="{self.service}/embed.js"{named}></script></head>'
            f"<body><main><h1>{REFERENCE_TITLE}</h1>{''.join(body)}</main><footer>Imprint</footer></body></html>"
        )
        return self.origin + path

    async def answer(self, request: Request) -> Response:
        """The page at a path, under a policy that lets in the service and nothing else."""
        if request.url.path in STYLES:
            return Response(STYLES[request.url.path], media_type="text/css")
        policy = (
            f"default-src 'none'; script-src {self.service}; style-src 'self' {self.service}; "
            f"connect-src {self.service}; base-uri 'none'; form-action 'none'; "
            "require-trusted-types-for 'script'; trusted-types onereply"
        )
        page = self.pages.get(request.url.path)
        return HTMLResponse(page or "", 200 if page else 404, {"content-security-policy": policy})


@asynccontextmanager
async def a_host(service: str) -> AsyncIterator[AHost]:
    """A host whose pages embed threads of the service at that origin."""
    host = AHost(service)
    async with serving(Starlette(routes=[Route("/{path:path}", host.answer)])) as port:
        host.origin = f"http://localhost:{port}"
        yield host


def the_embed(thread: AThread, *, content: str = "", **attributes: str) -> str:
    """The element that shows ``thread``."""
    given = {"site": thread.site.slug, "article": thread.article, **attributes}
    told = " ".join(f'{name}="{escape(value)}"' for name, value in given.items())
    return f"<comment-thread {told}>{content}</comment-thread>"


async def heard(page: Page, name: str) -> list[Any]:
    """What the embed's events of that name told."""
    found: list[Any] = await page.evaluate("window.heard")
    return [detail for each, detail in found if each == name]


async def shifted(page: Page) -> float:
    """How far what stands in the page was moved by what came, without the reader's doing."""
    moved: float = await page.evaluate("window.shifted")
    return moved
