"""The body of a webhook: the event, its site and the members that Standard Webhooks requires.

Every attempt of an event has the same bytes, at most :data:`LONGEST` of them. Longer texts are shortened and
``cut`` names them; the receiver can get the whole comment from the API.
"""

import re
from datetime import datetime
from html import escape, unescape
from typing import Literal
from uuid import UUID

import msgspec
import nh3
from msgspec import UNSET, Raw, UnsetType

from service.platform.events.event_types import Event

LONGEST = 20_000
TEST = "endpoint.test"
ELLIPSIS = "…"
LONGEST_WORD = 40

# Texts to shorten, in this order, until the body fits. All other texts together are shorter than LONGEST, so titles
# and URLs are never shortened.
CUT_FIRST = (("comment", "html"), ("report", "note"), ("ban", "reason"), ("thread", "close_reason"))


class Message(msgspec.Struct, kw_only=True):
    """A webhook message; ``timestamp`` repeats ``occurred_at`` under the specification's name.

    ``cut`` names the shortened texts of ``data``, such as ``comment.html``; it is omitted if every text is whole.
    """

    id: UUID
    type: str
    timestamp: datetime
    site: str
    position: int
    sequence: int | None
    occurred_at: datetime
    cut: list[str] | UnsetType = UNSET
    data: Raw


class EndpointUnderTest(msgspec.Struct):
    """The endpoint that a test message goes to, as the receiver sees it."""

    id: UUID
    url: str
    description: str | None


class TrialMessage(msgspec.Struct, kw_only=True):
    """A test message; it is not an event and not in the log."""

    id: UUID
    type: str = TEST
    timestamp: datetime
    site: str
    data: dict[Literal["endpoint"], EndpointUnderTest]


_encode = msgspec.json.Encoder().encode


def body_of(site_slug: str, event: Event) -> bytes:
    """Return the webhook body of ``event``: JSON in UTF-8, at most :data:`LONGEST` bytes.

    Normally the event's data is copied from the log without being decoded.
    """
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
    return body if len(body) <= LONGEST else _cut(message)


def test_body(site_slug: str, message_id: UUID, *, at: datetime, endpoint: EndpointUnderTest) -> bytes:
    """Return the body of a test message to ``endpoint`` at the instant ``at``."""
    return _encode(TrialMessage(id=message_id, timestamp=at, site=site_slug, data={"endpoint": endpoint}))


def _cut(message: Message) -> bytes:
    """Return the body of ``message``, shortened as little as possible to fit."""
    data = msgspec.json.decode(message.data, type=dict[str, object])
    message.cut = []
    for noun, member in CUT_FIRST:
        held = data.get(noun)
        text = held.get(member) if isinstance(held, dict) else None
        if not isinstance(held, dict) or not isinstance(text, str):
            continue
        message.cut.append(f"{noun}.{member}")
        message.data = Raw(_encode(data))
        room = LONGEST - (len(_encode(message)) - _length(text))
        held[member] = _shortened(text, is_html=member == "html", room=room)
        message.data = Raw(_encode(data))
        if len(body := _encode(message)) <= LONGEST:
            return body
    return _encode(message)


def _shortened(text: str, *, is_html: bool, room: int) -> str:
    """Return the longest beginning of ``text`` that fits in ``room`` bytes of JSON, at least an ellipsis.

    HTML becomes one paragraph of plain text, so no tag or character reference is split.
    """
    words = bare_text(text) if is_html else text
    fits, too_long = 0, min(len(words), LONGEST) + 1  # no character is less than a byte
    while too_long - fits > 1:
        length = (fits + too_long) // 2
        if _length(_beginning(words, length, is_html=is_html)) <= room:
            fits = length
        else:
            too_long = length
    return _beginning(words, fits, is_html=is_html)


def bare_text(html: str) -> str:
    """Return the text of ``html``, with spaces between its blocks and lines."""
    return " ".join(unescape(nh3.clean(_PARTING.sub(r" \g<0>", html), tags=set())).split())


def _beginning(text: str, length: int, *, is_html: bool) -> str:
    """Return ``length`` characters of ``text`` and an ellipsis, cut between words if possible."""
    begun = text[:length]
    if " " in begun[-LONGEST_WORD:] and length < len(text):
        begun = begun[: begun.rindex(" ")]
    cut = begun.rstrip() + ELLIPSIS
    return f"<p>{escape(cut, quote=False)}</p>" if is_html else cut


def _length(text: str) -> int:
    """Return the length of ``text`` in JSON without its quotes, in bytes."""
    return len(_encode(text)) - 2


_PARTING = re.compile(r"</?(?:blockquote|br|li|ol|p|pre|ul)\b")
