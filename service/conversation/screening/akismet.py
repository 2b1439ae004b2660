"""HTTP client for Akismet: check a comment, and report its mistakes.

Follows https://akismet.com/developers/detailed-docs/comment-check/ and the pages on ``submit-spam`` and ``submit-ham``
(API 1.1). ``outbound/remote_client.py`` bounds the calls. The log never has the key or any part of the comment.
"""

from datetime import datetime
from typing import Literal

import httpx2
import msgspec

from service.conversation.screening.external_rules import AkismetAnswer
from service.platform.outbound.remote_client import (
    MAX_CONCURRENCY,
    TIMEOUT_SECONDS,
    NoAnswer,
    RemoteClient,
    RemoteResponse,
)

Submission = Literal["accepted", "refused"]


class AkismetRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A comment to check or to report. ``blog`` is the site's front page, ``permalink`` the article's URL.

    ``honeypot`` is the value of the form's hidden field; None if the comment did not come from the form. A report has
    no ``address``, ``user_agent`` or ``referrer``, because they are not stored.
    """

    blog: str
    locale: str
    address: str | None
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


class Akismet:
    """A client of the Akismet at ``url``, one per process.

    The operator sets ``url``, so its address may be private, and a proxy of the environment is used.
    """

    def __init__(self, url: str, *, seconds: float = TIMEOUT_SECONDS) -> None:
        self._url = f"{url.rstrip('/')}/1.1"
        limits = httpx2.Limits(max_connections=MAX_CONCURRENCY, max_keepalive_connections=MAX_CONCURRENCY)
        self._remote = RemoteClient("akismet", httpx2.AsyncClient(limits=limits, timeout=None), seconds=seconds)

    async def check(self, request: AkismetRequest, *, key: str) -> AkismetAnswer | None:
        """Check a comment with the site's ``key``; None without a usable answer in time."""
        return await self._remote.post(f"{self._url}/comment-check", _read_check, form=_fields(request, key))

    async def submit(self, request: AkismetRequest, *, key: str, spam: bool) -> Submission | None:
        """Report a comment that Akismet took for the opposite; None without an answer: try again later."""
        path = "submit-spam" if spam else "submit-ham"
        return await self._remote.post(f"{self._url}/{path}", _read_submission, form=_fields(request, key))

    async def close(self) -> None:
        """Close the connections."""
        await self._remote.close()


def _read_check(response: RemoteResponse) -> AkismetAnswer:
    response.require_ok()
    text = response.body.strip()
    if text == b"invalid":
        raise NoAnswer("unknown key or front page", is_alive=True)
    if text not in {b"true", b"false"}:
        raise NoAnswer("unexpected response body")
    if text == b"false":
        return "ham"
    return "discard" if response.headers.get("x-akismet-pro-tip") == "discard" else "spam"


def _read_submission(response: RemoteResponse) -> Submission:
    """A request that Akismet rejects would be rejected again; a busy Akismet (429) would not."""
    if response.body.strip() == b"invalid" or (400 <= response.status < 500 and response.status != 429):
        return "refused"
    response.require_ok()
    return "accepted"


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
