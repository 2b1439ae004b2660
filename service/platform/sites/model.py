"""The tables of sites (with the head of their log), rules and secrets."""

from datetime import datetime
from typing import Literal, get_args

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from service.platform.storage.schema import Base, RowId, one_of

SecretName = Literal["host-token", "akismet-key", "article-webhooks", "screening-webhook", "oidc-client"]
SECRETS: tuple[SecretName, ...] = get_args(SecretName)


class SiteRow(Base):
    """One publication. ``position`` is the head of its event log and always the last lock of a transaction."""

    __tablename__ = "sites"
    __table_args__ = (CheckConstraint("position >= 0", name="position"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    slug: Mapped[str] = mapped_column(String(63), unique=True)
    name: Mapped[str]
    locale: Mapped[str] = mapped_column(String(35))
    settings: Mapped[str]
    status: Mapped[str] = mapped_column(server_default="{}")
    revision: Mapped[int]
    position: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime]


class RulesRow(Base):
    """A site's rules, if any. Kept out of the site's row, which every commit to the log rewrites."""

    __tablename__ = "rules"

    site_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("sites.id"), primary_key=True)
    rules: Mapped[str]


class SecretRow(Base):
    """A site's secret that is needed in plain text, sealed with the installation's secret key."""

    __tablename__ = "site_secrets"
    __table_args__ = (one_of("name", SECRETS),)

    site_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("sites.id"), primary_key=True)
    name: Mapped[str] = mapped_column(String(20), primary_key=True)
    sealed: Mapped[bytes]
    created_at: Mapped[datetime]
