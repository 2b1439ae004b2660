"""A webhook receiver as a process of its own: a message is on disk before it is acknowledged.

Now and then it refuses, is busy, hangs or drops the connection, before or after it has stored the message. It verifies
signatures with the specification's own library, not ours.
"""

import asyncio
import os
import sys
from pathlib import Path
from random import Random

from standardwebhooks import Webhook, WebhookVerificationError

from tests.promises.receiver_ledger import Ledger

# Weights, per thousand messages. After the ones with “stored” the message is stored, but its sender cannot know.
BEHAVIOURS = {
    "store": 860,
    "refuse": 30,
    "refuse after stored": 25,
    "be busy": 10,
    "drop": 30,
    "drop after stored": 30,
    "hang": 10,
    "hang after stored": 5,
}
STORING = {behaviour for behaviour in BEHAVIOURS if "store" in behaviour}
ACCEPTED = b"HTTP/1.1 204 No Content\r\n\r\n"
FORGED = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n"
ANSWERS = {
    "store": ACCEPTED,
    "refuse": b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n",
    "refuse after stored": b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n",
    "be busy": b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\ncontent-length: 0\r\n\r\n",
}


class Receiver:
    """Answers each message by a random behaviour."""

    def __init__(self, ledger: Ledger, webhook: Webhook, random: Random | None) -> None:
        self._ledger, self._webhook, self._random = ledger, webhook, random

    async def serve_connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection to its end."""
        try:
            while await self._serve_request(reader, writer):
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.transport.abort()

    async def _serve_request(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Serve one request; return whether another may follow."""
        _, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        body = await reader.readexactly(int(headers["content-length"]))
        try:
            self._webhook.verify(body, headers)
        except WebhookVerificationError as error:
            self._ledger.complain(f"{headers.get('webhook-id')}: {error}")
            writer.write(FORGED)
            return True
        behaviour = self._choose_behaviour()
        if behaviour in STORING:
            self._ledger.store(headers["webhook-id"], body)
        if behaviour.startswith("hang"):
            await reader.read()  # until the client gives up
        if behaviour not in ANSWERS:
            return False
        writer.write(ANSWERS[behaviour])
        return True

    def _choose_behaviour(self) -> str:
        return self._random.choices([*BEHAVIOURS], [*BEHAVIOURS.values()])[0] if self._random else "store"


async def receive(port: int, ledger: Path, seed: str) -> None:
    """Listen until killed; without a ``seed`` accept every message."""
    random = Random(seed) if seed else None  # noqa: S311  # reproducible behaviour
    receiver = Receiver(Ledger(ledger), Webhook(os.environ["RECEIVER_SECRET"]), random)
    server = await asyncio.start_server(receiver.serve_connection, "127.0.0.1", port)
    print(f"listening on {port}", file=sys.stderr, flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(receive(int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]))
