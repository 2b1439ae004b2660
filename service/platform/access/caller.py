"""The caller of a request, from ``Authorization: Bearer`` (RFC 6750), and the caller's permissions.

``routes.py`` lists for each route which of the sets below may call it; :func:`admit` enforces that.
"""

from uuid import UUID

import msgspec
from starlette.requests import Request

from service.platform.access import author_tokens
from service.platform.access.api_keys import PREFIX as KEY_PREFIX
from service.platform.access.api_keys import Keys, Role
from service.platform.access.author_tokens import AuthorTokens
from service.platform.access.host_tokens import HostTokens, Profile
from service.platform.access.sessions import PREFIX as SESSION_PREFIX
from service.platform.access.sessions import Session, Sessions
from service.platform.events.record_decisions import Actor
from service.platform.languages.messages import negotiate
from service.platform.problems import Forbidden, Unauthenticated, WrongSite
from service.platform.sites.site_lookup import Site


class Caller(msgspec.Struct, frozen=True):
    """The caller of a request to a site: a key or moderator with a role, a reader, or an anonymous client.

    A reader has an author token, or a ``profile`` if the host signed them in.
    """

    site: Site
    role: Role | None = None
    key_id: str | None = None
    reader_id: UUID | None = None
    session: Session | None = None

    @property
    def moderator_id(self) -> str | None:
        """The id of the logged-in moderator's account, or None."""
        return self.session.moderator_id if self.session else None

    profile: Profile | None = None

    @property
    def actor(self) -> Actor:
        """The actor of this caller's decisions; the caller must have a role."""
        assert self.role
        return Actor("moderator", self.moderator_id) if self.session else Actor("key", self.key_id)

    @property
    def judges(self) -> bool:
        """Whether the caller is a moderator, who may see comments that are not public."""
        return self.role in MODERATOR

    @property
    def hosts(self) -> bool:
        """Whether the caller is the host's system or an admin."""
        return self.role in HOST

    @property
    def is_anonymous(self) -> bool:
        """Whether the answer is the same for everyone, and so may be shared."""
        return self.role is None and self.reader_id is None


Who = frozenset[Role | str]

ANYONE: Who = frozenset({"anyone", "reader", "host", "moderator", "admin"})
READER: Who = frozenset({"reader"})
HOST: Who = frozenset({"host", "admin"})
MODERATOR: Who = frozenset({"moderator", "admin"})
ADMIN: Who = frozenset({"admin"})
STAFF: Who = HOST | MODERATOR
PUBLIC: Who = frozenset({"anyone", "reader"})
SIGNED: Who = frozenset({"signed"})  # no key: the handler checks the signature of the body
SESSION: Who = frozenset({"session"})  # a logged-in moderator of any role, not a key


async def identify(
    request: Request,
    site: Site,
    *,
    keys: Keys,
    tokens: AuthorTokens,
    host_tokens: HostTokens,
    sessions: Sessions,
) -> Caller:
    """Identify the caller of ``request`` to ``site``; raises :class:`Unauthenticated` for invalid credentials."""
    authorization = request.headers.get("authorization")
    if authorization is None:
        return Caller(site)
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token.isascii():
        raise Unauthenticated("Send the key or token as “Authorization: Bearer …”.", given=True)
    if token.startswith(author_tokens.PREFIX):
        return _reader(site, token, tokens)
    if token.startswith(SESSION_PREFIX):
        return await _moderator(site, token, sessions)
    # Of all credentials, only host tokens (JWT) contain dots.
    if token.count(".") == 2 and not token.startswith(KEY_PREFIX):
        reader_id, profile = await host_tokens.read(site, token)
        return Caller(site, reader_id=reader_id, profile=profile)
    return await _key_holder(site, token, keys)


def _reader(site: Site, token: str, tokens: AuthorTokens) -> Caller:
    reader_id = tokens.read(site.id, token)
    if reader_id is None:
        raise Unauthenticated("This author token is not one of this site's.", given=True)
    return Caller(site, reader_id=reader_id)


async def _key_holder(site: Site, token: str, known: Keys) -> Caller:
    key = await known.check(token) if token.startswith(KEY_PREFIX) else None
    if key is None:
        raise Unauthenticated("This key is unknown or revoked.", given=True)
    if key.site_id != site.id:
        raise WrongSite
    return Caller(site, role=key.role, key_id=key.id)


async def _moderator(site: Site, token: str, known: Sessions) -> Caller:
    session = await known.check(token)
    if session is None:
        raise Unauthenticated("This session is over; log in again.", given=True)
    if session.site_id != site.id:
        raise WrongSite
    return Caller(site, role=session.role, session=session)


def admit(caller: Caller, who: Who) -> None:
    """Check that ``who`` includes ``caller``; raises :class:`Unauthenticated` or :class:`Forbidden`."""
    kind = caller.role or ("reader" if caller.reader_id else "anyone")
    if kind in who or (caller.session and "session" in who) or (caller.is_anonymous and "signed" in who):
        return
    raise Unauthenticated if caller.is_anonymous else Forbidden


def locale_of(request: Request, caller: Caller) -> str:
    """The locale of the answer: the reader's (``Accept-Language``) if there is a catalogue for it, else the site's."""
    return negotiate(request.headers.get("accept-language"), site_locale=caller.site.locale)
