"""A service below a sub-path: with the base URL ``https://news.example/comments``, everything is below ``/comments``.

The path of a request begins with it, or the proxy has removed it; routes see the rest in both cases. Links get it back
from :func:`base_path_of`.
"""

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send


class BasePath:
    """ASGI middleware that removes ``path`` from the request's path and stores it as ``root_path``."""

    def __init__(self, app: ASGIApp, path: str) -> None:
        self._app, self._path = app, path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope["root_path"] = self._path
            scope["path"] = _below(scope["path"], self._path)
            if raw_path := scope.get("raw_path"):
                scope["raw_path"] = _below(raw_path.decode("latin-1"), self._path).encode("latin-1")
        await self._app(scope, receive, send)


def _below(path: str, base_path: str) -> str:
    """Return ``path`` without ``base_path``; unchanged if it does not begin with it."""
    rest = path.removeprefix(base_path)
    return (rest or "/") if rest != path and rest[:1] in {"", "/"} else path


def base_path_of(request: Request) -> str:
    """The path of the base URL, such as ``/comments``; empty for a host name of its own."""
    return base_path_in(request.scope)


def base_path_in(scope: Scope) -> str:
    """The same for the request in ``scope``."""
    path: str = scope.get("root_path", "")
    return path
