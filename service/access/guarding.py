"""Between a route and its handler: the site is found, the caller told, and only who may gets through."""

from collections.abc import Awaitable, Callable

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from service.access.caller import Caller, Who, admit, identify
from service.access.keys import Keys
from service.readers.author_tokens import AuthorTokens
from service.sites.finding import Sites
from service.web.routing import Handler, path_parameter

SiteHandler = Callable[[Request, Caller], Awaitable[Response]]


class Doorkeeper(msgspec.Struct, frozen=True):
    """What it takes to know who asks; the app makes one and keeps it as ``app.state.doorkeeper``."""

    sites: Sites
    keys: Keys
    tokens: AuthorTokens


def guarded(handler: SiteHandler, who: Who) -> Handler:
    """``handler`` for those in ``who``; the path must have a ``{site}``."""

    async def guard(request: Request) -> Response:
        doorkeeper = doorkeeper_of(request)
        site = await doorkeeper.sites.find(path_parameter(request, "site"))
        caller = await identify(request, site, keys=doorkeeper.keys, tokens=doorkeeper.tokens)
        admit(caller, who)
        return await handler(request, caller)

    return guard


def doorkeeper_of(request: Request) -> Doorkeeper:
    """The app's doorkeeper."""
    doorkeeper = request.app.state.doorkeeper
    assert isinstance(doorkeeper, Doorkeeper)
    return doorkeeper
