"""Check a webhook receiver against the three rules of the guide: signatures, ids, positions.

It plays every event type about one article: badly signed, slowly, twice, and in the wrong order. What a receiver makes
of the messages is read from a page that shows the article's lines, in which each message has another mark. So a message
with a known ``webhook-id`` but another mark shows whether the id was handled again.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import httpx2
import msgspec

from service.platform import clock
from service.platform.events.event_types import EventType
from service.platform.outbound.webhook_signatures import ID, SIGNATURE, Signer, make_secret
from service.reading.docs.contract import contract

VERIFY = "Verify the signature"
ONCE = "Handle each webhook-id once"
HIGHEST = "Keep the highest position of each article"
PIECES, PIECE_SECONDS = 8, 0.1  # of a body that is sent slowly
LOOK_SECONDS = 0.1
FIRST_POSITION = 10**12  # beyond those of any real event about the article
Json = dict[str, Any]


class RuleResult(msgspec.Struct):
    """Whether a rule held: the ``faults`` found, or None if the receiver's page was not given."""

    rule: str
    faults: list[str] | None

    def __str__(self) -> str:
        if self.faults is None:
            return f"{self.rule}: not checked. Give --shows."
        return f"{self.rule}: {'broken. ' + ' '.join(dict.fromkeys(self.faults)) if self.faults else 'held.'}"


