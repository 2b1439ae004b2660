"""Requests made by hand, byte by byte: what no client library would send, and many of them in little time."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from starlette.types import Message, Scope

from service.app import App
from tests.builders import ASite


@dataclass(frozen=True)
class Answer:
    """What came back; an exception that reached the server is a 500."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    def problem(self) -> dict[str, Any]:
        """The problem that this must be (RFC 9457): type, title and status are always there."""
        assert 400 <= self.status < 500, (self.status, self.body[:300])
        assert self.headers["content-type"] == "application/problem+json", self.headers
        problem: dict[str, Any] = self.json()
        assert problem["type"].startswith("/problems/") and problem["title"], problem
        assert problem["status"] == self.status
        return problem


async def ask(
    app: App,
    method: str,
    path: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes | Sequence[bytes] = b"",
    ends: bool = True,
) -> Answer:
    """Send ``body``, in one piece or in several, to ``path`` as it stands; without ``ends`` the client goes away."""
    raw_path, _, query = path.partition("?")
    scope: Scope = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote(raw_path),
        "raw_path": raw_path.encode("latin-1"),
        "query_string": query.encode("latin-1"),
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in (headers or {}).items()],
        "server": ("onereply.test", 80),
        "client": ("192.0.2.1", 1),
    }
    chunks = [body] if isinstance(body, bytes) else list(body)
    told = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    told[-1]["more_body"] = not ends
    sent: list[Message] = []

    async def receive() -> Message:
        return told.pop(0) if told else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    try:
        await app(scope, receive, send)
    except Exception as error:
        return Answer(500, {}, repr(error).encode())
    headers_sent = {name.decode(): value.decode("latin-1") for name, value in sent[0]["headers"]}
    return Answer(sent[0]["status"], headers_sent, b"".join(message.get("body", b"") for message in sent[1:]))


async def ask_site(
    site: ASite,
    method: str,
    path: str,
    *,
    by: str | None = None,
    headers: Mapping[str, str] | None = None,
    **given: Any,
) -> Answer:
    """As :func:`ask`, below the site, as a role whose key it has, a token, or nobody."""
    sent = {"Authorization": f"Bearer {site.keys.get(by, by)}"} if by else {}
    return await ask(site.app, method, f"/v1/sites/{site.slug}{path}", headers={**sent, **(headers or {})}, **given)


async def send_json(site: ASite, method: str, path: str, content: object, *, by: str | None = None) -> Answer:
    """``content`` as a JSON body; lone surrogates and all else that ``json`` escapes go through."""
    return await ask_site(site, method, path, by=by, body=json.dumps(content).encode())
