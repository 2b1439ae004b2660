"""The table of sites, each with the head of its log, and that of their rules."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from service.storage.schema import Base, RowId


class SiteRow(Base):
    """One publication. ``position`` is the head of its log of events and always the last lock of a transaction."""

    __tablename__ = "sites"
    __table_args__ = (CheckConstraint("position >= 0", name="position"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    slug: Mapped[str] = mapped_column(String(63), unique=True)
    name: Mapped[str]
    locale: Mapped[str] = mapped_column(String(35))
    settings: Mapped[str]
    revision: Mapped[int]
    position: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime]


class RulesRow(Base):
    """A site's rules, where it has any. Apart from the site, whose row is written anew with each commit to its log."""

    __tablename__ = "rules"

    site_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("sites.id"), primary_key=True)
    rules: Mapped[str]
