"""The table of training examples."""

from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from service.platform.storage.schema import Base


class TrainingExampleRow(Base):
    """A comment that trained the spam filter through a moderator's decision, until either is undone or deleted.

    ``features`` (MessagePack) are those that were counted, so they can be subtracted even after the text has changed.
    """

    __tablename__ = "training_examples"
    __table_args__ = (
        Index("ix_training_examples_site_id", "site_id", "spam", "position"),
        {"sqlite_with_rowid": False},
    )

    comment_id: Mapped[UUID] = mapped_column(ForeignKey("comments.id"), primary_key=True)
    site_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("sites.id"))
    position: Mapped[int] = mapped_column(BigInteger)
    spam: Mapped[bool]
    features: Mapped[bytes]
