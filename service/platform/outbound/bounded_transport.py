"""A transport that bounds each response in bytes, for libraries that read whole responses."""

from collections.abc import AsyncIterator

import httpx2


class ResponseTooLong(httpx2.TransportError):
    """The response has more bytes than allowed, or is compressed, so that its length says nothing."""


class BoundedTransport(httpx2.AsyncBaseTransport):
    """Sends by ``transport``, and reads at most ``max_bytes`` of a response."""

    def __init__(self, transport: httpx2.AsyncBaseTransport, *, max_bytes: int) -> None:
        self._transport, self._max_bytes = transport, max_bytes

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request; the response's body raises :class:`ResponseTooLong` while it is read."""
        request.headers["accept-encoding"] = "identity"
        response = await self._transport.handle_async_request(request)
        if "content-encoding" in response.headers:
            await response.aclose()
            raise ResponseTooLong("The response is compressed.")
        assert isinstance(response.stream, httpx2.AsyncByteStream)
        response.stream = _Bounded(response.stream, self._max_bytes)
        return response

    async def aclose(self) -> None:
        """Close the connections."""
        await self._transport.aclose()


class _Bounded(httpx2.AsyncByteStream):
    def __init__(self, stream: httpx2.AsyncByteStream, max_bytes: int) -> None:
        self._stream, self._left = stream, max_bytes

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._stream:
            self._left -= len(chunk)
            if self._left < 0:
                raise ResponseTooLong("The response is too long.")
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()
