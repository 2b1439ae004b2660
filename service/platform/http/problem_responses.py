"""Problems as HTTP responses (RFC 9457), in the client's language."""

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from service.platform.http.base_path import base_path_in
from service.platform.languages.messages import FALLBACK, negotiate
from service.platform.problems import Busy, Problem

MEDIA_TYPE = "application/problem+json"


def problem_response(problem: Problem, scope: Scope) -> Response:
    """Build the response for ``problem`` to the request in ``scope``."""
    locale = problem_locale(scope)
    headers = {"cache-control": "no-store", "content-language": locale, **problem.headers}
    content = msgspec.json.encode(problem.content(locale, base_path_in(scope)))
    return Response(content, problem.status, headers, media_type=MEDIA_TYPE)


async def answer_problem(request: Request, problem: Exception) -> Response:
    """The exception handler of the app for every :class:`Problem`."""
    assert isinstance(problem, Problem)
    log_cause(request.scope, problem)
    return problem_response(problem, request.scope)


def log_cause(scope: Scope, problem: Problem) -> None:
    """Add the cause of a 503 to the request's log line."""
    if isinstance(problem, Busy):
        scope["cause"] = problem.cause


def problem_locale(scope: Scope) -> str:
    """The language of a problem: the client's, else the site's (which authorization stores), else English."""
    accepted = next((value for name, value in scope["headers"] if name == b"accept-language"), b"")
    return negotiate(accepted.decode("latin-1"), site_locale=scope.get("site_locale", FALLBACK))


def raw_problem(problem: Problem, base_path: str) -> bytes:
    """The whole response with ``problem``, to a request that does not reach the app."""
    body = msgspec.json.encode(problem.content(base_path=base_path))
    headers = {"content-type": MEDIA_TYPE, "content-length": str(len(body)), **problem.headers}
    lines = [f"HTTP/1.1 {problem.status} {problem.slug}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "cache-control: no-store", "connection: close", "", ""]).encode() + body
