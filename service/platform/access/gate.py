"""Identify the caller of a request, from ``Authorization: Bearer`` (RFC 6750), and count it against the rate limits."""

from uuid import UUID

import msgspec

from service.platform.access import author_tokens
from service.platform.access.api_keys import PREFIX as KEY_PREFIX
from service.platform.access.api_keys import Keys
from service.platform.access.author_tokens import AuthorTokens
from service.platform.access.caller import Caller
from service.platform.access.device_cookies import DeviceCookies
from service.platform.access.fingerprints import Fingerprints
from service.platform.access.host_tokens import HostTokens
from service.platform.access.passwords import Passwords
from service.platform.access.rate_limits import LimitStatus, PostLimits, RateLimited, RateLimits, network_of
from service.platform.access.second_factors import SecondFactors
from service.platform.access.sessions import PREFIX as SESSION_PREFIX
from service.platform.access.sessions import Session, Sessions
from service.platform.problems import Unauthenticated, WrongSite
from service.platform.sites.site_lookup import Site, Sites


class Gate(msgspec.Struct, frozen=True):
    """The services that identify and limit callers, one per app.

    ``open_rates`` is the rate limit per address of requests that belong to no site.
    """

    sites: Sites
    keys: Keys
    tokens: AuthorTokens
    host_tokens: HostTokens
    limits: RateLimits
    fingerprints: Fingerprints
    sessions: Sessions
    passwords: Passwords
    devices: DeviceCookies
    second_factors: SecondFactors
    open_rates: str | None = None

    async def identify_and_count(
        self, site: Site, *, authorization: str | None, address: str | None, counts_as_use: bool = True
    ) -> tuple[Caller, LimitStatus | None]:
        """Identify the caller by the ``Authorization`` header, and count the request; return its limit, if any.

        A request that does not count as use does not keep a session alive.

        A request with an invalid key or that of another site counts against its address, like one without a key. Raises
        :class:`Unauthenticated` or :class:`WrongSite` for invalid credentials, and :class:`RateLimited`.
        """
        try:
            caller = await self._identify(site, authorization, counts_as_use=counts_as_use)
        except (Unauthenticated, WrongSite):
            await self.count_address(site, address)
            raise
        return caller, await self._count_request(caller, address)

    async def _identify(self, site: Site, authorization: str | None, *, counts_as_use: bool) -> Caller:
        if authorization is None:
            return Caller(site)
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token.isascii():
            raise Unauthenticated("Send the key or token as “Authorization: Bearer KEY”.", given=True)
        if token.startswith(author_tokens.PREFIX):
            return _reader(site, token, self.tokens)
        if token.startswith(SESSION_PREFIX):
            return _moderator(site, await self.sessions.check(token, counts_as_use=counts_as_use))
        # Of all credentials, only host tokens (JWT) contain dots.
        if token.count(".") == 2 and not token.startswith(KEY_PREFIX):
            reader_id, profile = await self.host_tokens.read(site, token)
            return Caller(site, reader_id=reader_id, profile=profile)
        return await _key_holder(site, token, self.keys)

    async def _count_request(self, caller: Caller, address: str | None) -> LimitStatus | None:
        """Count a request against its key or session, else against its address."""
        if holder := caller.key_id or caller.moderator_id:
            rates = caller.site.settings.request_limit_per_key
            return await self.limits.count("request-limit-per-key", rates, caller.site, holder)
        return await self.count_address(caller.site, address)

    async def count_address(self, site: Site, address: str | None) -> LimitStatus | None:
        """Count a request against its address; raises RateLimited."""
        rates = site.settings.request_limit_per_address
        if not address:
            return None
        return await self.limits.count("request-limit-per-address", rates, site, network_of(address))

    def is_within_limit(self, site: Site, client: tuple[str, int] | None) -> bool:
        """Count a request against its address, as :meth:`count_address` does; False if that has to decide."""
        rates = site.settings.request_limit_per_address
        if rates is None or client is None or not client[0]:
            return rates is None
        return self.limits.count_now("request-limit-per-address", rates, site, network_of(client[0]))

    async def count_open(self, address: str | None) -> None:
        """Count a request that belongs to no site against its address; raises RateLimited."""
        if address:
            await self.limits.count("open-request-limit-per-address", self.open_rates, None, network_of(address))

    def reader_id_of(self, caller: Caller) -> UUID | None:
        """Return the id under which ``caller`` posts: a reader's own, or that of a logged-in moderator; else None."""
        if caller.moderator_id is None:
            return caller.reader_id
        return self.host_tokens.reader_id_of_moderator(caller.site, caller.moderator_id)

    async def count_post(self, caller: Caller, address: str | None) -> PostLimits:
        """Count a post against its address and its reader, up to the first limit that it exceeds.

        A post with an API key has no limit, nor has one of staff if the site exempts them.
        """
        if caller.key_id or (caller.is_staff and caller.site.settings.exempt_staff):
            return PostLimits()
        settings, statuses = caller.site.settings, []
        counted = [
            ("post-limit-per-address", settings.post_limit_per_address, network_of(address) if address else None),
            (
                "post-limit-per-reader",
                settings.post_limit_per_reader,
                str(caller.reader_id or caller.moderator_id or ""),
            ),
        ]
        try:
            for policy, rates, client in counted:
                if client and (status := await self.limits.count(policy, rates, caller.site, client)):
                    statuses.append(status)
        except RateLimited as problem:
            return PostLimits(tuple(statuses), exceeded=problem.limit)
        return PostLimits(tuple(statuses))


def _reader(site: Site, token: str, tokens: AuthorTokens) -> Caller:
    reader_id = tokens.read(site.id, token)
    if reader_id is None:
        raise Unauthenticated("This author token is not valid at this site.", given=True)
    return Caller(site, reader_id=reader_id)


async def _key_holder(site: Site, token: str, keys: Keys) -> Caller:
    key = await keys.check(token) if token.startswith(KEY_PREFIX) else None
    if key is None:
        raise Unauthenticated("This key is unknown or revoked.", given=True)
    if key.site_id != site.id:
        raise WrongSite
    return Caller(site, role=key.role, key_id=key.id)


def _moderator(site: Site, session: Session | None) -> Caller:
    if session is None:
        raise Unauthenticated("This session has ended; log in again.", given=True)
    if session.site_id != site.id:
        raise WrongSite
    return Caller(site, role=session.role, session=session)
