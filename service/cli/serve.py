"""``onereply serve``."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

import click
import uvicorn

from service.cli.running import at_head_or_stop, settings_or_stop, with_database
from service.settings import Settings
from service.storage.revisions import migrate
from service.web.listening import LimitedProtocol
from service.web.measuring import SHARED_FOLDER


@click.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="The port to listen on.")
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 64), help="Processes that serve.")
@click.option("--migrate", "migrates", is_flag=True, help="First bring the database's tables to this release.")
def command(host: str, port: int, workers: int, migrates: bool) -> None:
    """Serve the API and the pages; when told to stop, what is in flight finishes first."""
    settings = settings_or_stop()
    with_database(migrate if migrates else at_head_or_stop, settings)
    serve(settings, host=host, port=port, workers=workers)


def serve(settings: Settings, *, host: str, port: int, workers: int) -> None:
    """Serve until told to stop (SIGINT, SIGTERM)."""
    with _numbers_shared_by(workers):
        _serve(settings, host=host, port=port, workers=workers)


@contextmanager
def _numbers_shared_by(workers: int) -> Iterator[None]:
    """Where several processes keep what ``/metrics`` tells; one keeps it in memory."""
    if workers == 1:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="onereply-metrics-") as folder:
        os.environ[SHARED_FOLDER] = folder
        yield


def _serve(settings: Settings, *, host: str, port: int, workers: int) -> None:
    uvicorn.run(
        "service.app:from_environment",
        factory=True,
        host=host,
        port=port,
        workers=workers,
        log_config=None,
        access_log=False,  # the app logs each request itself, with its id
        server_header=False,
        http=LimitedProtocol,
        proxy_headers=False,  # the app reads them itself, from trusted proxies only
        lifespan="on",
        timeout_graceful_shutdown=settings.stop_seconds,
    )
