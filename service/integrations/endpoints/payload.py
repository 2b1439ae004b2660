"""The body of a webhook: the event, its site and the members that Standard Webhooks requires.

A body has at most :data:`MAX_BODY_BYTES` bytes. Attempts of one event differ if a text was withheld in between
(``event_log/event_texts.py``). Longer texts are shortened and
``truncated`` names them; the receiver can get the whole comment from the API.
"""

import re
from datetime import datetime
from html import escape, unescape
from typing import Literal
from uuid import UUID

import msgspec
import nh3
from msgspec import UNSET, Raw, UnsetType

from service.integrations.event_log.wire import EventOut

MAX_BODY_BYTES = 20_000
TEST = "endpoint.test"
ELLIPSIS = "…"
MAX_WORD = 40

# Texts to shorten, in this order, until the body fits. All other texts together are shorter than the limit, so titles
# and URLs are never shortened.
TRUNCATE_ORDER = (("comment", "html"), ("report", "note"), ("ban", "reason"), ("thread", "close_reason"))


class Message(msgspec.Struct, kw_only=True):
    """A webhook message; ``timestamp`` repeats ``occurred_at`` under the specification's name.

    ``truncated`` names the shortened texts of ``data``, such as ``comment.html``; it is omitted if all are complete.
    """

    id: UUID
    type: str
    timestamp: datetime
    site: str
    position: int
    sequence: int | None
    occurred_at: datetime
    truncated: list[str] | UnsetType = UNSET
    data: Raw


class EndpointUnderTest(msgspec.Struct):
    """The endpoint that a test message goes to, as the receiver sees it."""

    id: UUID
    url: str
    description: str | None


class EndpointTestMessage(msgspec.Struct, kw_only=True):
    """A test message; it is not an event and not in the log."""

    id: UUID
    type: str = TEST
    timestamp: datetime
    site: str
    data: dict[Literal["endpoint"], EndpointUnderTest]


_encode = msgspec.json.Encoder().encode


def webhook_body(site_slug: str, event: EventOut) -> bytes:
    """Return the webhook body of ``event``: JSON in UTF-8, at most :data:`MAX_BODY_BYTES` bytes."""
    message = Message(
        id=event.id,
        type=event.type,
        timestamp=event.occurred_at,
        site=site_slug,
        position=event.position,
        sequence=event.sequence,
        occurred_at=event.occurred_at,
        data=event.data,
    )
    body = _encode(message)
    return body if len(body) <= MAX_BODY_BYTES else _truncate(message)


def test_body(site_slug: str, message_id: UUID, *, at: datetime, endpoint: EndpointUnderTest) -> bytes:
    """Return the body of a test message to ``endpoint`` at the instant ``at``."""
    return _encode(EndpointTestMessage(id=message_id, timestamp=at, site=site_slug, data={"endpoint": endpoint}))


def _truncate(message: Message) -> bytes:
    """Return the body of ``message``, shortened as little as possible to fit."""
    data = msgspec.json.decode(message.data, type=dict[str, object])
    message.truncated = []
    for noun, member in TRUNCATE_ORDER:
        subject = data.get(noun)
        text = subject.get(member) if isinstance(subject, dict) else None
        if not isinstance(subject, dict) or not isinstance(text, str):
            continue
        message.truncated.append(f"{noun}.{member}")
        message.data = Raw(_encode(data))
        max_bytes = MAX_BODY_BYTES - (len(_encode(message)) - _length(text))
        subject[member] = _truncate_text(text, is_html=member == "html", max_bytes=max_bytes)
        message.data = Raw(_encode(data))
        if len(body := _encode(message)) <= MAX_BODY_BYTES:
            return body
    return _encode(message)


def _truncate_text(text: str, *, is_html: bool, max_bytes: int) -> str:
    """Shorten ``text`` to at most ``max_bytes`` of JSON, or to an ellipsis alone.

    HTML becomes one paragraph of plain text, so no tag or character reference is split.
    """
    plain = html_to_text(text) if is_html else text
    fits, too_long = 0, min(len(plain), MAX_BODY_BYTES) + 1  # each character takes at least a byte
    while too_long - fits > 1:
        length = (fits + too_long) // 2
        if _length(_truncate_at(plain, length, is_html=is_html)) <= max_bytes:
            fits = length
        else:
            too_long = length
    return _truncate_at(plain, fits, is_html=is_html)


def html_to_text(html: str) -> str:
    """Return the text of ``html``, with spaces between its blocks and lines."""
    return " ".join(unescape(nh3.clean(_BLOCK_TAG.sub(r" \g<0>", html), tags=set())).split())


def _truncate_at(text: str, length: int, *, is_html: bool) -> str:
    """Return ``length`` characters of ``text`` and an ellipsis, without splitting a word of up to :data:`MAX_WORD`."""
    start = text[:length]
    if " " in start[-MAX_WORD:] and length < len(text):
        start = start[: start.rindex(" ")]
    truncated = start.rstrip() + ELLIPSIS
    return f"<p>{escape(truncated, quote=False)}</p>" if is_html else truncated


def _length(text: str) -> int:
    """Return the length of ``text`` in JSON without its quotes, in bytes."""
    return len(_encode(text)) - 2


_BLOCK_TAG = re.compile(r"</?(?:blockquote|br|li|ol|p|pre|ul)\b")
