"""How pages of the desk are rendered: own templates above those of the readers' pages, and a strict policy."""

import gzip
from pathlib import Path
from typing import Any

from jinja2 import FileSystemLoader
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from service.desk.frame.desk_messages import desk_messages
from service.platform.http.base_path import base_path_of
from service.platform.http.conditional import accepts_gzip
from service.platform.http.raw_routes import path_parameter
from service.platform.languages.dates import format_datetime
from service.platform.languages.messages import catalogue, catalogue_for, format_number, locale_of_catalogue
from service.platform.problems import NotFound
from service.platform.sites.site_lookup import Site
from service.reading.pages.static_files import read_folder, send_shared
from service.reading.pages.templates_engine import ENVIRONMENT

_HERE = Path(__file__).parents[1]
_TEMPLATES = ENVIRONMENT.overlay(loader=FileSystemLoader(_HERE / "templates"))
_FILES = read_folder(_HERE / "static")
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
)  # the origins of the site's setting follow
_HEADERS = {
    "cache-control": "no-store",
    "referrer-policy": "same-origin",
    "vary": "Accept-Encoding, Accept-Language, Cookie, HX-Request",
}


def desk_page(
    request: Request, site: Site | None, template: str, *, locale: str, status: int = 200, **context: Any
) -> Response:
    """Render ``template`` with ``context`` as a page of the desk of ``site``, or a part of one.

    *Why compressed, unlike other private answers*: its only secrets are the CSRF tokens, which differ each time.
    """
    name = catalogue_for(locale)
    html = _TEMPLATES.get_template(template).render(
        lang=name,
        direction=locale_of_catalogue(name).text_direction,
        site=site,
        base_path=base_path_of(request),
        desk_path=desk_path(request, site) if site else "",
        t=desk_messages(locale),
        messages=catalogue(name),
        format_datetime=lambda instant: format_datetime(instant, locale=name),
        format_number=lambda number: format_number(name, number),
        **context,
    )
    framing = (site.settings.desk_frame_origins if site else None) or ""
    headers = {**_HEADERS, "content-language": locale, "content-security-policy": f"{_POLICY} {framing}".rstrip()}
    if not accepts_gzip(request.headers.get("accept-encoding", "")):
        return HTMLResponse(html, status, headers)
    return HTMLResponse(gzip.compress(html.encode(), 5, mtime=0), status, {**headers, "content-encoding": "gzip"})


def desk_path(request: Request, site: Site) -> str:
    """Return the path of the desk of ``site``, without a slash at its end."""
    return f"{base_path_of(request)}/desk/{site.slug}"


async def get_desk_file(request: Request) -> Response:
    """Send a script or style of the desk."""
    name = path_parameter(request, "file")
    if name not in _FILES:
        raise NotFound
    return await send_shared(request, _FILES[name])
