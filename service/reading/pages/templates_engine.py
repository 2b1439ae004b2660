"""Page rendering: one template folder, escaped by default, with strict security headers."""

import asyncio
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from service.platform.http.conditional import entity_tag
from service.platform.languages.dates import format_datetime
from service.platform.languages.messages import FOLDER as CATALOGUES
from service.platform.languages.messages import catalogue, catalogue_for, locale_of_catalogue

FOLDER = Path(__file__).parent / "templates"
ENVIRONMENT = Environment(
    loader=FileSystemLoader(FOLDER), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)
STEP = 250  # pieces of a template; a comment has about 20
# Part of the entity tag: a release that changes a template or a translation invalidates cached pages.
TEMPLATES_VERSION = entity_tag(
    *(path.read_text() for folder in (FOLDER, CATALOGUES) for path in sorted(folder.iterdir()))
)
SAFE = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
    ),
    "referrer-policy": "strict-origin-when-cross-origin",
}
# Scalar inserts style elements, reads the contract and sends "try it" requests. No eval, no other host.
DOCS_POLICY = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; "
        "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    ),
}


def page(
    template: str,
    *,
    base_path: str,
    locale: str,
    status: int = 200,
    headers: dict[str, str] | None = None,
    **context: Any,
) -> HTMLResponse:
    """Render ``template`` in ``locale`` as a response; its links to the service begin with ``base_path``."""
    html = rendered(template, locale=locale, base_path=base_path, **context)
    return html_page(html, status=status, headers=headers)


async def rendered_in_steps(template: str, *, locale: str, **context: Any) -> str:
    """Render ``template`` as :func:`rendered` does, and let other requests go on after every :data:`STEP`.

    *Why*: a page of 200 comments takes 15 to 25 ms. Anybody can ask for another one each time, by its cursor.
    """
    pieces = []
    for piece in _pieces(template, locale=locale, **context):
        pieces.append(piece)
        if len(pieces) % STEP == 0:
            await asyncio.sleep(0)
    return "".join(pieces)


def rendered(template: str, *, locale: str, **context: Any) -> str:
    """Render ``template`` in ``locale``, which may have the region of its dates.

    It can use ``lang``, ``direction``, ``messages``, ``date_locale`` and ``format_datetime``.
    """
    return "".join(_pieces(template, locale=locale, **context))


def _pieces(template: str, *, locale: str, **context: Any) -> Iterator[str]:
    name = catalogue_for(locale)
    return ENVIRONMENT.get_template(template).generate(
        lang=name,
        direction=locale_of_catalogue(name).text_direction,
        messages=catalogue(name)["page"],
        date_locale=locale,
        format_datetime=partial(format_datetime, locale=locale),
        **context,
    )


def html_page(html: str, *, status: int = 200, headers: dict[str, str] | None = None) -> HTMLResponse:
    """Return ``html`` with the security headers."""
    return HTMLResponse(html, status, {**SAFE, **(headers or {})})
