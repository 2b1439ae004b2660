"""Send one message to an endpoint and return its answer. It knows nothing of deliveries."""

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

SECONDS_IN_ALL = 15.0
ANSWER_BYTES = 64 * 1024
KEPT_BYTES = 1024
log = structlog.get_logger("onereply.webhooks")
_HEADERS = {
    "content-type": "application/json",
    "user-agent": "OneReply",
    "accept": "*/*",
    "accept-encoding": "identity",
}

AttemptError = Literal["timed-out", "address-refused", "tls-failed", "unreachable", "no-answer"]


class Answer(NamedTuple):
    """The result of an attempt: the ``status`` and the beginning of the body, or the ``error``."""

    tried_at: datetime
    duration_ms: int
    status: int | None
    error: AttemptError | None
    text: str | None
    retry_after: str | None


class AttemptSender:
    """Sends to one endpoint over its own connections, so no other endpoint waits for it."""

    def __init__(self, targets: Targets) -> None:
        self._client = targets.client(timeout_seconds=SECONDS_IN_ALL)
        self._client.cookies = CookieJar(DefaultCookiePolicy(allowed_domains=[]))

    async def send(self, url: str, body: bytes, headers: dict[str, str]) -> Answer:
        """POST ``body`` and return the answer; failures are returned as its ``error``, never raised."""
        tried_at, began = clock.now(), time.perf_counter()
        status = text = retry_after = None
        error: AttemptError | None = None
        try:
            async with asyncio.timeout(SECONDS_IN_ALL):
                status, text, retry_after = await self._post(url, body, headers)
        except (TimeoutError, TargetRefused, httpx2.HTTPError) as problem:
            error = _word_of(problem)
        except Exception as problem:  # the attempt has failed; the others must continue
            log.error("sending-failed", exc_info=problem)
            error = "no-answer"
        return Answer(tried_at, round((time.perf_counter() - began) * 1000), status, error, text, retry_after)

    async def _post(self, url: str, body: bytes, headers: dict[str, str]) -> tuple[int, str, str | None]:
        """Return the status, the beginning of the body and Retry-After; reads little more than 64 KiB."""
        request = self._client.build_request("POST", url, content=body, headers=_HEADERS | headers)
        response = await self._client.send(request, stream=True)
        try:
            kept, length = b"", 0
            async for chunk in response.aiter_raw():
                kept, length = (kept + chunk)[:KEPT_BYTES], length + len(chunk)
                if length > ANSWER_BYTES:
                    break
        finally:
            await response.aclose()
        text = kept.decode(errors="replace").replace("\0", "\N{REPLACEMENT CHARACTER}")
        return response.status_code, text, response.headers.get("retry-after")

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()


def _word_of(problem: Exception) -> AttemptError:
    """Return the error word for ``problem``."""
    match problem:
        case TimeoutError() | httpx2.TimeoutException():
            return "timed-out"
        case TargetRefused():
            return "address-refused"
        case httpx2.ConnectError():
            return "tls-failed" if _is_of_tls(problem) else "unreachable"
        case _:
            return "no-answer"


def _is_of_tls(problem: BaseException | None) -> bool:
    """Whether a TLS failure caused ``problem``."""
    while problem is not None:
        if isinstance(problem, ssl.SSLError):
            return True
        problem = problem.__cause__ or problem.__context__
    return False
