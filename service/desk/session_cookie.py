"""The cookie of a moderator's session. It is for the site's desk alone, and scripts can't read it."""

from starlette.requests import Request
from starlette.responses import Response

from service.desk.desk_page import desk_path
from service.platform.access.sessions import PREFIX, SESSION_LIFETIME
from service.platform.http.base_path import base_path_of
from service.platform.http.cookies import set_cookie
from service.platform.sites.site_lookup import Site
from service.reading.pages.desk_link import COOKIE as LINK_COOKIE

COOKIE = "onereply-desk"


def read_session_token(request: Request) -> str | None:
    """Return the session's token in the cookie; None if there is none. It may have expired."""
    token = request.cookies.get(COOKIE, "")
    return token if token.startswith(PREFIX) and token.isascii() else None


def set_session_cookie(response: Response, request: Request, site: Site, token: str) -> None:
    """Set the cookie for the desk of ``site``."""
    _set(response, request, site, token, seconds=int(SESSION_LIFETIME.total_seconds()))


def clear_session_cookie(response: Response, request: Request, site: Site) -> None:
    """Delete the cookie."""
    _set(response, request, site, "", seconds=0)


def _set(response: Response, request: Request, site: Site, token: str, *, seconds: int) -> None:
    """Set the cookie, and another one, without authority, for which the site's pages link to the desk."""
    set_cookie(response, request, COOKIE, token, path=f"{desk_path(request, site)}/", seconds=seconds)
    pages = f"{base_path_of(request)}/{site.slug}/"
    set_cookie(response, request, LINK_COOKIE, "1" if token else "", path=pages, seconds=seconds)
