"""Send one message to an endpoint and return the result. Independent of deliveries."""

import asyncio
import ssl
import time
from datetime import datetime
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Literal, NamedTuple

import httpx2
import structlog

from service.platform import clock
from service.platform.outbound.safe_client import TargetRefused, Targets

TIMEOUT_SECONDS = 15.0
MAX_RESPONSE_BYTES = 64 * 1024
MAX_STORED_BYTES = 1024
log = structlog.get_logger("onereply.webhooks")
_HEADERS = {
    "content-type": "application/json",
    "user-agent": "OneReply",
    "accept": "*/*",
    "accept-encoding": "identity",
}

AttemptError = Literal["timed-out", "address-refused", "tls-failed", "unreachable", "no-response"]


class AttemptResult(NamedTuple):
    """The result of an attempt: the ``status`` and the beginning of the body, or the ``error``."""

    attempted_at: datetime
    duration_ms: int
    status: int | None
    error: AttemptError | None
    response: str | None
    retry_after: str | None


class AttemptSender:
    """Sends to one endpoint over its own connections, so no other endpoint waits for it."""

    def __init__(self, targets: Targets) -> None:
        self._client = targets.client(timeout_seconds=TIMEOUT_SECONDS)
        self._client.cookies = CookieJar(DefaultCookiePolicy(allowed_domains=[]))

    async def send(self, url: str, body: bytes, headers: dict[str, str]) -> AttemptResult:
        """POST ``body`` and return the result; failures are returned as its ``error``, never raised."""
        attempted_at, started = clock.now(), time.perf_counter()
        status = text = retry_after = None
        error: AttemptError | None = None
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                status, text, retry_after = await self._post(url, body, headers)
        except (TimeoutError, TargetRefused, httpx2.HTTPError) as problem:
            error = _error_of(problem)
        except Exception as problem:  # the attempt has failed; the others must continue
            log.error("attempt-error", exc_info=problem)
            error = "no-response"
        return AttemptResult(
            attempted_at, round((time.perf_counter() - started) * 1000), status, error, text, retry_after
        )

    async def _post(self, url: str, body: bytes, headers: dict[str, str]) -> tuple[int, str, str | None]:
        """Return the status, the beginning of the body and Retry-After; reads little more than 64 KiB."""
        request = self._client.build_request("POST", url, content=body, headers=_HEADERS | headers)
        response = await self._client.send(request, stream=True)
        try:
            start, length = b"", 0
            async for chunk in response.aiter_raw():
                start, length = (start + chunk)[:MAX_STORED_BYTES], length + len(chunk)
                if length > MAX_RESPONSE_BYTES:
                    break
        finally:
            await response.aclose()
        text = start.decode(errors="replace").replace("\0", "\N{REPLACEMENT CHARACTER}")
        return response.status_code, text, response.headers.get("retry-after")

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()


def _error_of(problem: Exception) -> AttemptError:
    """Return the error word for ``problem``."""
    match problem:
        case TimeoutError() | httpx2.TimeoutException():
            return "timed-out"
        case TargetRefused():
            return "address-refused"
        case httpx2.ConnectError():
            return "tls-failed" if _is_tls_error(problem) else "unreachable"
        case _:
            return "no-response"


def _is_tls_error(problem: BaseException | None) -> bool:
    """Whether a TLS failure caused ``problem``."""
    while problem is not None:
        if isinstance(problem, ssl.SSLError):
            return True
        problem = problem.__cause__ or problem.__context__
    return False
