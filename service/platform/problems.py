"""Every error that a client can get, as RFC 9457 problems.

    Problem
    ├── 400 MalformedJson, InvalidHeader, InvalidParameter, InvalidCursor
    ├── 401 Unauthenticated: InvalidCredentials, SecondFactorRequired, …    (in the modules that raise them)
    ├── 403 Forbidden, WrongSite, SecondFactorMissing, OriginNotAllowed, …    (in the modules that raise them)
    ├── 404 NotFound
    ├── 405 MethodNotAllowed
    ├── 408 RequestTimeout
    ├── 409 Conflict: ThreadClosed, CommentsOff, ParentUnavailable, …      (in the modules that raise them)
    ├── 413 ContentTooLarge    414 UriTooLong    415 UnsupportedMediaType
    ├── 422 InvalidField, …
    ├── 429 RateLimited    (platform/access/rate_limits.py)
    ├── 431 HeadersTooLarge
    ├── 500 InternalError
    └── 503 Busy

Domain code raises the exception, and the exception carries its problem, so there is no central table of problems.
``type`` is a URI relative to the service (``/problems/thread-closed``). ``type``, ``status`` and the extension members
are stable; the sentences may change. The title of each type, and details about input that readers can mistype, are in
the reader's language and come from the catalogues (``languages/``). Details for programmers are in English.
"""

from typing import Any, ClassVar

import msgspec

from service.platform.languages.messages import (
    FALLBACK,
    catalogue,
    catalogue_for,
    choose_language,
    format_duration,
    sentence,
)


class Translated(msgspec.Struct, frozen=True):
    """A translated detail: its table and key in the catalogues, and the numbers in it."""

    key: str
    numbers: dict[str, int] = {}
    table: str = "detail"

    def in_(self, locale: str) -> str:
        """The message in ``locale``."""
        return sentence(self.table, self.key, locale=locale, **self.numbers)


class TextByLanguage(msgspec.Struct, frozen=True):
    """A detail in the words of the host, by language (BCP 47)."""

    texts: dict[str, str]

    def in_(self, locale: str) -> str:
        """The text for ``locale``."""
        return choose_language(self.texts, locale) or ""


class RetryIn(msgspec.Struct, frozen=True):
    """The detail that says in how many ``seconds`` a request over a limit may be sent again."""

    seconds: int

    def in_(self, locale: str) -> str:
        """The message in ``locale``: “in 40 seconds”."""
        when = format_duration(catalogue_for(locale), self.seconds)
        return catalogue(catalogue_for(locale))["detail"]["retry-in"].replace("{when}", when)


Detail = str | Translated | TextByLanguage | RetryIn


class Problem(Exception):
    """A request that failed, and the problem that describes it.

    ``detail`` describes this occurrence; ``members`` are extension members (RFC 9457, section 3.2).
    """

    status: ClassVar[int]
    slug: ClassVar[str]

    def __init__(self, detail: Detail | None = None, **members: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.members = members
        self.headers: dict[str, str] = {}

    def __str__(self) -> str:
        content = self.content()
        return str(content.get("detail", content["title"]))

    def content(self, locale: str = FALLBACK, base_path: str = "") -> dict[str, Any]:
        """The problem's members, with the sentences in ``locale``; the type is below ``base_path``."""
        title = sentence("problem", self.slug, locale=locale)
        type_ = f"{base_path}/problems/{self.slug}"
        content: dict[str, Any] = {"type": type_, "title": title, "status": self.status}
        if self.detail:
            content["detail"] = self.detail if isinstance(self.detail, str) else self.detail.in_(locale)
        return content | self.members


class MalformedJson(Problem):
    """The body is not JSON (RFC 8259) or not UTF-8."""

    status, slug = 400, "malformed-json"


class InvalidHeader(Problem):
    """A header has an invalid value; ``header`` names it."""

    status, slug = 400, "invalid-header"


class InvalidParameter(Problem):
    """A query parameter or path segment is invalid; ``parameter`` names it."""

    status, slug = 400, "invalid-parameter"


class InvalidCursor(InvalidParameter):
    """The cursor is invalid or belongs to another list."""

    status, slug = 400, "invalid-cursor"


class Unauthenticated(Problem):
    """Credentials are missing or invalid (RFC 9110, section 15.5.2; RFC 6750, section 3)."""

    status, slug = 401, "unauthenticated"

    def __init__(self, detail: Detail | None = None, *, given: bool = False) -> None:
        super().__init__(detail)
        self.headers["www-authenticate"] = 'Bearer realm="onereply"' + (', error="invalid_token"' if given else "")


class Forbidden(Problem):
    """The caller is known but not allowed (RFC 9110, section 15.5.4)."""

    status, slug = 403, "forbidden"


class WrongSite(Problem):
    """The key belongs to another site."""

    status, slug = 403, "wrong-site"


class NotFound(Problem):
    """The resource does not exist, or the caller may not know about it."""

    status, slug = 404, "not-found"


class MethodNotAllowed(Problem):
    """The resource does not support this method; ``Allow`` lists those it does."""

    status, slug = 405, "method-not-allowed"


class RequestTimeout(Problem):
    """The request did not arrive within the timeout (RFC 9110, section 15.5.9)."""

    status, slug = 408, "request-timeout"


class ContentTooLarge(Problem):
    """The body is longer than the route allows."""

    status, slug = 413, "content-too-large"


class UriTooLong(Problem):
    """The request target is longer than any route allows."""

    status, slug = 414, "uri-too-long"


class HeadersTooLarge(Problem):
    """The request line and headers exceed the limit (RFC 6585, section 5)."""

    status, slug = 431, "headers-too-large"


class UnsupportedMediaType(Problem):
    """The ``Content-Type`` of the body is not JSON."""

    status, slug = 415, "unsupported-media-type"


INVALID_FORMAT = "It has an invalid format; see /docs for the valid one."


class InvalidField(Problem):
    """A member of the body is invalid; ``pointer`` is its JSON Pointer (RFC 6901)."""

    status, slug = 422, "invalid-field"

    def __init__(self, detail: str | Translated, *, pointer: str, **members: Any) -> None:
        super().__init__(detail, pointer=pointer, **members)


def json_pointer(*keys: str) -> str:
    """Return the JSON Pointer of the member at ``keys`` (RFC 6901, section 3)."""
    return "".join("/" + key.replace("~", "~0").replace("/", "~1") for key in keys)


class InternalError(Problem):
    """An unexpected error; the log has the details under the request id."""

    status, slug = 500, "internal-error"


class Busy(Problem):
    """The service can't answer now; the same request may succeed in a moment.

    ``cause`` is for the request log, never for the client.
    """

    status, slug = 503, "busy"

    def __init__(self, detail: str | None = None, *, cause: str = "", retry_after_seconds: int = 1) -> None:
        super().__init__(detail)
        self.cause = cause or detail or ""
        self.headers["retry-after"] = str(retry_after_seconds)


class DatabaseUnavailable(Busy):
    """The database is unreachable or can't work now.

    Its message, for the log and the command line, names the cause; the response does not. If it is ``lasting``, the
    cause is the database's disk or files, and a health check may miss it.
    """

    def __init__(self, cause: str, *, lasting: bool = False) -> None:
        super().__init__(cause=cause, retry_after_seconds=5)
        self.lasting = lasting

    def __str__(self) -> str:
        return self.cause
