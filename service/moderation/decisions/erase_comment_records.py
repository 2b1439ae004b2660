"""Erase a comment's text from all other tables: findings, versions, reports, claims, search index, spam training."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import bindparam, delete, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from service.conversation.comments.comment_versions import CommentVersionRow
from service.conversation.comments.model import FindingRow
from service.conversation.readers.model import ReportRow
from service.moderation.queue.model import ClaimRow
from service.moderation.search.model import SearchEntryRow
from service.moderation.spam_training.train import unlearn
from service.platform.storage.portable import any_of, row_parameters


async def erase_comment_records(connection: AsyncConnection, site_id: int, ids: Sequence[UUID]) -> None:
    """Erase the records about the comments ``ids`` of a site, which are being erased; ``ids`` must not be empty."""
    dialect = connection.dialect.name
    given = row_parameters(dialect, [(id_,) for id_ in ids])
    for table in (FindingRow, CommentVersionRow, ReportRow, ClaimRow):
        await connection.execute(delete(table).where(any_of(dialect, table.comment_id)), given)
    await erase_learned_words(connection, site_id, ids)


async def erase_learned_words(connection: AsyncConnection, site_id: int, ids: Sequence[UUID]) -> None:
    """Erase the words of the comments ``ids`` from the search index and the spam training; ``ids`` must not be empty.

    The next sweep removes them from SQLite's full-text index.
    """
    dialect = connection.dialect.name
    given = row_parameters(dialect, [(id_,) for id_ in ids])
    document = bindparam("document", "", type_=SearchEntryRow.document.type)
    emptied = update(SearchEntryRow).values(document=document, has_stale_words=true())
    await connection.execute(emptied.where(any_of(dialect, SearchEntryRow.comment_id)), given)
    await unlearn(connection, site_id, ids)
