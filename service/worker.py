"""Background work: one loop sweeps and trains the classifiers, another delivers webhooks."""

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import NoReturn

import structlog
from sqlalchemy.exc import DBAPIError

from service.conversation.closures.close_site import reopen_due_sites
from service.conversation.closures.close_threads import reopen_due_threads
from service.conversation.closures.switch_site import switch_due_sites
from service.conversation.comments.akismet_check import AkismetCheck
from service.conversation.comments.batch_context import prune_keys
from service.conversation.comments.comment_versions import prune_versions
from service.conversation.comments.fingerprint_retention import FingerprintRetention
from service.conversation.threads.close_thread import SWEEP_BATCH, sweep_closings
from service.conversation.threads.thread_activity import update_activity
from service.conversation.threads.withdraw_article import prune_withdrawals
from service.integrations.articles.erase_threads import erase_threads
from service.integrations.articles.received_messages import prune_received
from service.integrations.endpoints.deliverer import Deliverer
from service.integrations.endpoints.delivery_retention import prune_deliveries
from service.integrations.endpoints.endpoint_clients import EndpointClients
from service.moderation.measures.reader_measures import erase_expired_fingerprints
from service.moderation.queue.attendance import watch_attendance
from service.moderation.queue.claims import prune_claims
from service.moderation.reports.report_store import prune_reporter_fingerprints, prune_settled_reports
from service.moderation.search.search_index import index_comments, prune_words
from service.moderation.spam_training.report_to_akismet import report_to_akismet
from service.moderation.spam_training.train import learn_from_logs
from service.platform import clock
from service.platform.access.api_keys import Keys
from service.platform.access.desk_tokens import prune_desk_tokens
from service.platform.access.pending_sign_ins import prune_sign_ins
from service.platform.access.sessions import Sessions, prune_sessions
from service.platform.background import running
from service.platform.metrics import SWEEP_SECONDS, SWEEPS
from service.platform.outbound.retry_schedule import parse_delays
from service.platform.problems import Busy
from service.platform.sites.edit_site import list_sites
from service.platform.storage.engine import Database
from service.settings import Settings
from service.shutdown import seconds_to_finish

# Maximum number of events of a site that one sweep indexes, so that a site far behind does not delay the others.
MAX_INDEXED_EVENTS = 20_000

log = structlog.get_logger("onereply.sweep")


def tune_garbage_collection() -> None:
    """Exclude loaded objects from garbage collection, since they stay; scanning them took a tenth of a post."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


async def sweep_forever(
    database: Database, keys: Keys, sessions: Sessions, akismet: AkismetCheck, *, every_seconds: float
) -> NoReturn:
    """Run the sweep in a loop; errors are logged, and the next sweep tries again."""
    fingerprint_retention = FingerprintRetention(database)
    while True:
        await asyncio.sleep(every_seconds)
        try:
            with SWEEP_SECONDS.time():
                await sweep(database, fingerprint_retention)
                await keys.write_last_used()
                await learn_from_logs(database)
                await report_to_akismet(database, akismet)
                await sessions.write_last_seen()
        except Busy as error:  # temporary; the database's own log lines explain it
            SWEEPS.labels("failed").inc()
            log.info("sweep-postponed", reason=str(error))
        except Exception as error:  # one failed sweep must not end the loop
            SWEEPS.labels("failed").inc()
            log.error("sweep-failed", exc_info=error)
        else:
            SWEEPS.labels("ok").inc()


@asynccontextmanager
async def run_deliverer(database: Database, webhooks: EndpointClients, settings: Settings) -> AsyncIterator[Deliverer]:
    """Deliver webhooks during the block; at its end, deliveries in flight may finish within the shutdown timeout."""
    deliverer = Deliverer(
        database, secrets=webhooks.secrets, targets=webhooks.targets, schedule=parse_delays(settings.webhooks_retries)
    )
    try:
        async with running(deliverer.deliver_forever()):
            yield deliverer
    finally:
        with suppress(Busy, DBAPIError):  # another process takes over the rest
            await deliverer.stop(within_seconds=seconds_to_finish(settings.shutdown_seconds))


async def sweep(database: Database, fingerprint_retention: FingerprintRetention) -> None:
    """Close due threads, reopen what was closed until now, erase and prune old data, and update the search index."""
    swept = SWEEP_BATCH
    while swept == SWEEP_BATCH:
        async with database.write() as connection:
            sites = await list_sites(connection)
            swept = await sweep_closings(connection, sites)
            await reopen_due_sites(connection, sites)
            await switch_due_sites(connection, sites)
    await reopen_due_threads(database)
    await watch_attendance(database, sites)
    await erase_threads(database)
    async with database.write() as connection:
        await prune_keys(connection, now=clock.now())
        await prune_sessions(connection, now=clock.now())
        await prune_sign_ins(connection, now=clock.now())
        await prune_desk_tokens(connection, now=clock.now())
        await connection.execute(prune_claims(clock.now()))
        await erase_expired_fingerprints(connection)
        await prune_received(connection, now=clock.now())
        await prune_withdrawals(connection, now=clock.now())
    async with database.read() as connection:
        sites = await list_sites(connection)
    await fingerprint_retention.prune_fingerprints(sites)
    await prune_versions(database, sites)
    max_retention_days = max((site.settings.fingerprint_retention_days for site in sites), default=0)
    async with database.write() as connection:
        now = clock.now()
        before = now - timedelta(days=max_retention_days)
        await prune_reporter_fingerprints(connection, before=before)
        await prune_settled_reports(connection, now=now, contacts_before=before)
    for site in sites:
        await index_comments(database, site, limit=MAX_INDEXED_EVENTS)
        await update_activity(database, site, limit=MAX_INDEXED_EVENTS)
    await prune_words(database)
    await prune_deliveries(database, sites)
