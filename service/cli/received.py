"""A received webhook: read from a file and summarised in one line."""

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec

from service.integrations.endpoints.payload import ELLIPSIS, bare_text
from service.platform.outbound.webhook_signatures import TIMESTAMP, SignatureMismatch, Signer

LONGEST_EXCERPT = 72


class Unreadable(ValueError):
    """The file is not an HTTP message; the message is one line that names the place."""


class Received(NamedTuple):
    """A message with its headers, whose names are in lower case."""

    headers: Mapping[str, str]
    body: bytes


class Author(msgspec.Struct):
    """The author of a comment."""

    name: str = ""


class EventSubject(msgspec.Struct):
    """The fields of an event's subject that the summary line shows."""

    article: str | None = None
    label: str | None = None
    author: Author | None = None
    html: str | None = None
    kind: str | None = None
    url: str | None = None
    reason: str | None = None
    note: str | None = None


class ReceivedEvent(msgspec.Struct):
    """The fields of a body that the summary line shows."""

    type: str = "no type"
    position: int | None = None
    sequence: int | None = None
    data: msgspec.Raw = msgspec.Raw(b"{}")


def read_saved(content: bytes, *, head: bytes | None = None) -> Received:
    """Parse a message saved as ``content``, with its headers first, or separately in ``head``.

    The request line may come first. Bytes beyond ``content-length`` are ignored. Raises :class:`Unreadable`.
    """
    body = content
    if head is None:
        parts = _BLANK_LINE.split(content.lstrip(b"\r\n"), maxsplit=1)
        if len(parts) == 1:
            raise Unreadable("No blank line parts its headers from its body. Are they in another file? Give --headers.")
        head, body = parts
    headers = dict(_fields(head.decode("latin-1")))
    length = headers.get("content-length", "")
    return Received(headers, body[: int(length)] if re.fullmatch("[0-9]{1,9}", length) else body)


def _fields(head: str) -> Iterator[tuple[str, str]]:
    for number, line in enumerate(head.splitlines(), 1):
        name, colon, value = line.partition(":")
        if colon and _NAME.fullmatch(name):
            yield name.lower(), value.strip()
        elif line.strip() and number > 1:
            raise Unreadable(f"Line {number} of its headers is none.")


def verified(signer: Signer, received: Received, *, now: datetime) -> Received:
    """Verify ``received`` and return it as it was signed; raises SignatureMismatch.

    Editors add a newline at the end of a file. If the signature matches only without it, the newline is removed.
    """
    try:
        signer.verify(received.headers, received.body, now=now)
    except SignatureMismatch:
        shorter = received._replace(body=received.body.removesuffix(b"\n").removesuffix(b"\r"))
        if shorter == received or "content-length" in received.headers:
            raise
        signer.verify(shorter.headers, shorter.body, now=now)
        return shorter
    return received


def sent_at(headers: Mapping[str, str]) -> datetime | None:
    """When the message was sent, according to its timestamp header; None if that is missing or invalid."""
    timestamp = headers.get(TIMESTAMP, "")
    return datetime.fromtimestamp(int(timestamp), UTC) if re.fullmatch("[0-9]{1,11}", timestamp) else None


def told_by(body: bytes) -> ReceivedEvent:
    """Parse ``body`` as one of our events; returns an empty event for anything else."""
    try:
        return msgspec.json.decode(body, type=ReceivedEvent)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ReceivedEvent()


def in_one_line(told: ReceivedEvent) -> str:
    """Summarise an event: its type, the article, the text, and its position and sequence."""
    data = _said(told.data)
    thread, comment = data.get("thread", EventSubject()), data.get("comment", EventSubject())
    told_alone = [data[noun] for noun in ("report", "ban", "endpoint") if noun in data]
    said = [told.type, thread.article, thread.label]
    said += [f"{comment.author.name}: {bare_text(comment.html or '')}"] if comment.author else []
    said += [" ".join(filter(None, (each.kind, each.url, each.reason, each.note))) for each in told_alone]
    said += [
        f"{name} {number}" for name, number in (("position", told.position), ("sequence", told.sequence)) if number
    ]
    return " · ".join(excerpt(each) for each in said if each)


def _said(data: msgspec.Raw) -> dict[str, EventSubject]:
    """The subjects in ``data``, by noun; members of another shape are skipped."""
    said: dict[str, EventSubject] = {}
    with suppress(msgspec.ValidationError):
        for noun, each in msgspec.json.decode(data, type=dict[str, msgspec.Raw]).items():
            with suppress(msgspec.ValidationError):
                said[noun] = msgspec.json.decode(each, type=EventSubject)
    return said


def excerpt(text: str) -> str:
    """Shorten ``text`` to one line that is safe to print in a terminal."""
    text = " ".join("".join(each if each.isprintable() else " " for each in text).split())
    return text if len(text) <= LONGEST_EXCERPT else text[: LONGEST_EXCERPT - 1].rstrip() + ELLIPSIS


_BLANK_LINE = re.compile(rb"\r?\n\r?\n")
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
