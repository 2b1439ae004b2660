"""HTTP client for Akismet's comment check.

Follows https://akismet.com/developers/detailed-docs/comment-check/ (API 1.1).

A call takes at most :data:`TIMEOUT_SECONDS` and never fails the post: every error counts as no answer. The log has the
reason, but never the key or any part of the comment.
"""

import asyncio
from datetime import datetime, timedelta
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx2
import msgspec
import structlog

from service.conversation.screening.external_rules import AkismetAnswer
from service.platform import clock

TIMEOUT_SECONDS = 2.0
MAX_CONCURRENCY = 50
MAX_RESPONSE_BYTES = 64 * 1024
FAILURES_BEFORE_PAUSE = 5  # in a row; then calls pause, so an outage does not cost every post two seconds
PAUSE = timedelta(seconds=30)

log = structlog.get_logger("onereply.akismet")


class AkismetRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A comment to check. ``blog`` is the site's front page, ``permalink`` the article's URL.

    ``honeypot`` is the value of the form's hidden field; None if the comment did not come from the form.
    """

    blog: str
    locale: str
    address: str
    user_agent: str
    referrer: str
    permalink: str | None
    is_reply: bool
    author_name: str
    author_email: str | None
    author_url: str | None
    body: str
    posted_at: datetime
    honeypot: str | None


class _NoAnswer(Exception):
    """Akismet gave no usable answer; ``reason`` goes to the log, ``is_alive`` is whether Akismet itself works."""

    def __init__(self, reason: str, *, is_alive: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.is_alive = is_alive


class Akismet:
    """A client of the Akismet at ``url``, one per process, with kept-alive connections."""

    def __init__(self, url: str, *, seconds: float = TIMEOUT_SECONDS) -> None:
        self._url = f"{url.rstrip('/')}/1.1/comment-check"
        self._seconds = seconds
        self._client = httpx2.AsyncClient(
            headers={"user-agent": "OneReply", "accept-encoding": "identity"},
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),  # no cookie links one site's posts to another's
            limits=httpx2.Limits(max_connections=MAX_CONCURRENCY, max_keepalive_connections=MAX_CONCURRENCY),
            follow_redirects=False,
            timeout=None,  # check() sets one timeout for the whole call
        )
        self._in_flight = 0
        self._failures = 0
        self._paused_until: datetime | None = None

    async def check(self, request: AkismetRequest, *, key: str) -> AkismetAnswer | None:
        """Check a comment with the site's ``key``; None without a usable answer in time."""
        if reason := self._reason_to_skip():
            log.warning("akismet-failed", reason=reason)
            return None
        self._in_flight += 1
        try:
            async with asyncio.timeout(self._seconds):
                answer = await self._send(_fields(request, key))
        except (_NoAnswer, httpx2.HTTPError, OSError) as error:
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

    async def _send(self, fields: dict[str, str]) -> AkismetAnswer:
        """Send the request and parse the response; raises :class:`_NoAnswer`."""
        async with self._client.stream("POST", self._url, data=fields) as response:
            if response.status_code != 200:
                status = response.status_code
                raise _NoAnswer(f"status {status}", is_alive=400 <= status < 500)
            text = await _read(response)
        if text == b"invalid":
            raise _NoAnswer("unknown key or front page", is_alive=True)
        if text not in {b"true", b"false"}:
            raise _NoAnswer("unexpected response body")
        if text == b"false":
            return "ham"
        return "discard" if response.headers.get("x-akismet-pro-tip") == "discard" else "spam"

    def _record_failure(self, error: Exception) -> None:
        """Log the failure and count it; a rejected key or request (4xx) does not count against Akismet."""
        reason = error.reason if isinstance(error, _NoAnswer) else type(error).__name__
        log.warning("akismet-failed", reason=reason)
        if isinstance(error, _NoAnswer) and error.is_alive:
            self._failures = 0
            return
        self._failures += 1
        if self._failures >= FAILURES_BEFORE_PAUSE:
            self._paused_until = clock.now() + PAUSE

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()


def _fields(request: AkismetRequest, key: str) -> dict[str, str]:
    """Build Akismet's form fields; unknown values are left out."""
    known = {
        "api_key": key,
        "blog": request.blog,
        "blog_lang": request.locale.lower().replace("-", "_"),
        "blog_charset": "UTF-8",
        "user_ip": request.address,
        "user_agent": request.user_agent,
        "referrer": request.referrer,
        "permalink": request.permalink,
        "comment_type": "reply" if request.is_reply else "comment",
        "comment_author": request.author_name,
        "comment_author_email": request.author_email,
        "comment_author_url": request.author_url,
        "comment_content": request.body,
        "comment_date_gmt": request.posted_at.isoformat(timespec="seconds"),
    }
    fields = {name: value for name, value in known.items() if value}
    if request.honeypot is not None:
        fields |= {"honeypot_field_name": "honeypot", "honeypot": request.honeypot}
    return fields


async def _read(response: httpx2.Response) -> bytes:
    """Read the raw response body, trimmed; raises :class:`_NoAnswer` past :data:`MAX_RESPONSE_BYTES` bytes."""
    text = b""
    async for chunk in response.aiter_raw():
        text += chunk
        if len(text) > MAX_RESPONSE_BYTES:
            raise _NoAnswer("response too long")
    return text.strip()
