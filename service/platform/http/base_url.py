"""The origin under which readers reach the service: what links to its own pages begin with, where they are absolute."""

from starlette.requests import Request

from service.platform.problems import InvalidHeader
from service.platform.text.web_urls import is_origin


def base_url_of(request: Request) -> str:
    """Such as ``https://comments.example``: the setting ``base_url``, else what ``request`` names.

    That is its scheme and its ``Host`` (RFC 9110, section 7.2), in small letters, so that a kept answer that holds it
    can be told from those of other names. Raises :class:`InvalidHeader` where there is not exactly one host, or it is
    none that may stand in a link.
    """
    said: str | None = request.app.state.base_url
    if said is not None:
        return said
    hosts = request.headers.getlist("host")
    origin = f"{request.scope['scheme']}://{hosts[0]}".lower() if len(hosts) == 1 else ""
    if not is_origin(origin):
        raise InvalidHeader("It must name one host, such as “comments.example:8000”.", header="Host")
    return origin
