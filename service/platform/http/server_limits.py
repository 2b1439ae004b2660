"""Limits before a request reaches the app: time and size of the request line and headers.

Uvicorn limits neither, so a thousand clients that send a byte per minute could block it.
"""

from asyncio import TimerHandle, Transport
from typing import Any

import msgspec
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from service.platform.http.app_state import ServiceApp
from service.platform.http.problem_responses import MEDIA_TYPE
from service.platform.problems import HeadersTooLarge, Problem, RequestTimeout, UriTooLong

HEAD_SECONDS = 10.0
MAX_TARGET_BYTES = 8 * 1024
MAX_HEAD_BYTES = 32 * 1024


class LimitedProtocol(HttpToolsProtocol):
    """Uvicorn's HTTP/1.1 protocol, with 408, 414 or 431 for a request head that is too slow or too large."""

    _deadline: TimerHandle
    _refusal: Problem | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]  # a server's is never less
        """Start the timeout of the first request head."""
        super().connection_made(transport)
        self._start_head(0)

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancel the timeout."""
        self._deadline.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse ``data``; refuse a head that exceeds its limit before it ends."""
        self._chunk_bytes = len(data)
        self._head_bytes += len(data)
        super().data_received(data)
        if self._in_head and self._head_bytes > MAX_HEAD_BYTES and not self.transport.is_closing():
            self._refuse(HeadersTooLarge())

    def on_message_begin(self) -> None:
        """Start the timeout and the byte count of the next head."""
        self._deadline.cancel()
        self._start_head(self._chunk_bytes)
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Refuse a target that is too long; the parser turns the exception into an invalid request."""
        super().on_url(url)
        if len(self.url) > MAX_TARGET_BYTES:
            self._refusal = UriTooLong()
            raise ValueError

    def on_headers_complete(self) -> None:
        """Pass the request on, unless its headers are too large."""
        self._deadline.cancel()
        self._in_head = False
        if sum(len(name) + len(value) + 4 for name, value in self.headers) > MAX_HEAD_BYTES:
            self._refusal = HeadersTooLarge()
            raise ValueError
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """Answer a request that can't be parsed or was refused during parsing."""
        if self._refusal:
            self._refuse(self._refusal)
        else:
            super().send_400_response(msg)

    def _start_head(self, received_bytes: int) -> None:
        self._in_head, self._head_bytes = True, received_bytes
        self._deadline = self.loop.call_later(HEAD_SECONDS, self._time_out)

    def _time_out(self) -> None:
        if self._head_bytes and not self.transport.is_closing():
            self._refuse(RequestTimeout())
        self.transport.close()

    def _refuse(self, problem: Problem) -> None:
        """Answer with ``problem`` and close the connection."""
        self.transport.write(_raw(problem, self._base_path()))
        self.transport.close()

    def _base_path(self) -> str:
        return self.app.state.base_path if isinstance(self.app, ServiceApp) else ""


def _raw(problem: Problem, base_path: str) -> bytes:
    content: dict[str, Any] = problem.content(base_path=base_path)
    body = msgspec.json.encode(content)
    head = f"HTTP/1.1 {problem.status} {problem.slug}\r\ncontent-type: {MEDIA_TYPE}\r\ncontent-length: {len(body)}\r\n"
    return head.encode() + b"cache-control: no-store\r\nconnection: close\r\n\r\n" + body
