"""A received webhook: read from a file and summarised in one line."""

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec

from service.integrations.endpoints.payload import ELLIPSIS, html_to_text
from service.platform.outbound.webhook_signatures import TIMESTAMP, SignatureMismatch, Signer

MAX_EXCERPT = 72


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
            raise Unreadable(
                "No blank line separates headers and body. If the headers are in another file, give it with --headers."
            )
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
            raise Unreadable(f"Line {number} is not a header of the form “name: value”.")


def verify_message(signer: Signer, received: Received, *, now: datetime) -> Received:
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


def parse_event(body: bytes) -> ReceivedEvent:
    """Parse ``body`` as one of our events; returns an empty event for anything else."""
    try:
        return msgspec.json.decode(body, type=ReceivedEvent)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ReceivedEvent()


def summarise(event: ReceivedEvent) -> str:
    """Summarise an event: its type, the article, the text, and its position and sequence."""
    data = _subjects(event.data)
    thread, comment = data.get("thread", EventSubject()), data.get("comment", EventSubject())
    subjects = [data[noun] for noun in ("report", "ban", "endpoint", "article") if noun in data]
    parts = [event.type, thread.article, thread.label]
    parts += [f"{comment.author.name}: {html_to_text(comment.html or '')}"] if comment.author else []
    parts += [" ".join(filter(None, (each.kind, each.url, each.reason, each.note))) for each in subjects]
    parts += [
        f"{name} {number}" for name, number in (("position", event.position), ("sequence", event.sequence)) if number
    ]
    return " · ".join(excerpt(each) for each in parts if each)


def _subjects(data: msgspec.Raw) -> dict[str, EventSubject]:
    """The subjects in ``data``, by noun; members of another shape are skipped."""
    subjects: dict[str, EventSubject] = {}
    with suppress(msgspec.ValidationError):
        for noun, each in msgspec.json.decode(data, type=dict[str, msgspec.Raw]).items():
            with suppress(msgspec.ValidationError):
                subjects[noun] = msgspec.json.decode(each, type=EventSubject)
    return subjects


def excerpt(text: str) -> str:
    """Shorten ``text`` to one line that is safe to print in a terminal."""
    text = " ".join("".join(each if each.isprintable() else " " for each in text).split())
    return text if len(text) <= MAX_EXCERPT else text[: MAX_EXCERPT - 1].rstrip() + ELLIPSIS


_BLANK_LINE = re.compile(rb"\r?\n\r?\n")
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