class ReceiverCheck:
    """Plays messages about ``article`` at the receiver at ``url``.

    ``shows`` is the URL of a page with the article's title, label or heading, or None; the page may follow
    ``patience_seconds`` later.
    """

    def __init__(
        self,
        client: httpx2.AsyncClient,
        url: str,
        signer: Signer,
        *,
        article: str,
        shows: str | None,
        patience_seconds: float,
    ) -> None:
        self._client, self._url, self._signer = client, url, signer
        self._article, self._patience = article, timedelta(seconds=patience_seconds)
        self._shows = shows.replace("{article}", quote(article, safe="")) if shows else None
        self._examples = example_messages()
        self._run = uuid4().hex[:8]
        self._verify: list[str] = []
        self.sent = 0

    async def check(self) -> list[RuleResult]:
        """Play all messages and return the result for each rule, in the order of the guide."""
        await self._send_forged()
        once = await self._send_twice()
        highest = await self._send_backwards()
        return [RuleResult(VERIFY, self._verify), RuleResult(ONCE, once), RuleResult(HIGHEST, highest)]

    async def _send_forged(self) -> None:
        """Send messages that must be refused with 4xx and change nothing."""
        now, body = clock.now(), self._body(self._examples[0], position=1, mark="forged")
        valid = self._signer.headers(str(uuid4()), now, body)
        forged = {
            "without a signature": {name: value for name, value in valid.items() if name != SIGNATURE},
            "with a signature that is not base64": valid | {SIGNATURE: "v1,!"},
            "signed with another secret": Signer(make_secret()).headers(str(uuid4()), now, body),
            "whose id was changed": valid | {ID: str(uuid4())},
            "from ten minutes ago": self._signer.headers(str(uuid4()), now - timedelta(minutes=10), body),
        }
        for what, headers in forged.items():
            self._expect(f"A message {what}", await self._post(body, headers), refused=True)
        answer = await self._post(body.replace(b"forged", b"FORGED"), valid)
        self._expect("A message whose body was changed", answer, refused=True)
        if "forged" in (await self._look()).casefold():
            self._verify.append("A refused message is shown.")

    async def _send_twice(self) -> list[str] | None:
        """Send an id twice at once, and again with other content, of which nothing may be seen."""
        message_id, example = str(uuid4()), self._examples[0]
        first = self._body(example, position=2, mark="first")
        for answer in await asyncio.gather(*(self._post_signed(message_id, first) for _ in range(2))):
            self._expect("A message that was sent twice", answer)
        again = self._body(example, position=3, mark="again")
        self._expect("A message with an id that was handled", await self._post_signed(message_id, again))
        if self._shows is None:
            return None
        text = await self._look_for("first", unless="again")
        if self._mark("again") in text:
            return ["A second message with the same id was handled, too."]
        return [] if self._mark("first") in text else [self._missing("the message that was sent twice")]

    async def _send_backwards(self) -> list[str] | None:
        """Send every type, the newest event first, and all again; then the oldest once more, slowly."""
        numbered = [*enumerate(self._examples, 10)]
        newest, bodies = f"number{numbered[-1][0]}", []
        for number, example in reversed(numbered):
            bodies.append((str(uuid4()), example["type"], self._body(example, position=number, mark=f"number{number}")))
        for message_id, type_, body in bodies * 2:
            self._expect(f"A {type_} message", await self._post_signed(message_id, body))
        message_id, type_, body = bodies[-1]
        self._expect(f"A {type_} message that arrives slowly", await self._post_signed(message_id, body, slowly=True))
        if self._shows is None:
            return None
        text = await self._look_for(newest)
        if self._mark(newest) in text:
            return []
        older = any(self._mark(f"number{number}") in text for number, _ in numbered)
        return ["An older event replaced a newer one." if older else self._missing("the newest event")]

    def _body(self, example: Json, *, position: int, mark: str) -> bytes:
        """Return the body of a message about the article, with ``mark`` in each line that a page shows."""
        now, data = datetime.now(UTC), dict(example["data"])
        if "thread" in data:
            text = self._mark(mark)
            data["thread"] = data["thread"] | {"article": self._article, "title": text, "label": text, "heading": text}
        if "previous_article" in data:
            data["previous_article"] = f"{self._article}-former"
        times = {"timestamp": now, "occurred_at": now}
        sequence = position if example["sequence"] else None
        return msgspec.json.encode(
            example | times | {"data": data, "position": FIRST_POSITION + position, "sequence": sequence}
        )

    def _mark(self, mark: str) -> str:
        return f"check-{self._run}-{mark}."

    async def _post_signed(self, message_id: str, body: bytes, *, slowly: bool = False) -> int | str:
        return await self._post(body, self._signer.headers(message_id, clock.now(), body), slowly=slowly)

    async def _post(self, body: bytes, headers: dict[str, str], *, slowly: bool = False) -> int | str:
        """Return the status of the answer, or the error."""
        self.sent += 1
        sent = {"content-type": "application/json", "content-length": str(len(body)), **headers}
        try:
            content = _slowly(body) if slowly else body
            return (await self._client.post(self._url, content=content, headers=sent)).status_code
        except httpx2.HTTPError as error:
            return type(error).__name__

    def _expect(self, what: str, answer: int | str, *, refused: bool = False) -> None:
        low, wanted = (400, "4xx") if refused else (200, "2xx")
        if not isinstance(answer, int) or not low <= answer < low + 100:
            self._verify.append(f"{what} got {answer}, not {wanted}.")

    async def _look_for(self, mark: str, *, unless: str = "nothing") -> str:
        """Return the page once it has ``mark`` or ``unless``, or as it is when patience ends."""
        until = clock.now() + self._patience
        text = await self._look()
        while not any(self._mark(each) in text for each in (mark, unless)) and clock.now() < until:
            await asyncio.sleep(LOOK_SECONDS)
            text = await self._look()
        return text

    async def _look(self) -> str:
        """Return the text of the receiver's page; nothing if it has none."""
        with suppress(httpx2.HTTPError):
            if self._shows:
                return (await self._client.get(self._shows)).text
        return ""

    def _missing(self, what: str) -> str:
        return f"The page does not show {what} after {self._patience.total_seconds():g} seconds."


def example_messages() -> list[Json]:
    """Return the contract's example of each event type, with a ``comment.published`` at the end."""
    document = contract()
    examples = document["components"]["examples"]
    events = [examples[event.value]["value"] for event in EventType]
    return sorted(events, key=lambda example: example["type"] == "comment.published")


async def _slowly(body: bytes) -> AsyncIterator[bytes]:
    size = len(body) // PIECES + 1
    for start in range(0, len(body), size):
        await asyncio.sleep(PIECE_SECONDS)
        yield body[start : start + size]
