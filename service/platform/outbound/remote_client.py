"""Call a remote service while a reader waits: bounded in time, bytes and number, with a circuit breaker.

A call takes at most :data:`TIMEOUT_SECONDS` and never raises: every failure counts as no answer. The log has the
reason, but nothing of the request. At most :data:`MAX_CONCURRENCY` calls run at once; further ones get no answer. After
:data:`FAILURES_BEFORE_PAUSE` failures in a row, calls pause for :data:`PAUSE`, so an outage does not cost every post
two seconds. Then one call probes, and the others wait for its result.

*Why no library*: the breaker is a dozen lines, and must keep time by our clock and let a single call probe.
"""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import NamedTuple, TypeVar

import httpx2
import structlog

from service.platform import clock
from service.platform.outbound.safe_client import TargetRefused

TIMEOUT_SECONDS = 2.0
MAX_CONCURRENCY = 50
MAX_RESPONSE_BYTES = 64 * 1024
FAILURES_BEFORE_PAUSE = 5
PAUSE = timedelta(seconds=30)
HEADERS = {"user-agent": "OneReply", "accept-encoding": "identity"}

Answer = TypeVar("Answer")
log = structlog.get_logger("onereply.remote")


class NoAnswer(Exception):
    """The service gave no usable answer; ``reason`` goes to the log, ``is_alive`` is whether the service works."""

    def __init__(self, reason: str, *, is_alive: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.is_alive = is_alive


class RemoteResponse(NamedTuple):
    """The response of the service, with its whole body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def require_ok(self) -> None:
        """Raise :class:`NoAnswer` unless the status is 200; a redirect is not followed, so it is no answer either.

        A rejected request (4xx) shows that the service works.
        """
        if self.status != 200:
            raise NoAnswer(f"status {self.status}", is_alive=400 <= self.status < 500)


class RemoteClient:
    """Calls one service over ``client``, whose connections it keeps alive; log lines begin with ``name``."""

    def __init__(self, name: str, client: httpx2.AsyncClient, *, seconds: float = TIMEOUT_SECONDS) -> None:
        self._name = name
        self._client = client
        self._client.cookies = CookieJar(DefaultCookiePolicy(allowed_domains=[]))  # no cookie links two posts
        self._seconds = seconds
        self._in_flight = 0
        self._failures = 0
        self._paused_until: datetime | None = None

    async def post(
        self,
        url: str,
        read: Callable[[RemoteResponse], Answer],
        *,
        content: bytes | None = None,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer | None:
        """POST ``content`` or ``form`` and return what ``read`` makes of the response; None without a usable one.

        ``read`` raises :class:`NoAnswer` for an answer that it can't use.
        """
        if reason := self._reason_to_skip():
            self._log(reason)
            return None
        self._in_flight += 1
        try:
            async with asyncio.timeout(self._seconds):
                answer = read(await self._send(url, content, form, headers))
        except (NoAnswer, TargetRefused, httpx2.HTTPError, OSError) as error:
            self._record_failure(error)
            return None
        finally:
            self._in_flight -= 1
        self._failures = 0
        return answer

    def _reason_to_skip(self) -> str | None:
        if self._in_flight >= MAX_CONCURRENCY:
            return "too many concurrent calls"
        if self._failures < FAILURES_BEFORE_PAUSE:
            return None
        now = clock.now()
        if self._paused_until and now < self._paused_until:
            return "paused"
        self._paused_until = now + PAUSE  # this call is the probe; the others stay paused until it ends
        return None

    async def _send(
        self, url: str, content: bytes | None, form: Mapping[str, str] | None, headers: Mapping[str, str] | None
    ) -> RemoteResponse:
        request = self._client.build_request(
            "POST", url, content=content, data=form, headers={**HEADERS, **(headers or {})}
        )
        response = await self._client.send(request, stream=True, follow_redirects=False)
        try:
            body = b""
            async for chunk in response.aiter_raw():
                body += chunk
                if len(body) > MAX_RESPONSE_BYTES:
                    raise NoAnswer("response too long")
        finally:
            await response.aclose()
        return RemoteResponse(response.status_code, response.headers, body)

    def _record_failure(self, error: Exception) -> None:
        """Log the failure and count it, unless it shows that the service works."""
        self._log(error.reason if isinstance(error, NoAnswer) else type(error).__name__)
        if isinstance(error, NoAnswer) and error.is_alive:
            self._failures = 0
            return
        self._failures += 1
        if self._failures >= FAILURES_BEFORE_PAUSE:
            self._paused_until = clock.now() + PAUSE

    def _log(self, reason: str) -> None:
        log.warning(f"{self._name}-failed", reason=reason)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()
