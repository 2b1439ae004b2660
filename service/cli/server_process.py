"""What each process of ``onereply serve`` runs: the app, with a limit to its shutdown, and an eye on its parent.

*Why here*: Uvicorn calls this factory once its own signal handlers are set, in the only process and in each of several
workers. So the same few lines guard all of them, with Uvicorn's server and supervisor as they are.
"""

import os
import signal
import threading
from multiprocessing import parent_process
from multiprocessing.connection import wait

import structlog
from starlette.applications import Starlette

from service import settings as settings_of
from service.shutdown import limit_shutdown
from service.web.watching import set_up_log

# A worker ends by itself a little before its parent would kill it, and so still logs that it was forced.
AHEAD_OF_PARENT = 0.95

log = structlog.get_logger("onereply.serve")


def create_guarded_app() -> Starlette:
    """The app of a serving process."""
    settings = settings_of.load()
    set_up_log(style=settings.log_format, level=settings.log_level)
    parent = parent_process()
    limit_shutdown(settings.shutdown_seconds * (AHEAD_OF_PARENT if parent else 1))
    if parent:
        threading.Thread(target=_stop_after, args=(parent.sentinel,), daemon=True).start()
    # Loaded only now: it takes a second, in which a signal would find no limit.
    from service.app import from_environment  # noqa: PLC0415

    return from_environment()


def _stop_after(parent: int) -> None:
    """Stop this process once its parent has died: nobody else would, and it would keep the port.

    A thread waits for that, so that it also works where the event loop hangs.
    """
    wait([parent])
    log.warning("parent-died", pid=os.getpid())
    os.kill(os.getpid(), signal.SIGTERM)
