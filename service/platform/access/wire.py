"""Sessions, API keys and moderators' accounts on the wire."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from service.platform.access.api_keys import Role
from service.platform.access.moderator_accounts import ModeratorRole
from service.platform.access.sessions import Session
from service.platform.sites.sections import MAX_SECTIONS, SectionName
from service.platform.wire import Body


class SessionIn(Body):
    """A login request. Its limits are wider than those of new accounts, so a short password is just a wrong one.

    ``code`` is that of the account's second factor, or a recovery code.
    """

    name: Annotated[str, Meta(min_length=1, max_length=100)]
    password: Annotated[str, Meta(min_length=1, max_length=200)]
    code: Annotated[str, Meta(min_length=1, max_length=40)] | None = None


class ModeratorOut(msgspec.Struct):
    """A moderator with an account; ``sections`` are those to which they are limited."""

    id: str
    name: str
    role: ModeratorRole
    sections: list[str] | None


class SessionOut(msgspec.Struct):
    """The current session and its expiry."""

    expires_at: datetime
    moderator: ModeratorOut


class NewSession(msgspec.Struct):
    """A new session and its token."""

    token: str
    expires_at: datetime
    moderator: ModeratorOut


def session_out(session: Session) -> SessionOut:
    """``session`` as its moderator sees it."""
    return SessionOut(session.expires_at, _moderator_out(session))


def new_session(token: str, session: Session) -> NewSession:
    """Return ``session`` with its token, the response to a log-in."""
    return NewSession(token, session.expires_at, _moderator_out(session))


def _moderator_out(session: Session) -> ModeratorOut:
    sections = None if session.sections is None else [*session.sections]
    return ModeratorOut(session.moderator_id, session.name, session.role, sections)


class KeysQuery(Body):
    """Query of a page of API keys."""

    limit: Annotated[int, Meta(ge=1, le=200)] = 50
    cursor: str | None = None


class AccountsQuery(KeysQuery):
    """Query of a page of moderators' accounts."""


class ApiKeyIn(Body):
    """An API key to create."""

    role: Role


class ApiKeyOut(msgspec.Struct):
    """An API key without its secret."""

    id: str
    role: Role
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


class ApiKeys(msgspec.Struct):
    """A page of the API keys of a site, oldest first, and the cursor of the next page."""

    keys: list[ApiKeyOut]
    next: str | None


class ApiKeySecret(msgspec.Struct):
    """A new API key; ``secret`` is what callers send, and is shown only once."""

    key: ApiKeyOut
    secret: str


SectionNames = Annotated[list[SectionName], Meta(min_length=1, max_length=MAX_SECTIONS)]
Password = Annotated[str, Meta(min_length=12, max_length=200)]


class AccountIn(Body):
    """A moderator's account to create; without a ``password``, one is generated."""

    name: Annotated[str, Meta(min_length=1, max_length=100)]
    role: ModeratorRole
    sections: SectionNames | None = None
    password: Password | None = None


class AccountChanges(Body):
    """Changes to an account; omitted members keep their values. A new password ends its sessions."""

    role: ModeratorRole | UnsetType = UNSET
    sections: SectionNames | None | UnsetType = UNSET
    password: Password | UnsetType = UNSET


class AccountOut(msgspec.Struct):
    """A moderator's account."""

    id: str
    name: str
    role: ModeratorRole
    sections: list[str] | None
    created_at: datetime
    last_seen_at: datetime | None
    removed_at: datetime | None


class Accounts(msgspec.Struct):
    """A page of the moderators' accounts of a site, oldest first, and the cursor of the next page."""

    moderators: list[AccountOut]
    next: str | None


class NewAccount(msgspec.Struct):
    """A new account; ``password`` is the generated one, shown only once, or null if the request had one."""

    moderator: AccountOut
    password: str | None
