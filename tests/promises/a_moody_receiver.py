"""A host that listens, as a process of its own: what it has taken is on the disk before it says so.

Now and then it refuses, is busy, hangs or drops the connection, before or after it has taken what came. Its signatures
are verified by the specification's own library, not by ours.
"""

import asyncio
import os
import sys
from pathlib import Path
from random import Random

from standardwebhooks import Webhook, WebhookVerificationError

from tests.promises.ledger import Ledger

# How often, in a thousand; after what ends in “taken” the message is kept, and its sender can't know.
MOODS = {
    "take": 860,
    "refuse": 30,
    "refuse what was taken": 25,
    "be busy": 10,
    "drop": 30,
    "drop what was taken": 30,
    "hang": 10,
    "hang on what was taken": 5,
}
TAKING = {mood for mood in MOODS if "take" in mood or "taken" in mood}
TAKEN = b"HTTP/1.1 204 No Content\r\n\r\n"
FORGED = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n"
ANSWERS = {
    "take": TAKEN,
    "refuse": b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n",
    "refuse what was taken": b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n",
    "be busy": b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\ncontent-length: 0\r\n\r\n",
}


class Receiver:
    """Answers what comes as its mood is."""

    def __init__(self, ledger: Ledger, webhook: Webhook, random: Random | None) -> None:
        self._ledger, self._webhook, self._random = ledger, webhook, random

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, to its end."""
        try:
            while await self._hear(reader, writer):
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.transport.abort()

    async def _hear(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request; whether another may come."""
        _, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        body = await reader.readexactly(int(headers["content-length"]))
        try:
            self._webhook.verify(body, headers)
        except WebhookVerificationError as error:
            self._ledger.complain(f"{headers.get('webhook-id')}: {error}")
            writer.write(FORGED)
            return True
        mood = self._mood()
        if mood in TAKING:
            self._ledger.keep(headers["webhook-id"], body)
        if mood.startswith("hang"):
            await reader.read()  # until the other side has had enough
        if mood not in ANSWERS:
            return False
        writer.write(ANSWERS[mood])
        return True

    def _mood(self) -> str:
        return self._random.choices([*MOODS], [*MOODS.values()])[0] if self._random else "take"


async def receive(port: int, ledger: Path, seed: str) -> None:
    """Listen until killed; without a ``seed`` in the best of moods."""
    random = Random(seed) if seed else None  # noqa: S311  # moods that can be had again
    receiver = Receiver(Ledger(ledger), Webhook(os.environ["RECEIVER_SECRET"]), random)
    server = await asyncio.start_server(receiver.converse, "127.0.0.1", port)
    print(f"listening on {port}", file=sys.stderr, flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(receive(int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]))
