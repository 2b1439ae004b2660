"""The yardstick over HTTP: a bare ASGI app that only replays the bytes of the service's answers.

``BARE`` names a file of the answers: by method, path and whether the client holds a tag and sends a token, the status,
headers and body.
"""

import base64
import os
from pathlib import Path
from typing import Any

import msgspec

Answer = tuple[int, list[tuple[bytes, bytes]], bytes]


def read(file: Path) -> dict[str, Answer]:
    """Read the answers in ``file``."""
    kept: dict[str, list[Any]] = msgspec.json.decode(file.read_bytes())
    return {
        asked: (status, [(name.encode(), value.encode()) for name, value in headers], base64.b64decode(body))
        for asked, (status, headers, body) in kept.items()
    }


ANSWERS = read(Path(os.environ["BARE"])) if "BARE" in os.environ else {}


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Answer from memory; a post is read to its end first."""
    if scope["type"] != "http":
        return
    while scope["method"] == "POST" and (await receive()).get("more_body"):
        pass
    if scope["path"] == "/readyz":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})
        return
    asked = scope["raw_path"].decode() + "?" + scope["query_string"].decode()
    names = {name for name, _ in scope["headers"]}
    read = f"{asked} {b'if-none-match' in names} {b'authorization' in names}"
    status, headers, body = ANSWERS["POST" if scope["method"] == "POST" else read]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
