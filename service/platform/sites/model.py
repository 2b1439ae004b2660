"""The tables of sites, each with the head of its log, of their rules and of their secrets."""

from datetime import datetime
from typing import Literal, get_args

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from service.platform.storage.schema import Base, RowId, one_of

SecretName = Literal["host-token", "akismet-key", "article-hooks"]
SECRETS: tuple[SecretName, ...] = get_args(SecretName)


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


class SecretRow(Base):
    """A secret of a site that must be used again, sealed with the installation's secret key."""

    __tablename__ = "site_secrets"
    __table_args__ = (one_of("name", SECRETS),)

    site_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("sites.id"), primary_key=True)
    name: Mapped[str] = mapped_column(String(20), primary_key=True)
    sealed: Mapped[bytes]
    created_at: Mapped[datetime]
