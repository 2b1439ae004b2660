"""The base URL of absolute links to the service's own pages."""

from starlette.requests import Request

from service.platform.access.platform_state import ServerState
from service.platform.http.app_state import state_of
from service.platform.problems import InvalidHeader
from service.platform.text.web_urls import is_origin


def base_url_of(request: Request) -> str:
    """The base URL, such as ``https://comments.example``: the setting ``base_url``, else derived from ``request``.

    Derived, it is the scheme and ``Host`` (RFC 9110, section 7.2) in lower case, so that it can be part of a cache key.
    Raises :class:`InvalidHeader` unless there is exactly one host and it is valid in a link.
    """
    base_url = state_of(request, ServerState).base_url
    if base_url is not None:
        return base_url
    hosts = request.headers.getlist("host")
    origin = f"{request.scope['scheme']}://{hosts[0]}".lower() if len(hosts) == 1 else ""
    if not is_origin(origin):
        raise InvalidHeader("“Host” must name one host, such as “comments.example:8000”.", header="Host")
    return origin
