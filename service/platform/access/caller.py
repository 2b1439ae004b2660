"""The caller of a request, where the request came from, and the caller's permissions.

``routes.py`` lists for each route which of the sets below may call it; :func:`admit` enforces that.
"""

from typing import NamedTuple
from uuid import UUID

import msgspec

from service.platform.access.api_keys import Role
from service.platform.access.host_tokens import Profile
from service.platform.access.second_factors import SecondFactorMissing, lacks_second_factor
from service.platform.access.sessions import Session
from service.platform.events.record_decisions import Actor
from service.platform.problems import Forbidden, NotFound, Unauthenticated
from service.platform.sites.sections import Sections
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
    profile: Profile | None = None

    @property
    def moderator_id(self) -> str | None:
        """The id of the logged-in moderator's account, or None."""
        return self.session.moderator_id if self.session else None

    @property
    def actor(self) -> Actor:
        """The actor of this caller's decisions; the caller must have a role."""
        assert self.role
        return Actor("moderator", self.moderator_id) if self.session else Actor("key", self.key_id)

    @property
    def is_moderator(self) -> bool:
        """Whether the caller is a moderator or admin, who may see comments that are not public."""
        return self.role in MODERATOR

    @property
    def is_staff(self) -> bool:
        """Whether the caller posts as staff: a moderator, or a reader whom the host's token names as staff."""
        is_staff_of_host = self.profile is not None and self.profile.role == "staff"
        return self.session is not None or self.role == "moderator" or is_staff_of_host

    @property
    def is_anonymous(self) -> bool:
        """Whether the answer is the same for everyone, and so may be shared."""
        return self.role is None and self.reader_id is None

    @property
    def own_sections(self) -> Sections:
        """The sections to which a moderator is limited; None for no limit."""
        return self.session.sections if self.session else None

    def sections(self, section: str | None) -> Sections:
        """Return the sections to which a list with the filter ``section`` is limited; None for no limit.

        Raises NotFound if the caller is limited to other sections.
        """
        if section is None:
            return self.own_sections
        self.require_section(section)
        return (section,)

    def moderates(self, section: str | None) -> bool:
        """Whether the caller is not limited to other sections than that of a thread."""
        return self.own_sections is None or section in self.own_sections

    def require_section(self, section: str | None) -> None:
        """Check that the caller is not limited to other sections; raises NotFound."""
        if not self.moderates(section):
            raise NotFound

    def require_whole_site(self) -> None:
        """Check that the caller is not limited to sections; raises Forbidden."""
        if self.own_sections is not None:
            raise Forbidden

    def in_section(self, section: str | None) -> "Caller":
        """The caller as a reader of a thread: moderators who are limited to other sections see what readers see."""
        return self if self.moderates(section) else self.as_reader()

    def as_anyone(self) -> "Caller":
        """A caller who is not known, at the same site."""
        return self if self.is_anonymous else Caller(self.site)

    def as_reader(self) -> "Caller":
        """The same caller without a role, who sees what readers see."""
        return msgspec.structs.replace(self, role=None) if self.role else self


class PostOrigin(NamedTuple):
    """Where a post came from; ``address`` is None if the reader's own address is not known."""

    address: str | None
    user_agent: str
    referrer: str


CallerKinds = frozenset[Role | str]

ANYONE: CallerKinds = frozenset({"anyone", "reader", "host", "moderator", "admin"})
READER: CallerKinds = frozenset({"reader"})
HOST: CallerKinds = frozenset({"host", "admin"})
MODERATOR: CallerKinds = frozenset({"moderator", "admin"})
ADMIN: CallerKinds = frozenset({"admin"})
STAFF: CallerKinds = HOST | MODERATOR
PUBLIC: CallerKinds = frozenset({"anyone", "reader"})
SIGNED: CallerKinds = frozenset({"signed"})  # no key: the handler checks the signature of the body
SESSION: CallerKinds = frozenset({"session"})  # a logged-in moderator of any role, not a key
ACCOUNT: CallerKinds = MODERATOR | SESSION  # also a moderator who must set up a second factor first


def admit(caller: Caller, who: CallerKinds) -> None:
    """Check that ``who`` includes ``caller``.

    Raises :class:`Unauthenticated`, :class:`Forbidden`, or :class:`SecondFactorMissing`.
    """
    if caller.session and "session" not in who and lacks_second_factor(caller.session, caller.site):
        raise SecondFactorMissing
    kind = caller.role or ("reader" if caller.reader_id else "anyone")
    if kind in who or (caller.session and "session" in who) or (caller.is_anonymous and "signed" in who):
        return
    raise Unauthenticated if caller.is_anonymous else Forbidden
