"""Report to Akismet what moderators decided otherwise, at least once, by reading the log.

Akismet learns from its mistakes only: ``submit-spam`` for spam that it let pass, ``submit-ham`` for a comment that it
took for spam. A decision is reported when it can no longer be undone, and only if the text has not changed since. Two
processes, or one that ends in between, may report a comment twice; Akismet allows that.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from service.conversation.comments.akismet_check import AkismetCheck
from service.conversation.comments.comment_lookup import read_with_threads
from service.conversation.comments.findings_store import read_findings
from service.conversation.comments.model import Comment
from service.conversation.screening.findings import Rule
from service.conversation.threads.model import Thread
from service.moderation.spam_training.read_decisions import DecidedComment, read_decided_comments
from service.platform import clock
from service.platform.events.model import LogReaderRow
from service.platform.events.read_log import head_position
from service.platform.events.record_decisions import UNDO_WINDOW
from service.platform.sites.edit_site import list_sites
from service.platform.sites.site_lookup import Site
from service.platform.storage.engine import Database
from service.platform.storage.portable import insert_if_absent

READER = "akismet"
MAX_REPORTS = 50  # of a batch in one sweep: Akismet is slow, and closings must not wait


async def report_to_akismet(database: Database, akismet: AkismetCheck) -> None:
    """Report the mistakes on each site that uses Akismet; a site that begins to use it begins at the log's end."""
    async with database.read() as connection:
        sites = await list_sites(connection)
        rows = await connection.execute(_POSITIONS)
        read = {row.site_id: row.position for row in rows}
    for site in sites:
        if site.rules.akismet is None:
            if site.id in read:
                await _forget_position(database, site.id)
        elif site.id not in read:
            await _begin(database, site.id)
        else:
            await _report_all(database, site, akismet, after=read[site.id])


async def _report_all(database: Database, site: Site, akismet: AkismetCheck, *, after: int) -> None:
    """Report the decisions after a position of the log, until Akismet does not answer or the sweep has other work."""
    has_more = True
    while has_more:
        async with database.read() as connection:
            batch = await read_decided_comments(connection, site.id, after=after, until=clock.now() - UNDO_WINDOW)
            mistakes = await _mistakes(connection, batch.decided)
        position, has_more = batch.position, batch.has_more
        for number, (decided, comment, thread) in enumerate(mistakes):
            if number == MAX_REPORTS or not await akismet.report(site, thread, comment, spam=bool(decided.spam)):
                position, has_more = decided.position - 1, False
                break
        if position == after or not await _move(database, site.id, after, to=position):
            return
        after = position


async def _mistakes(
    connection: AsyncConnection, decided: Sequence[DecidedComment]
) -> list[tuple[DecidedComment, Comment, Thread]]:
    """Return the comments on which Akismet was wrong, in the order of their events."""
    labelled = sorted((each for each in decided if each.spam is not None), key=lambda each: each.position)
    ids: list[UUID] = [each.comment_id for each in labelled]
    comments, findings = await read_with_threads(connection, ids), await read_findings(connection, ids)
    wrong = []
    for each in labelled:
        comment, thread = comments.get(each.comment_id, (None, None))
        said_spam = any(finding.rule is Rule.AKISMET for finding in findings[each.comment_id])
        is_same_text = comment is not None and comment.revision == each.revision and bool(comment.body)
        if comment and thread and is_same_text and said_spam != each.spam:
            wrong.append((each, comment, thread))
    return wrong


_POSITIONS = select(LogReaderRow.site_id, LogReaderRow.position).where(LogReaderRow.name == READER)


async def _begin(database: Database, site_id: int) -> None:
    async with database.write() as connection:
        head = await head_position(connection, site_id)
        new = insert_if_absent(connection, LogReaderRow).values(site_id=site_id, name=READER, position=head)
        await connection.execute(new)


async def _move(database: Database, site_id: int, before: int, *, to: int) -> bool:
    """Move the position; False if another process has reported these decisions meanwhile."""
    row = LogReaderRow
    place = update(row).where(row.site_id == site_id, row.name == READER, row.position == before)
    async with database.write() as connection:
        return (await connection.execute(place.values(position=to))).rowcount == 1


async def _forget_position(database: Database, site_id: int) -> None:
    row = LogReaderRow
    async with database.write() as connection:
        await connection.execute(delete(row).where(row.site_id == site_id, row.name == READER))
