"""What goes on beside the requests: one loop that sweeps and has the classifiers learn, and one that delivers."""

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import NoReturn

import structlog
from sqlalchemy.exc import DBAPIError

from service.conversation.comments.batch_context import forget_old_keys
from service.conversation.comments.fingerprint_retention import Forgetting
from service.conversation.threads.close_thread import SWEPT_AT_ONCE, sweep_closings
from service.conversation.threads.withdraw_article import forget_standings
from service.integrations.articles.erase_threads import erase_threads
from service.integrations.articles.received_messages import forget_received
from service.integrations.endpoints.deliverer import Deliverer
from service.integrations.endpoints.delivery_retention import forget_answers, forget_deliveries
from service.integrations.endpoints.endpoint_clients import EndpointClients
from service.moderation.bans.ban_reader import forget_banned
from service.moderation.queue.claims import forget_claims
from service.moderation.reports.report_store import forget_reporters
from service.moderation.search.search_index import forget_words, index_comments
from service.moderation.spam_training.train import learn_from_logs
from service.platform import clock
from service.platform.access.api_keys import Keys
from service.platform.access.sessions import Sessions, forget_expired_sessions
from service.platform.metrics import SWEEP_SECONDS, SWEEPS
from service.platform.problems import Busy
from service.platform.sites.edit_site import list_sites
from service.platform.storage.engine import Database
from service.settings import Settings
from service.shutdown import seconds_to_finish

# Events of a site that a sweep indexes at most, so that one that is far behind does not keep the others waiting.
INDEXED_AT_ONCE = 20_000

log = structlog.get_logger("onereply.sweep")


def collect_seldom() -> None:
    """Have the garbage collector leave alone what is loaded by now, which stays; it would take a tenth of a post."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


async def sweep_for_ever(database: Database, keys: Keys, sessions: Sessions, *, every_seconds: float) -> NoReturn:
    """Sweep again and again; what goes wrong is logged and tried again next time."""
    forgetting = Forgetting(database)
    while True:
        await asyncio.sleep(every_seconds)
        try:
            with SWEEP_SECONDS.time():
                await sweep(database, forgetting)
                await keys.note_uses()
                await learn_from_logs(database)
                await sessions.note_seen()
        except Busy as error:  # the database can't just now, which its own log lines explain
            SWEEPS.labels("failed").inc()
            log.info("sweep-postponed", reason=str(error))
        except Exception as error:  # a sweep that fails must not be the last one
            SWEEPS.labels("failed").inc()
            log.error("sweep-failed", exc_info=error)
        else:
            SWEEPS.labels("ok").inc()


@asynccontextmanager
async def delivering(database: Database, webhooks: EndpointClients, settings: Settings) -> AsyncIterator[Deliverer]:
    """Deliver webhooks in the course of the block; at its end what is being sent has its time to be answered."""
    deliverer = Deliverer(database, secrets=webhooks.secrets, targets=webhooks.targets, schedule=settings.retries())
    task = asyncio.create_task(deliverer.deliver_for_ever())
    try:
        yield deliverer
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        with suppress(Busy, DBAPIError):  # whoever lives on takes over what is left
            await deliverer.stop(within_seconds=seconds_to_finish(settings.shutdown_seconds))


async def sweep(database: Database, forgetting: Forgetting) -> None:
    """Write the close of every thread whose time has passed, erase and forget what is to go, index the rest."""
    swept = SWEPT_AT_ONCE
    while swept == SWEPT_AT_ONCE:
        async with database.write() as connection:
            swept = await sweep_closings(connection, await list_sites(connection))
    await erase_threads(database, forget_answers)
    async with database.write() as connection:
        await forget_old_keys(connection, now=clock.now())
        await forget_expired_sessions(connection, now=clock.now())
        await connection.execute(forget_claims(clock.now()))
        await forget_banned(connection)
        await forget_received(connection, now=clock.now())
        await forget_standings(connection, now=clock.now())
    async with database.read() as connection:
        sites = await list_sites(connection)
    await forgetting.forget_addresses(sites)
    longest = max((site.settings.fingerprint_retention_days for site in sites), default=0)
    async with database.write() as connection:
        await forget_reporters(connection, before=clock.now() - timedelta(days=longest))
    for site in sites:
        await index_comments(database, site, at_most=INDEXED_AT_ONCE)
    await forget_words(database)
    await forget_deliveries(database, sites)
