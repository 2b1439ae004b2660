"""The origin of a request: the client's address, its user agent, and the reader's language."""

from starlette.requests import Request

from service.platform.access.caller import Caller, PostOrigin
from service.platform.access.rate_limits import network_of
from service.platform.languages.dates import negotiate_dates
from service.platform.languages.messages import negotiate
from service.platform.text.ip_addresses import parse_address


def client_address(request: Request) -> str | None:
    """The client's full address in its usual form; None if the server does not know it (a Unix socket)."""
    host = request.client.host if request.client else ""
    return str(parse_address(host) or host) or None


def client_network(request: Request) -> str | None:
    """The client's address as rate limits count it, for IPv6 its /64; None if the server does not know it."""
    host = client_address(request)
    return network_of(host) if host else None


def origin_of(request: Request, caller: Caller) -> PostOrigin:
    """The origin of a post; without an address if it came with an API key, which posts for a reader."""
    headers = request.headers
    host = None if caller.role else client_address(request)
    return PostOrigin(host, headers.get("user-agent", ""), headers.get("referer", ""))


def locale_of(request: Request, caller: Caller) -> str:
    """The locale of the answer: the reader's (``Accept-Language``) if there is a catalogue for it, else the site's."""
    return negotiate(request.headers.get("accept-language"), site_locale=caller.site.locale)


def date_locale_of(request: Request, caller: Caller) -> str:
    """The locale of the dates of an answer: that of :func:`locale_of`, with the reader's or the site's region."""
    return negotiate_dates(request.headers.get("accept-language"), site_locale=caller.site.locale)
