"""The request log: one line per request, and a request id in the answer and in every log line."""

import logging
import re
import sys
import time
from io import StringIO
from typing import Literal, TextIO

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.platform import clock
from service.platform.http.problem_responses import problem_response
from service.platform.metrics import count_requests
from service.platform.problems import InternalError

log = structlog.get_logger("onereply.request")
VALID_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
# No response is run as something else than its Content-Type says (WHATWG Fetch).
_RECEIPT = re.compile(r"report_[\w-]{43}")  # the token of a report's receipt is a secret
NO_SNIFFING = (b"x-content-type-options", b"nosniff")


class RequestLog:
    """ASGI middleware that accepts or creates an ``X-Request-ID``, returns it, and logs one line per request."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = request_id_of(next((value for name, value in scope["headers"] if name == b"x-request-id"), None))
        structlog.contextvars.bind_contextvars(request_id=request_id.decode())
        started, status, answered = time.perf_counter(), 500, 0.0

        async def send_with_id(message: Message) -> None:
            nonlocal status, answered
            if message["type"] == "http.response.start":
                answered = time.perf_counter()
                status = message["status"]
                added = scope.get("extra_headers", ())
                own = [(b"x-request-id", request_id), NO_SNIFFING]
                message["headers"] = [*message["headers"], *own, *added]
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        except Exception as error:
            # Unexpected errors are logged in full with the request id and answered 500 without details.
            log.error("unexpected-error", exc_info=error)
            if not answered:
                await problem_response(InternalError(), scope)(scope, receive, send_with_id)
        finally:
            ended = time.perf_counter()
            stream_fields = {"stream_seconds": round(ended - started, 1)} if scope.get("measure_to_first_byte") else {}
            seconds = (answered if answered and stream_fields else ended) - started
            _count(scope, status, seconds)
            path = _RECEIPT.sub("report_…", scope["path"])
            fields = {"method": scope["method"], "path": path, "status": status, **stream_fields}
            if status == 503:
                fields["cause"] = scope.get("cause", "")
            log.info("request", **fields, ms=round(seconds * 1000, 1))
            structlog.contextvars.unbind_contextvars("request_id")


def request_id_of(given: bytes | None) -> bytes:
    """Return the client's ``X-Request-ID`` if it is valid, else a new one."""
    return given if given is not None and VALID_REQUEST_ID.fullmatch(given) else clock.new_hex_id().encode()


def _count(scope: Scope, status: int, seconds: float) -> None:
    """Count an answer. Unmatched paths share one label, so that clients can't fill the memory with paths."""
    route = scope.get("route_path", "none")
    method = scope["method"] if route != "none" else "any"
    count_requests(method, route, str(status), number=1, seconds=seconds)


def add_headers(scope: Scope, headers: list[tuple[bytes, bytes]]) -> None:
    """Add ``headers`` to the answer to this request, including an error answer."""
    scope.setdefault("extra_headers", []).extend(headers)


def measure_to_first_byte(scope: Scope) -> None:
    """Measure the time to the first byte only: the client decides how long a stream lasts."""
    scope["measure_to_first_byte"] = True


def set_up_log(*, style: Literal["console", "json"], level: str) -> None:
    """Log to standard error, for people or as JSON, including the log lines of libraries."""
    min_level = logging.getLevelNamesMapping()[level.upper()]
    console = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=_print_traceback)
    render: structlog.typing.Processor = structlog.processors.JSONRenderer() if style == "json" else console
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *([structlog.processors.format_exc_info] if style == "json" else [_escape_values]),
            render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(min_level),
        # One write per line: processes that share standard error would mix lines written in two.
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=max(min_level, logging.WARNING), handlers=[_Forward()], force=True)
    logging.getLogger("uvicorn.error").setLevel(min_level)


def _escape_values(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Escape what a terminal would obey: control characters, and those that reorder text."""
    return {name: value if name == "exc_info" else _escape(value) for name, value in event.items()}


def _escape(value: object) -> object:
    if isinstance(value, (bool, int, float)) or value is None:
        return value
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in str(value))


def _print_traceback(stream: TextIO, exc_info: structlog.typing.ExcInfo) -> None:
    """Print a traceback, whose messages may contain what a client sent."""
    plain = StringIO()
    structlog.dev.plain_traceback(plain, exc_info)
    stream.write("\n".join(str(_escape(line)) for line in plain.getvalue().split("\n")))


class _Forward(logging.Handler):
    """Passes log records of libraries to structlog."""

    def emit(self, record: logging.LogRecord) -> None:
        exception = record.exc_info if record.exc_info and record.exc_info[0] else None
        structlog.get_logger(record.name).log(record.levelno, record.getMessage(), exc_info=exception)
