"""Whatever else than the comment itself says what it said is forgotten: findings, reports, the index, the lessons."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import bindparam, delete, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from service.conversation.comments.model import FindingRow
from service.moderation.queue.model import ClaimRow
from service.moderation.reports.model import ReportRow
from service.moderation.search.model import SearchEntryRow
from service.moderation.spam_training.train import unlearn
from service.platform.storage.portable import any_of, rows_given


async def forget_beside(connection: AsyncConnection, site_id: int, ids: Sequence[UUID]) -> None:
    """Forget what is known beside the comments ``ids`` of a site, which are to be erased; there is one at least.

    The index lets go of the words with the next sweep.
    """
    dialect = connection.dialect.name
    given = rows_given(dialect, [(id_,) for id_ in ids])
    for table in (FindingRow, ReportRow, ClaimRow):
        await connection.execute(delete(table).where(any_of(dialect, table.comment_id)), given)
    document = bindparam("document", "", type_=SearchEntryRow.document.type)
    emptied = update(SearchEntryRow).values(document=document, left_words=true())
    await connection.execute(emptied.where(any_of(dialect, SearchEntryRow.comment_id)), given)
    await unlearn(connection, site_id, ids)
