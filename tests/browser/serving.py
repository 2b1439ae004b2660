"""The app on a port that the kernel gives, in the loop of the tests: what they change is what the browser meets."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from starlette.types import ASGIApp

from service.platform.http.server_limits import LimitedProtocol


class _Server(uvicorn.Server):
    """Tells when it is ``ready``, and leaves signals to those who run the tests."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def serving(app: ASGIApp) -> AsyncIterator[int]:
    """The port at which ``app``, which is started already, is served until the end of the block."""
    config = uvicorn.Config(
        app,
        port=0,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        http=LimitedProtocol,
        timeout_graceful_shutdown=1,
    )
    server = _Server(config)
    listening = config.bind_socket()
    task = asyncio.create_task(server.serve([listening]))
    try:
        await server.ready.wait()
        yield listening.getsockname()[1]
    finally:
        server.should_exit = True
        await task
