"""A host's pages with the embed, at an origin of their own, under the strictest policy."""

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

from tests.browser.app_server import serving
from tests.builders import REFERENCE_TITLE, AThread

ARTICLE = "<p>Delegations from thirty countries met in Moscow.</p>" * 3

STYLES = {
    "/host.css": """
:root { color-scheme: light dark }
body { max-width: 45rem; margin: auto; padding: 0 1rem; background: Canvas; color: CanvasText }
h1 { overflow-wrap: anywhere }
comment-thread:not(:defined) { display: block; min-height: 40rem }
""",
    # A theme that is dark by a class, without `color-scheme`, and spells its text in its own way.
    "/by-class.css": """
body { margin: auto; padding: 0 1rem; max-width: 45rem; background: #fff; color: #222 }
html.dark body { background: oklch(0.17 0.01 260); color: #eee }
html.dark a:not(.thread a) { color: #9cf }
html.fades body { transition: background-color .2s, color .2s }
""",
    "/spelled.css": """
body { letter-spacing: .3em; word-spacing: 1em; text-transform: uppercase; text-indent: 3em; font-style: italic;
  white-space: pre; text-align: right; text-shadow: 1px 1px red; font-variant: small-caps; line-height: .7;
  font-feature-settings: "smcp"; word-break: break-all; hyphens: auto; -webkit-text-fill-color: red }
""",
    "/wide.css": "body { max-width: none }",
    "/unanchored.css": "html { overflow-anchor: none }",  # as in browsers that do not know it
}

# Records layout shifts (Layout Instability, section 2) and the embed's events.
WATCH = """
  window.shifted = 0;
  window.embedEvents = [];
  new PerformanceObserver((list) => {
    for (const shift of list.getEntries()) if (!shift.hadRecentInput) window.shifted += shift.value;
  }).observe({ type: "layout-shift", buffered: true });
  for (const name of ["ready", "posted", "count", "sign-in", "token-rejected"]) {
    addEventListener(`onereply:${name}`, ({ detail }) => window.embedEvents.push([name, detail]));
  }
"""


@dataclass
class AHost:
    """Serves pages at ``origin``, which load only from ``service``."""

    service: str
    origin: str = ""
    pages: dict[str, str] = field(default_factory=dict)

    def write(
        self, *body: str, lang: str = "en", direction: str = "ltr", site: str | None = None, css: str = "/host.css"
    ) -> str:
        """Add a page with ``body``, styled by ``css``, and return its URL; its script tag names ``site``, if given."""
        path = f"/{len(self.pages)}"
        named = f' data-site="{site}"' if site else ""
        self.pages[path] = (
            f'<!doctype html><html lang="{lang}" dir="{direction}"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width">'
            f'<link rel="stylesheet" href="{css}">'
            f'<title>The Gazette</title><script type="module" src="{self.service}/embed.js"{named}></script></head>'
            f"<body><main><h1>{REFERENCE_TITLE}</h1>{''.join(body)}</main><footer>Imprint</footer></body></html>"
        )
        return self.origin + path

    async def answer(self, request: Request) -> Response:
        """Send the page at a path, under a policy that allows only the service."""
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
    """Run a host whose pages embed threads of ``service``."""
    host = AHost(service)
    async with serving(Starlette(routes=[Route("/{path:path}", host.answer)])) as port:
        host.origin = f"http://localhost:{port}"
        yield host


def the_embed(thread: AThread, *, content: str = "", **attributes: str) -> str:
    """Return the element that shows ``thread``."""
    given = {"site": thread.site.slug, "article": thread.article, **attributes}
    attributes_html = " ".join(f'{name}="{escape(value)}"' for name, value in given.items())
    return f"<comment-thread {attributes_html}>{content}</comment-thread>"


async def events_of(page: Page, name: str) -> list[Any]:
    """Return the details of the embed's events ``name``."""
    found: list[Any] = await page.evaluate("window.embedEvents")
    return [detail for each, detail in found if each == name]


async def shifted(page: Page) -> float:
    """Return the sum of the layout shifts that the reader did not cause."""
    moved: float = await page.evaluate("window.shifted")
    return moved
