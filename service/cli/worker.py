"""``onereply worker``."""

import asyncio
import os
import resource
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from socket import socket

import click
import structlog
import uvloop

from service.cli.command_context import settings_or_stop, with_database
from service.cli.listener import address_of, listen_or_stop
from service.cli.worker_health import health_server
from service.integrations.endpoints.deliverer import Deliverer
from service.integrations.endpoints.endpoint_clients import EndpointClients
from service.integrations.endpoints.endpoint_secrets import EndpointSecrets
from service.platform.http.request_log import set_up_log
from service.platform.outbound.safe_client import Targets
from service.platform.storage.engine import TIME_LIMIT_SECONDS, Database
from service.settings import Settings
from service.shutdown import limit_shutdown
from service.worker import run_deliverer, tune_garbage_collection

NICENESS = 19  # the lowest priority: serving processes get the processor first
log = structlog.get_logger("onereply.webhooks")


@click.command("worker")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address of the health check and metrics.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    help="The port of the health check and metrics. Without it, neither is served.",
)
def command(host: str, port: int | None) -> None:
    """Deliver webhooks until SIGINT or SIGTERM. Several workers share the work.

    With --port it also serves /healthz, /readyz and /metrics.
    """
    settings = settings_or_stop()
    set_up_log(style=settings.log_format, level=settings.log_level)
    with_database(_do_nothing, settings)
    listener = None if port is None else listen_or_stop(host, port)
    tune_garbage_collection()
    os.nice(NICENESS)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)  # each endpoint has its own connections
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 65_536)), hard))
    uvloop.run(_work(settings, listener))


async def _do_nothing(_database: Database) -> None:
    """Opening the database has already checked it."""


async def _work(settings: Settings, listener: socket | None) -> None:
    stop = _stopped_by_signal(settings.shutdown_seconds)
    database = Database(
        settings.database_url,
        read_connections=2,
        time_limit=TIME_LIMIT_SECONDS,
        slow_statement_seconds=settings.slow_statement_seconds,
    )
    webhooks = EndpointClients(
        EndpointSecrets(settings.secret_key), Targets(allow_private=settings.webhooks_allow_private)
    )
    async with (
        run_deliverer(database, webhooks, settings) as deliverer,
        _health(database, deliverer, settings, listener),
    ):
        log.info("delivery-worker-started", process=os.getpid())
        await stop.wait()
    await database.close()


def _stopped_by_signal(shutdown_seconds: float) -> asyncio.Event:
    """Return an event that SIGINT and SIGTERM set; they also limit the shutdown to ``shutdown_seconds``."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        # Not the loop's own signal handlers: they don't run while the loop hangs, so the limit would not start.
        signal.signal(number, lambda _number, _frame: loop.call_soon_threadsafe(stop.set))
    limit_shutdown(shutdown_seconds)
    return stop


@asynccontextmanager
async def _health(
    database: Database, deliverer: Deliverer, settings: Settings, listener: socket | None
) -> AsyncIterator[None]:
    """Serve the health check and metrics during the block, if there is a ``listener``."""
    if listener is None:
        yield
        return
    server = health_server(database, deliverer, settings)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    log.info("health-server-started", address=address_of(listener))
    try:
        yield
    finally:
        server.should_exit = True
        await serving
