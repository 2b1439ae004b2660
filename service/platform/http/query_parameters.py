"""The query parameters that a route takes. Any other gets 400, so that it can't be a new spelling of the same page.

*Why pages ignore some.* Networks and newsletters add parameters to the links that readers share (``fbclid``,
``utm_source``). A reader who follows such a link must see the page. Pages for readers ignore them; the API does not.
"""

from collections.abc import Collection

from starlette.requests import Request
from starlette.responses import Response

from service.platform.http.raw_routes import Handler, query_of
from service.platform.problems import InvalidParameter

TRACKING = frozenset(
    {"dclid", "fbclid", "gad_source", "gbraid", "gclid", "igsh", "igshid", "li_fat_id", "mc_cid", "mc_eid", "msclkid"}
    | {"ttclid", "twclid", "wbraid", "yclid", "ysclid", "_ga", "_gl", "_hsenc", "_hsmi"}
)
TRACKING_PREFIXES = ("utm_", "mtm_", "pk_")


def require_known_parameters(request: Request, known: Collection[str], *, allow_tracking: bool = False) -> None:
    """Refuse query parameters that are not in ``known``; raises InvalidParameter."""
    for name in query_of(request):
        if name not in known and not (allow_tracking and is_tracking(name)):
            raise InvalidParameter(f"“{name[:100]}” is not a parameter of this route.", parameter=name[:100])


def is_tracking(name: str) -> bool:
    """Whether ``name`` is a well-known parameter of networks, newsletters and analytics."""
    return name.lower() in TRACKING or name.lower().startswith(TRACKING_PREFIXES)


def with_parameters(handler: Handler, known: Collection[str], *, allow_tracking: bool) -> Handler:
    """Wrap ``handler`` so that only requests with the parameters in ``known`` reach it."""

    async def check(request: Request) -> Response:
        require_known_parameters(request, known, allow_tracking=allow_tracking)
        return await handler(request)

    return check
