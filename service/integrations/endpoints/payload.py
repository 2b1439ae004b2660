"""The body of a webhook: an event as the log gives it, with the members that Standard Webhooks names, and its site.

The same event gives the same bytes at every try, and never more than :data:`LONGEST`, which is what a receiver is
promised. What is too long is cut and the body says so: the whole comment is one call away.
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

# What is cut, in this order, until the rest fits. All other texts of an event together are shorter than LONGEST, so
# that no title and no URL is ever cut.
CUT_FIRST = (("comment", "html"), ("report", "note"), ("ban", "reason"), ("thread", "close_reason"))


class Message(msgspec.Struct, kw_only=True):
    """What is sent. ``timestamp`` is ``occurred_at`` by the name that the specification gives it.

    ``cut`` names the texts of ``data`` that are not whole, as ``comment.html``, and is left out where all are.
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


class TriedEndpoint(msgspec.Struct):
    """The endpoint that a test message goes to, as whoever receives it sees it."""

    id: UUID
    url: str
    description: str | None


class TrialMessage(msgspec.Struct, kw_only=True):
    """What is sent to try an endpoint; it is no event and stands in no log."""

    id: UUID
    type: str = TEST
    timestamp: datetime
    site: str
    data: dict[Literal["endpoint"], TriedEndpoint]


_encode = msgspec.json.Encoder().encode


def body_of(site_slug: str, event: Event) -> bytes:
    """The body that tells ``event`` of the site: JSON in UTF-8 of at most :data:`LONGEST` bytes.

    The usual event's data is passed on as it stands in the log, without being read.
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


def test_body(site_slug: str, message_id: UUID, *, at: datetime, endpoint: TriedEndpoint) -> bytes:
    """The body of a message that tries ``endpoint`` of the site at the instant ``at``."""
    return _encode(TrialMessage(id=message_id, timestamp=at, site=site_slug, data={"endpoint": endpoint}))


def _cut(message: Message) -> bytes:
    """The body of ``message``, which is too long, with as little cut as makes it fit."""
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
    """The longest beginning of ``text`` that takes no more than ``room`` in JSON, or only an ellipsis.

    HTML becomes one paragraph of its text, so no tag and no reference is cut in two.
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
    """The text of ``html``, with spaces where its blocks and lines part."""
    return " ".join(unescape(nh3.clean(_PARTING.sub(r" \g<0>", html), tags=set())).split())


def _beginning(text: str, length: int, *, is_html: bool) -> str:
    """``length`` characters of ``text`` and an ellipsis, between words where a space is not far."""
    begun = text[:length]
    if " " in begun[-LONGEST_WORD:] and length < len(text):
        begun = begun[: begun.rindex(" ")]
    cut = begun.rstrip() + ELLIPSIS
    return f"<p>{escape(cut, quote=False)}</p>" if is_html else cut


def _length(text: str) -> int:
    """The bytes of ``text`` in JSON, without its quotes."""
    return len(_encode(text)) - 2


_PARTING = re.compile(r"</?(?:blockquote|br|li|ol|p|pre|ul)\b")
