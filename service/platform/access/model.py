"""The tables of API keys, moderator accounts, their second factors, and sessions."""

from datetime import datetime

from sqlalchemy import BigInteger, ColumnElement, ForeignKey, Index, LargeBinary, String, and_, or_, select, text
from sqlalchemy.orm import Mapped, mapped_column

from service.platform.storage.schema import Base, one_of

ROLES = ("host", "moderator", "admin")
MODERATOR_ROLES = ("moderator", "admin")
METHODS = ("password", "oidc", "token")
_ACTIVE = text("removed_at IS NULL")
_EXTERNAL = text("issuer IS NOT NULL")


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

    ``sections``, a JSON list, are those to which a moderator is limited; null for no limit. An account that a provider
    vouches for has its ``issuer`` and ``subject``, and a password hash that no password matches.
    """

    __tablename__ = "moderators"
    __table_args__ = (
        Index(
            "ix_moderators_name", "site_id", "folded_name", unique=True, sqlite_where=_ACTIVE, postgresql_where=_ACTIVE
        ),
        Index(
            "ix_moderators_subject",
            "site_id",
            "issuer",
            "subject",
            unique=True,
            sqlite_where=_EXTERNAL,
            postgresql_where=_EXTERNAL,
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
    issuer: Mapped[str | None] = mapped_column(String(500))
    subject: Mapped[str | None] = mapped_column(String(255))
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime | None]
    removed_at: Mapped[datetime | None]


class SessionRow(Base):
    """A moderator's session; the id is the hash of its token. ``method`` says what proved who the moderator is."""

    __tablename__ = "sessions"
    __table_args__ = (one_of("method", METHODS),)

    id: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    moderator_id: Mapped[str] = mapped_column(String(12), ForeignKey("moderators.id"), index=True)
    method: Mapped[str] = mapped_column(String(16), server_default="password")
    user_agent: Mapped[str | None] = mapped_column(String(300))
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class SecondFactorRow(Base):
    """The sealed TOTP secret of a moderator. ``last_step`` is the time step of the last code, which is used up."""

    __tablename__ = "second_factors"

    moderator_id: Mapped[str] = mapped_column(String(12), ForeignKey("moderators.id"), primary_key=True)
    sealed: Mapped[bytes]
    last_step: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime]


class RecoveryCodeRow(Base):
    """The hash of a recovery code that is not used yet."""

    __tablename__ = "recovery_codes"

    moderator_id: Mapped[str] = mapped_column(String(12), ForeignKey("moderators.id"), primary_key=True)
    hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)


class PendingSignInRow(Base):
    """A sign-in that a provider has not answered yet; the id is the hash of the browser's token for it."""

    __tablename__ = "pending_sign_ins"

    id: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    site_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("sites.id"))
    sealed: Mapped[bytes]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class UsedTokenRow(Base):
    """The hash of the ``jti`` of a desk token that was used, until the token expires."""

    __tablename__ = "used_desk_tokens"

    site_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("sites.id"), primary_key=True)
    hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)


def is_younger(row: type[ApiKeyRow] | type[ModeratorRow], than: str) -> ColumnElement[bool]:
    """Whether a key or account was created after the one with the id ``than``; ids break ties."""
    created_at = select(row.created_at).where(row.id == than).scalar_subquery()
    return or_(row.created_at > created_at, and_(row.created_at == created_at, row.id > than))
