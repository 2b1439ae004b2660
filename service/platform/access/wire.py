"""Sessions on the wire."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from service.platform.access.sessions import Session
from service.platform.wire import Body


class SessionIn(Body):
    """A login request. Its limits are wider than those of new accounts, so a short password is just a wrong one."""

    name: Annotated[str, Meta(min_length=1, max_length=100)]
    password: Annotated[str, Meta(min_length=1, max_length=200)]


class ModeratorOut(msgspec.Struct):
    """A moderator with an account."""

    id: str
    name: str
    role: Literal["moderator", "admin"]


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
    return ModeratorOut(session.moderator_id, session.name, session.role)
