"""Serves the app on a free port, in the event loop of the tests, so that both share its state."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from starlette.types import ASGIApp

from service.platform.http.server_limits import LimitedProtocol


class _Server(uvicorn.Server):
    """Sets ``ready`` after the start, and does not handle signals."""

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
    """Serve ``app``, which is started already, for the block; yields its port."""
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
