"""``onereply serve``."""

import re
import sys
from contextlib import suppress
from pathlib import Path
from socket import socket

import click
import structlog
import uvicorn
from uvicorn.config import STARTUP_FAILURE

from service.cli.command_context import settings_or_stop, with_any_database, with_database
from service.cli.listener import address_of, listen_on_path_or_stop, listen_or_stop
from service.cli.metrics_folder import shared_metrics
from service.cli.supervisor import Supervisor
from service.platform.http.request_log import set_up_log
from service.platform.http.server_limits import LimitedProtocol
from service.platform.storage.engine import Database
from service.platform.storage.revisions import migrate
from service.settings import Settings
from service.shutdown import closing_seconds

log = structlog.get_logger("onereply.serve")


@click.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="The port to listen on.")
@click.option("--uds", type=click.Path(path_type=Path), help="Listen on a Unix socket at this path, not on a port.")
@click.option("--uds-mode", default="660", show_default=True, help="The permissions of the Unix socket, in octal.")
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 64), help="Number of worker processes.")
@click.option("--migrate", "migrates", is_flag=True, help="Migrate the database's tables to this release first.")
def command(*, host: str, port: int, uds: Path | None, uds_mode: str, workers: int, migrates: bool) -> None:
    """Serve the API and the pages. On SIGTERM, requests in flight finish first."""
    settings, mode = settings_or_stop(), _mode(uds_mode)
    if migrates:
        with_any_database(migrate, settings)
    else:
        with_database(_do_nothing, settings)
    with listen_on_path_or_stop(uds, mode) if uds else listen_or_stop(host, port) as listener:
        serve(settings, listener, workers=workers)


async def _do_nothing(_database: Database) -> None:
    """Opening the database has already checked it."""


def _mode(text: str) -> int:
    """Parse permissions in octal, such as ``660``."""
    if not re.fullmatch("0?[0-7]{3}", text):
        raise click.BadParameter("must be three octal digits, such as 660.", param_hint="--uds-mode")
    return int(text, 8)


def serve(settings: Settings, listener: socket, *, workers: int) -> None:
    """Serve on ``listener`` until SIGINT or SIGTERM."""
    set_up_log(style=settings.log_format, level=settings.log_level)
    config = _config(settings, workers)
    if workers == 1:
        has_started = _serve_alone(config, listener)
    else:
        with shared_metrics():
            has_started = _serve_with_workers(config, listener, settings)
    if not has_started:
        sys.exit(STARTUP_FAILURE)


def _serve_alone(config: uvicorn.Config, listener: socket) -> bool:
    """Serve in this process. Returns whether the server started."""
    server = _Server(config)
    with suppress(KeyboardInterrupt):  # Uvicorn raises it again after it has stopped
        server.run(sockets=[listener])
    return server.started


def _serve_with_workers(config: uvicorn.Config, listener: socket, settings: Settings) -> bool:
    """Serve in several worker processes. Returns whether all of them could start."""
    supervisor = Supervisor(config, [listener], shutdown_seconds=settings.shutdown_seconds)
    listener.set_inheritable(True)
    log.info(f"running on {address_of(listener)}", workers=config.workers)
    supervisor.run()
    return not supervisor.has_failed


class _Server(uvicorn.Server):
    """Logs its address when it is ready."""

    async def startup(self, sockets: list[socket] | None = None) -> None:
        await super().startup(sockets)
        for each in sockets or []:
            log.info(f"running on {address_of(each)}")


def _config(settings: Settings, workers: int) -> uvicorn.Config:
    limit = settings.shutdown_seconds
    return uvicorn.Config(
        "service.cli.server_process:create_guarded_app",
        factory=True,
        workers=workers,
        log_config=None,
        access_log=False,  # the app logs each request itself, with its id
        server_header=False,
        http=LimitedProtocol,
        loop="service.cli.accepting_loop:AcceptingLoop",
        proxy_headers=False,  # the app reads them itself, from trusted proxies only
        lifespan="on",
        timeout_graceful_shutdown=limit - closing_seconds(limit),  # type: ignore[arg-type]  # need not be whole
    )
