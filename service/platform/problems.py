"""Every error that a client can meet, as RFC 9457 problems.

    Problem
    ├── 400 MalformedJson, InvalidHeader, InvalidParameter, InvalidCursor
    ├── 401 Unauthenticated: InvalidCredentials    (platform/access/log_in.py)
    ├── 403 Forbidden, WrongSite
    ├── 404 NotFound
    ├── 405 MethodNotAllowed
    ├── 408 RequestTimeout
    ├── 409 Conflict: ThreadClosed, CommentsOff, ParentUnavailable, …      (beside the deeds that raise them)
    ├── 413 ContentTooLarge    414 UriTooLong    415 UnsupportedMediaType
    ├── 422 InvalidField, …
    ├── 429 RateLimited    (platform/access/rate_limits.py)
    ├── 431 HeadersTooLarge
    ├── 500 InternalError
    └── 503 Busy

A deed raises the exception; the exception carries its own problem, so no table of them exists anywhere. ``type`` is
a URI relative to the service (``/problems/thread-closed``); it, ``status`` and the extension members are stable, the
sentences may be reworded. They are in the reader's language: the title of each type and what readers can mistype have
messages in the catalogues (``languages/``); what only a programmer can get wrong is told in English.
"""

from typing import Any, ClassVar

import msgspec

from service.platform.languages.messages import FALLBACK, sentence


class Said(msgspec.Struct, frozen=True):
    """A detail that the catalogues have in every language, by table and key, with the numbers it tells."""

    key: str
    numbers: dict[str, int] = {}
    table: str = "detail"

    def in_(self, locale: str) -> str:
        """The sentence in ``locale``."""
        return sentence(self.table, self.key, locale=locale, **self.numbers)


class Problem(Exception):
    """A request that can't be done, and what to tell about it.

    ``detail`` says what was wrong with this very request; ``members`` are extension members (RFC 9457, section 3.2).
    """

    status: ClassVar[int]
    slug: ClassVar[str]

    def __init__(self, detail: str | Said | None = None, **members: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.members = members
        self.headers: dict[str, str] = {}

    def __str__(self) -> str:
        content = self.content()
        return str(content.get("detail", content["title"]))

    def content(self, locale: str = FALLBACK) -> dict[str, Any]:
        """The problem's members, its sentences in ``locale``."""
        title = sentence("problem", self.slug, locale=locale)
        content: dict[str, Any] = {"type": f"/problems/{self.slug}", "title": title, "status": self.status}
        if self.detail:
            content["detail"] = self.detail if isinstance(self.detail, str) else self.detail.in_(locale)
        return content | self.members


class MalformedJson(Problem):
    """The body is not JSON (RFC 8259), or not UTF-8."""

    status, slug = 400, "malformed-json"


class InvalidHeader(Problem):
    """A header holds what it may not; ``header`` names it."""

    status, slug = 400, "invalid-header"


class InvalidParameter(Problem):
    """A query parameter or a part of the path holds what it may not; ``parameter`` names it."""

    status, slug = 400, "invalid-parameter"


class InvalidCursor(InvalidParameter):
    """A cursor that this service did not give, or gave for another list."""

    status, slug = 400, "invalid-cursor"


class Unauthenticated(Problem):
    """Nobody, or nobody known, asks where somebody known must (RFC 9110, section 15.5.2; RFC 6750, section 3)."""

    status, slug = 401, "unauthenticated"

    def __init__(self, detail: str | None = None, *, given: bool = False) -> None:
        super().__init__(detail)
        self.headers["www-authenticate"] = 'Bearer realm="onereply"' + (', error="invalid_token"' if given else "")


class Forbidden(Problem):
    """Known, but not allowed (RFC 9110, section 15.5.4)."""

    status, slug = 403, "forbidden"


class WrongSite(Problem):
    """A key of one site, used at another."""

    status, slug = 403, "wrong-site"


class NotFound(Problem):
    """Nothing is here, or nothing that the asker may know of."""

    status, slug = 404, "not-found"


class MethodNotAllowed(Problem):
    """This can't be done to that; ``Allow`` says what can."""

    status, slug = 405, "method-not-allowed"


class RequestTimeout(Problem):
    """The request did not arrive in the time it is given (RFC 9110, section 15.5.9)."""

    status, slug = 408, "request-timeout"


class ContentTooLarge(Problem):
    """The body is longer than the route allows."""

    status, slug = 413, "content-too-large"


class UriTooLong(Problem):
    """The request's target is longer than is taken anywhere here."""

    status, slug = 414, "uri-too-long"


class HeadersTooLarge(Problem):
    """The request's line and headers are longer than is taken anywhere here (RFC 6585, section 5)."""

    status, slug = 431, "headers-too-large"


class UnsupportedMediaType(Problem):
    """The body is said to be something else than JSON."""

    status, slug = 415, "unsupported-media-type"


class InvalidField(Problem):
    """A member of the body does not fit; ``pointer`` is its JSON Pointer (RFC 6901)."""

    status, slug = 422, "invalid-field"

    def __init__(self, detail: str | Said, *, pointer: str, **members: Any) -> None:
        super().__init__(detail, pointer=pointer, **members)


class InternalError(Problem):
    """What should not happen; the log has it under the request's id."""

    status, slug = 500, "internal-error"


class Busy(Problem):
    """The service can't do this just now; the same request may succeed in a moment.

    ``cause`` is for the log of requests, never for the client.
    """

    status, slug = 503, "busy"

    def __init__(self, detail: str | None = None, *, cause: str = "", retry_after_seconds: int = 1) -> None:
        super().__init__(detail)
        self.cause = cause or detail or ""
        self.headers["retry-after"] = str(retry_after_seconds)


class DatabaseUnavailable(Busy):
    """The database can't be reached, or can't do anything just now.

    Its message, for the log and the command line, names the cause; the response does not. One that is ``lasting``
    is of the database's own disk or files, which a look at the database need not show.
    """

    def __init__(self, cause: str, *, lasting: bool = False) -> None:
        super().__init__(cause=cause, retry_after_seconds=5)
        self.lasting = lasting

    def __str__(self) -> str:
        return self.cause
