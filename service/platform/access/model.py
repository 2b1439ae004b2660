"""The tables of API keys, moderator accounts and sessions."""

from datetime import datetime

from sqlalchemy import BigInteger, ColumnElement, ForeignKey, Index, LargeBinary, String, and_, or_, select, text
from sqlalchemy.orm import Mapped, mapped_column

from service.platform.storage.schema import Base, one_of

ROLES = ("host", "moderator", "admin")
MODERATOR_ROLES = ("moderator", "admin")
_ACTIVE = text("removed_at IS NULL")


class ApiKeyRow(Base):
    """An API key of a site. Only the hash of its secret is stored."""

    __tablename__ = "api_keys"
    __table_args__ = (one_of("role", ROLES),)

    id: Mapped[str] = mapped_column(String(12), primary_key=True)
    site_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("sites.id"), index=True)
    role: Mapped[str] = mapped_column(String(16))
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class ModeratorRow(Base):
    """A moderator's account, with a unique name at its site. Removed accounts stay for the decision log.

    ``sections``, a JSON list, are those to which a moderator is limited; null for no limit.
    """

    __tablename__ = "moderators"
    __table_args__ = (
        Index(
            "ix_moderators_name", "site_id", "folded_name", unique=True, sqlite_where=_ACTIVE, postgresql_where=_ACTIVE
        ),
        one_of("role", MODERATOR_ROLES),
    )

    id: Mapped[str] = mapped_column(String(12), primary_key=True)
    site_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("sites.id"))
    name: Mapped[str] = mapped_column(String(100))
    folded_name: Mapped[str] = mapped_column(String(300))
    role: Mapped[str] = mapped_column(String(16))
    sections: Mapped[str | None]
    password_hash: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime | None]
    removed_at: Mapped[datetime | None]


class SessionRow(Base):
    """A moderator's session; the id is the hash of its token."""

    __tablename__ = "sessions"

    id: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    moderator_id: Mapped[str] = mapped_column(String(12), ForeignKey("moderators.id"), index=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)


def is_younger(row: type[ApiKeyRow] | type[ModeratorRow], than: str) -> ColumnElement[bool]:
    """Whether a key or account was created after the one with the id ``than``; ids break ties."""
    created_at = select(row.created_at).where(row.id == than).scalar_subquery()
    return or_(row.created_at > created_at, and_(row.created_at == created_at, row.id > than))
