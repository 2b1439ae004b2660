"""The app with its typed state, and the part of the state that a handler needs."""

from collections.abc import Mapping, Sequence
from typing import Any, Generic, TypeVar

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.requests import Request
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, ExceptionHandler, Lifespan

from service.platform.access.gate import Gate
from service.platform.access.platform_state import PlatformState, ServerState
from service.platform.storage.engine import Database

Part = TypeVar("Part", bound=ServerState)


class ServiceApp(Starlette, Generic[Part]):
    """An ASGI app with a typed ``state`` in place of Starlette's untyped one."""

    state: Part  # type: ignore[assignment]  # nothing in Starlette reads it

    def __init__(
        self,
        state: Part,
        *,
        routes: Sequence[BaseRoute],
        exception_handlers: Mapping[Any, ExceptionHandler],
        middleware: Sequence[Middleware] = (),
        lifespan: Lifespan["ServiceApp[Part]"] | None = None,
    ) -> None:
        super().__init__(routes=routes, middleware=middleware, exception_handlers=exception_handlers, lifespan=lifespan)
        self.state = state

    def build_middleware_stack(self) -> ASGIApp:
        """Stack the middleware without Starlette's own for unexpected errors: the request log answers those."""
        handlers = {key: value for key, value in self.exception_handlers.items() if key not in {500, Exception}}
        app: ASGIApp = ExceptionMiddleware(self.router, handlers=handlers)
        for middleware, arguments, keywords in reversed(self.user_middleware):
            app = middleware(app, *arguments, **keywords)
        return app


def state_of(request: Request, part: type[Part]) -> Part:
    """The state of the app that handles ``request``, as ``part``."""
    state = request.app.state
    assert isinstance(state, part)
    return state


def database_of(request: Request) -> Database:
    """The database of the app that handles ``request``."""
    return state_of(request, ServerState).database


def gate_of(request: Request) -> Gate:
    """The gate of the app that handles ``request``."""
    return state_of(request, PlatformState).gate
