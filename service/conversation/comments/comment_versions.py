"""Earlier versions of edited comments, for moderators only: kept until decided, then for the site's retention.

Promise 7: a text that was edited away is nowhere readers, hosts or receivers can get it. Only the review queue reads
this table, and the text goes when the comment's own text is deleted or erased.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Delete,
    ForeignKey,
    Index,
    ScalarSelect,
    bindparam,
    delete,
    exists,
    func,
    select,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Mapped, mapped_column

from service.conversation.comments.model import Comment, CommentRow, State
from service.platform import clock
from service.platform.events.model import DecisionRow
from service.platform.sites.site_lookup import Site
from service.platform.storage.engine import Database
from service.platform.storage.portable import any_of, insert_many, row_parameters
from service.platform.storage.schema import Base

MAX_VERSIONS = 10  # of a comment; an older one is deleted
BATCH = 500  # versions that one sweep prunes at once


class CommentVersionRow(Base):
    """The text that a comment had at ``revision``, until ``replaced_at``; ``size`` is its length in bytes."""

    __tablename__ = "comment_versions"
    __table_args__ = (
        Index("ix_comment_versions_site_id", "site_id", "replaced_at"),
        {"sqlite_with_rowid": False},
    )

    comment_id: Mapped[UUID] = mapped_column(ForeignKey("comments.id"), primary_key=True)
    revision: Mapped[int] = mapped_column(primary_key=True)
    site_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("sites.id"))
    replaced_at: Mapped[datetime]
    size: Mapped[int]
    body: Mapped[str]


class CommentVersion(NamedTuple):
    """An earlier text of a comment, its revision, and when it was replaced."""

    revision: int
    body: str
    replaced_at: datetime


async def keep_version(connection: AsyncConnection, site: Site, comment: Comment, *, now: datetime) -> None:
    """Keep the text of ``comment``, which is about to be replaced; at most :data:`MAX_VERSIONS` are kept."""
    if comment.edited_at is not None:
        given = {"of_comment": comment.id}
        await connection.execute(_DELETE_OLDEST, given)
    row = {
        "comment_id": comment.id,
        "revision": comment.revision,
        "site_id": site.id,
        "replaced_at": now,
        "size": len(comment.body.encode()),
        "body": comment.body,
    }
    await insert_many(connection, CommentVersionRow, [row])


_OF_COMMENT = CommentVersionRow.comment_id == bindparam("of_comment", type_=CommentVersionRow.comment_id.type)
_NEWEST = select(CommentVersionRow.revision).where(_OF_COMMENT).order_by(CommentVersionRow.revision.desc())
_DELETE_OLDEST = delete(CommentVersionRow).where(
    _OF_COMMENT, CommentVersionRow.revision.not_in(_NEWEST.limit(MAX_VERSIONS - 1))
)


async def delete_versions(connection: AsyncConnection, ids: Sequence[UUID]) -> None:
    """Delete all versions of the comments ``ids``, whose texts are deleted."""
    await connection.execute(delete(CommentVersionRow).where(CommentVersionRow.comment_id.in_(ids)))


def size_of_versions() -> ScalarSelect[int]:
    """The SQL expression for the bytes of all earlier versions of a comment; reads no text."""
    size = func.coalesce(func.sum(CommentVersionRow.size), 0)
    return select(size).where(CommentVersionRow.comment_id == CommentRow.id).correlate(CommentRow).scalar_subquery()


async def prune_versions(database: Database, sites: Sequence[Site]) -> None:
    """Prune the versions past each site's ``versions_retention_days``, at most :data:`BATCH` a site.

    The retention begins when the version is replaced, and again with each decision on its comment. Versions of a
    comment that awaits a decision stay.
    """
    now = clock.now()
    for site in sites:
        given = {"site": site.id, "before": now - timedelta(days=site.settings.versions_retention_days)}
        async with database.read() as connection:
            old = (await connection.execute(_OLD, given)).all()
        if old:
            async with database.write() as connection:
                await connection.execute(_prune(connection.dialect.name), _keys(connection.dialect.name, old))


_BEFORE = bindparam("before", type_=CommentVersionRow.replaced_at.type)
_DECIDED_SINCE = exists().where(
    DecisionRow.comment_id == CommentVersionRow.comment_id, DecisionRow.decided_at > _BEFORE
)
_OLD = (
    select(CommentVersionRow.comment_id, CommentVersionRow.revision)
    .join(CommentRow, CommentRow.id == CommentVersionRow.comment_id)
    .where(
        CommentVersionRow.site_id == bindparam("site"),
        CommentVersionRow.replaced_at <= _BEFORE,
        CommentRow.state != State.PENDING.value,
        func.coalesce(CommentRow.reports, 0) == 0,
        ~_DECIDED_SINCE,
    )
    .limit(BATCH)
)


@lru_cache
def _prune(dialect: str) -> Delete:
    row = CommentVersionRow
    return delete(row).where(any_of(dialect, row.comment_id, row.revision))


def _keys(dialect: str, old: Sequence[Any]) -> dict[str, Any]:
    return row_parameters(dialect, [tuple(each) for each in old])
