"""A process of ``onereply serve``: the app, with limits on connections and shutdown, and a watch on its parent.

*Why here*: Uvicorn calls this factory after it has set its own signal handlers, both in a single process and in each
worker. The same few lines therefore guard all of them, without a change to Uvicorn's server or supervisor.
"""

import os
import signal
import threading
from multiprocessing import parent_process
from multiprocessing.connection import wait

import structlog
from starlette.applications import Starlette

from service import settings as settings_of
from service.cli.metrics_folder import delete_shared_metrics
from service.platform.http.connection_limits import ConnectionLimits, possible_connections
from service.platform.http.request_log import set_up_log
from service.platform.http.server_limits import LimitedProtocol
from service.settings import Settings
from service.shutdown import limit_shutdown

# A worker exits a little before its parent would kill it, so it can still log the forced shutdown.
AHEAD_OF_PARENT = 0.95

log = structlog.get_logger("onereply.serve")


def create_guarded_app() -> Starlette:
    """Create the app of a serving process and limit its shutdown."""
    settings = settings_of.load()
    set_up_log(style=settings.log_format, level=settings.log_level)
    LimitedProtocol.connection_limits = _connection_limits(settings)
    parent = parent_process()
    limit_shutdown(settings.shutdown_seconds * (AHEAD_OF_PARENT if parent else 1))
    if parent:
        threading.Thread(target=_stop_with_parent, args=(parent.sentinel,), daemon=True).start()
    # Imported here because the import takes a second, in which a signal would find no limit set.
    from service.app import from_environment  # noqa: PLC0415 - see above

    return from_environment()


def _connection_limits(settings: Settings) -> ConnectionLimits:
    return ConnectionLimits(
        possible_connections(settings.max_connections),
        settings.max_connections_per_address,
        proxies=settings.proxies(),
    )


def _stop_with_parent(parent: int) -> None:
    """Stop this process when its parent dies; otherwise it would run on and keep the port.

    A thread waits for the parent, so this also works while the event loop hangs.
    """
    wait([parent])
    log.warning("parent-died", pid=os.getpid())
    delete_shared_metrics()
    os.kill(os.getpid(), signal.SIGTERM)
