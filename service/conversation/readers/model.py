"""The table of bans."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from service.platform.storage.schema import Base, one_of

KINDS = ("reader", "email", "domain", "address")


class BanRow(Base):
    """A ban on posting, permanent or until a time.

    ``fingerprint`` is a keyed hash (``access/fingerprints.py``); no e-mail or address is stored. ``masked_value`` is
    what moderators see. ``ended_at`` is the time a moderator ended the ban.
    """

    __tablename__ = "bans"
    __table_args__ = (
        Index("ix_bans_site_id", "site_id", "id"),
        Index("ix_bans_fingerprint", "site_id", "fingerprint"),
        one_of("kind", KINDS),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("sites.id"))
    kind: Mapped[str] = mapped_column(String(7))
    fingerprint: Mapped[int] = mapped_column(BigInteger)
    masked_value: Mapped[str] = mapped_column(String(260))
    reader_id: Mapped[UUID | None]
    reason: Mapped[str | None] = mapped_column(String(500))
    until: Mapped[datetime | None]
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
