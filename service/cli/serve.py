"""``onereply serve``."""

import click
import uvicorn

from service.cli.running import at_head_or_stop, settings_or_stop, with_database
from service.settings import Settings


@click.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="The port to listen on.")
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 64), help="Processes that serve.")
def command(host: str, port: int, workers: int) -> None:
    """Serve the API and the pages; when told to stop, what is in flight finishes first."""
    settings = settings_or_stop()
    with_database(at_head_or_stop, settings)
    serve(settings, host=host, port=port, workers=workers)


def serve(settings: Settings, *, host: str, port: int, workers: int) -> None:
    """Serve until told to stop (SIGINT, SIGTERM)."""
    uvicorn.run(
        "service.app:from_environment",
        factory=True,
        host=host,
        port=port,
        workers=workers,
        log_config=None,
        access_log=False,  # the app logs each request itself, with its id
        server_header=False,
        proxy_headers=False,
        lifespan="on",
        timeout_graceful_shutdown=settings.stop_seconds,
    )
