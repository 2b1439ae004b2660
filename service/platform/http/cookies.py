"""Cookies that scripts can't read (RFC 6265bis), and that are sent only over TLS where the service is served so."""

from typing import Literal
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from service.platform.access.platform_state import ServerState
from service.platform.http.app_state import state_of


def set_cookie(
    response: Response,
    request: Request,
    name: str,
    value: str,
    *,
    path: str,
    seconds: int,
    same_site: Literal["lax", "strict", "none"] = "lax",
) -> None:
    """Set the cookie ``name`` for ``path``, for so many seconds.

    With ``same_site`` ``none``, a page of another site can frame ours: the cookie belongs to that site's frames alone
    (*Cookies Having Independent Partitioned State*).
    """
    is_framed = same_site == "none"
    response.set_cookie(
        name,
        value,
        max_age=seconds,
        path=path,
        secure=is_framed or is_secure(request),
        httponly=True,
        samesite=same_site,
    )
    if is_framed:  # Starlette's argument needs Python 3.14
        cookie, written = response.raw_headers.pop()
        response.raw_headers.append((cookie, written + b"; Partitioned"))


def is_secure(request: Request) -> bool:
    """Whether browsers reach the service over TLS; it may end at a proxy."""
    schemes = {request.scope["scheme"], urlsplit(state_of(request, ServerState).base_url or "").scheme}
    return "https" in schemes
