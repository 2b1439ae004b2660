"""Every error that a client can meet, as RFC 9457 problems.

    Problem
    ├── 400 MalformedJson, InvalidHeader, InvalidParameter, InvalidCursor
    ├── 401 Unauthenticated
    ├── 403 Forbidden, WrongSite
    ├── 404 NotFound
    ├── 405 MethodNotAllowed
    ├── 409 Conflict: ThreadClosed, CommentsOff, ParentGone, …      (beside the deeds that raise them)
    ├── 413 TooLarge    415 UnsupportedMediaType
    ├── 422 InvalidField, …
    ├── 500 InternalError
    └── 503 Busy

A deed raises the exception; the exception carries its own problem, so no table of them exists anywhere. ``type`` is
a URI relative to the service (``/problems/thread-closed``); it, ``status`` and the extension members are stable, the
sentences may be reworded.
"""

from typing import Any, ClassVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response

MEDIA_TYPE = "application/problem+json"


class Problem(Exception):
    """A request that can't be done, and what to tell about it.

    ``detail`` says what was wrong with this very request; ``members`` are extension members (RFC 9457, section 3.2).
    """

    status: ClassVar[int]
    slug: ClassVar[str]
    title: ClassVar[str]

    def __init__(self, detail: str | None = None, **members: Any) -> None:
        super().__init__(detail or self.title)
        self.detail = detail
        self.members = members
        self.headers: dict[str, str] = {}

    def content(self) -> dict[str, Any]:
        """The problem's members."""
        content: dict[str, Any] = {"type": f"/problems/{self.slug}", "title": self.title, "status": self.status}
        if self.detail:
            content["detail"] = self.detail
        return content | self.members

    def response(self) -> Response:
        """The problem as it goes over the wire."""
        headers = {"cache-control": "no-store", **self.headers}
        return Response(msgspec.json.encode(self.content()), self.status, headers, media_type=MEDIA_TYPE)


class MalformedJson(Problem):
    """The body is not JSON (RFC 8259), or not UTF-8."""

    status, slug, title = 400, "malformed-json", "The body is not valid JSON."


class InvalidHeader(Problem):
    """A header holds what it may not; ``header`` names it."""

    status, slug, title = 400, "invalid-header", "A header is not valid."


class InvalidParameter(Problem):
    """A query parameter or a part of the path holds what it may not; ``parameter`` names it."""

    status, slug, title = 400, "invalid-parameter", "A parameter is not valid."


class InvalidCursor(InvalidParameter):
    """A cursor that this service did not give, or gave for another list."""

    status, slug, title = 400, "invalid-cursor", "This cursor is not one of ours; begin again without it."


class Unauthenticated(Problem):
    """Nobody, or nobody known, asks where somebody known must (RFC 9110, section 15.5.2; RFC 6750, section 3)."""

    status, slug, title = 401, "unauthenticated", "This needs a valid key or token."

    def __init__(self, detail: str | None = None, *, given: bool = False) -> None:
        super().__init__(detail)
        self.headers["www-authenticate"] = 'Bearer realm="onereply"' + (', error="invalid_token"' if given else "")


class Forbidden(Problem):
    """Known, but not allowed (RFC 9110, section 15.5.4)."""

    status, slug, title = 403, "forbidden", "This key or token does not allow that."


class WrongSite(Problem):
    """A key of one site, used at another."""

    status, slug, title = 403, "wrong-site", "This key or token belongs to another site."


class NotFound(Problem):
    """Nothing is here, or nothing that the asker may know of."""

    status, slug, title = 404, "not-found", "There is nothing here."


class MethodNotAllowed(Problem):
    """This can't be done to that; ``Allow`` says what can."""

    status, slug, title = 405, "method-not-allowed", "This method is not for this resource."


class TooLarge(Problem):
    """The body is longer than the route allows."""

    status, slug, title = 413, "too-large", "The body is too large."


class UnsupportedMediaType(Problem):
    """The body is said to be something else than JSON."""

    status, slug, title = 415, "unsupported-media-type", "Send the body as application/json."


class InvalidField(Problem):
    """A member of the body does not fit; ``pointer`` is its JSON Pointer (RFC 6901)."""

    status, slug, title = 422, "invalid-field", "A field does not fit."

    def __init__(self, detail: str, *, pointer: str, **members: Any) -> None:
        super().__init__(detail, pointer=pointer, **members)


class InternalError(Problem):
    """What should not happen; the log has it under the request's id."""

    status, slug, title = 500, "internal-error", "Something went wrong on our side."


class Busy(Problem):
    """The service can't take this just now; trying again soon will do."""

    status, slug, title = 503, "busy", "The service is busy; try again in a moment."

    def __init__(self, detail: str | None = None, *, retry_after_seconds: int = 1) -> None:
        super().__init__(detail)
        self.headers["retry-after"] = str(retry_after_seconds)


class Unreachable(Busy):
    """The database does not answer; why is for the log and the command line, not for whoever asks."""

    def response(self) -> Response:
        """As :class:`Busy`, without the cause."""
        return Busy().response()


async def answer_problem(_request: Request, problem: Exception) -> Response:
    """The exception handler of the app for every :class:`Problem`."""
    assert isinstance(problem, Problem)
    return problem.response()
