"""The cookies of the desk, which scripts can't read: the session, and the mark of a browser that signed in before.

In a frame of another origin, browsers send only cookies that say so (``SameSite=None; Partitioned``).
"""

from typing import Literal

from starlette.requests import Request
from starlette.responses import Response

from service.desk.frame.desk_page import desk_path
from service.platform.access.device_cookies import COOKIE as DEVICE_COOKIE
from service.platform.access.device_cookies import MAX_AGE_SECONDS
from service.platform.access.sessions import PREFIX, SESSION_LIFETIME, Session
from service.platform.http.app_state import gate_of
from service.platform.http.base_path import base_path_of
from service.platform.http.cookies import set_cookie
from service.platform.sites.site_lookup import Site
from service.reading.pages.desk_link import COOKIE as LINK_COOKIE

COOKIE = "onereply-desk"
KNOWN_BROWSER_COOKIE = "onereply-desk-browser"
ANY_MODERATOR = "desk"  # in place of an account's id


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
    path = f"{desk_path(request, site)}/"
    set_cookie(response, request, COOKIE, token, path=path, seconds=seconds, same_site=_same_site(request, site))
    pages = f"{base_path_of(request)}/{site.slug}/"
    set_cookie(response, request, LINK_COOKIE, "1" if token else "", path=pages, seconds=seconds)


def mark_browser(response: Response, request: Request, site: Site, session: Session) -> None:
    """Mark the browser as one that signed in: others' wrong passwords don't lock it out, and it may keep long forms."""
    path, devices = f"{desk_path(request, site)}/sign-in", gate_of(request).devices
    marks = {DEVICE_COOKIE: session.moderator_id, KNOWN_BROWSER_COOKIE: ANY_MODERATOR}
    for name, whose in marks.items():
        made = devices.make(site.id, whose)
        set_cookie(response, request, name, made, path=path, seconds=MAX_AGE_SECONDS, same_site="strict")


def is_known_browser(request: Request, site: Site) -> bool:
    """Whether a moderator of the site signed in with this browser before."""
    cookie = request.cookies.get(KNOWN_BROWSER_COOKIE, "")
    return bool(cookie) and gate_of(request).devices.read(site.id, ANY_MODERATOR, cookie) is not None


def _same_site(request: Request, site: Site) -> Literal["lax", "none"]:
    is_framed = request.headers.get("sec-fetch-dest") in {"iframe", "frame"}
    return "none" if is_framed and site.settings.desk_frame_origins else "lax"
