"""``onereply worker``."""

import asyncio
import os
import resource
import signal

import click
import structlog
import uvloop

from service.cli.running import at_head_or_stop, settings_or_stop, with_database
from service.settings import Settings
from service.storage.engine import Database
from service.web.targets import Targets
from service.web.watching import set_up_log
from service.webhooks.reaching import Webhooks
from service.webhooks.secrets import EndpointSecrets
from service.worker import collect_seldom, delivering

NICENESS = 19  # who serves comes first where both want the processor
log = structlog.get_logger("onereply.webhooks")


@click.command("worker")
def command() -> None:
    """Deliver webhooks until told to stop (SIGINT, SIGTERM); several workers share what there is to do."""
    settings = settings_or_stop()
    set_up_log(style=settings.log_format, level=settings.log_level)
    with_database(at_head_or_stop, settings)
    collect_seldom()
    os.nice(NICENESS)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)  # each endpoint has connections of its own
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 65_536)), hard))
    uvloop.run(_work(settings))


async def _work(settings: Settings) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    database = Database(settings.database_url, read_connections=2)
    webhooks = Webhooks(EndpointSecrets(settings.secret_key), Targets(allow_private=settings.webhooks_allow_private))
    async with delivering(database, webhooks, settings):
        log.info("delivering", process=os.getpid())
        await stop.wait()
    await database.close()
