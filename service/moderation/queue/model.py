"""The table of claims."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from service.platform.storage.schema import Base


class ClaimRow(Base):
    """A comment claimed by a moderator or an API key, until a time."""

    __tablename__ = "claims"
    __table_args__ = ({"sqlite_with_rowid": False},)

    comment_id: Mapped[UUID] = mapped_column(ForeignKey("comments.id"), primary_key=True)
    claimed_by: Mapped[str] = mapped_column(String(12), index=True)
    until: Mapped[datetime]
