"""Send raw ASGI requests, including ones that no client library would send."""

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
    """A response; an exception that reached the server is a 500."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    def problem(self) -> dict[str, Any]:
        """Check that the response is a problem (RFC 9457) with type, title and status, and return it."""
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
    address: str = "192.0.2.1",
) -> Answer:
    """Send ``body``, in one chunk or several, to the unchanged ``path``; if not ``ends``, the client disconnects."""
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
        "client": (address, 1),
    }
    chunks = [body] if isinstance(body, bytes) else list(body)
    messages = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    messages[-1]["more_body"] = not ends
    sent: list[Message] = []

    async def receive() -> Message:
        return messages.pop(0) if messages else {"type": "http.disconnect"}

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
    """Call :func:`ask` with a path of the site, and a JSON body; ``by`` is a role with a key, a token, or None."""
    sent = {"content-type": "application/json"}
    if by:
        sent["Authorization"] = f"Bearer {site.keys.get(by, by)}"
    return await ask(site.app, method, f"/v1/sites/{site.slug}{path}", headers={**sent, **(headers or {})}, **given)


async def send_json(site: ASite, method: str, path: str, content: object, *, by: str | None = None) -> Answer:
    """Send ``content`` as a JSON body, with lone surrogates escaped."""
    return await ask_site(site, method, path, by=by, body=json.dumps(content).encode())
