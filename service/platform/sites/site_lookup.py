"""Find the site of a request.

Sites are few and rarely change, so each process caches them for at most :data:`CACHE_TIME`. A process sees its own
changes at once. Posts do not rely on the cache: they read their site again under the lock.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol, TypeVar

import msgspec
from msgspec import UNSET
from sqlalchemy import Row, bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from service.platform import clock
from service.platform.problems import NotFound, Translated
from service.platform.sites.model import RulesRow, SiteRow
from service.platform.sites.opening_hours import Hours, hours_at
from service.platform.sites.site_rules import Rules, rules_of_section
from service.platform.sites.site_settings import OutsideHours, SectionSettings, SiteSettings
from service.platform.sites.site_status import SiteClosure, SiteStatus
from service.platform.storage.engine import Database
from service.platform.storage.single_flight import SingleFlight

SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
Kind = TypeVar("Kind", bound=msgspec.Struct)
_NO_SETTINGS = SectionSettings()
CACHE_TIME = timedelta(seconds=1)


class Site(msgspec.Struct, frozen=True):
    """One publication, as read from the database.

    ``revision`` increases with each change of name, locale, settings, rules or status. ``section_rules`` are those of
    the sections that have rules of their own.
    """

    id: int
    slug: str
    name: str
    locale: str
    revision: int
    settings: SiteSettings
    rules: Rules
    section_rules: Mapping[str, Rules] = {}
    status: SiteStatus = SiteStatus()

    def rules_in(self, section: str | None) -> Rules:
        """Return the rules of a section: its own, or else the site's; the same object each time."""
        return self.section_rules.get(section, self.rules) if section is not None else self.rules

    def hours_at(self, now: datetime, section: str | None = None) -> Hours | None:
        """Return the opening hours around ``now`` of a section, or else of the site; None if there are none."""
        own = self.section_settings(section).opening_hours
        hours = self.settings.opening_hours if own is UNSET else own
        return hours_at(hours, self.settings.time_zone, now) if hours else None

    def closure_at(self, now: datetime, section: str | None = None) -> SiteClosure | None:
        """Return what closes all threads of a section, or of none, at ``now``: the site's closure, or hours."""
        if closure := self.status.closure_at(now):
            return closure
        hours = self._hours_with("close", now, section)
        return None if hours is None or hours.is_open else SiteClosure(None, hours.since or now, hours.until, None)

    def holds_at(self, now: datetime, section: str | None = None) -> bool:
        """Whether all comments of a section, or of none, wait at ``now``: outside the hours, or as nobody decides."""
        if self.status.unattended_since is not None:
            return True
        hours = self._hours_with("hold", now, section)
        return hours is not None and not hours.is_open

    def changes_at(self, now: datetime, section: str | None = None) -> datetime | None:
        """Return when its closure, or the hours of a section, or else its own, next change by themselves."""
        closure, hours = self.status.closure_at(now), self.hours_at(now, section)
        changes = (closure.until if closure else None, hours.until if hours else None)
        return min(filter(None, changes), default=None)

    def section_settings(self, section: str | None) -> SectionSettings:
        """Return the settings of a section; all unset if it has none."""
        return self.settings.sections.get(section, _NO_SETTINGS) if section is not None else _NO_SETTINGS

    def _hours_with(self, effect: OutsideHours, now: datetime, section: str | None) -> Hours | None:
        """Return the hours around ``now`` if they have this ``effect`` outside them."""
        if section is None and not self.settings.opening_hours:
            return None  # at once: each post asks four times
        own = self.section_settings(section)
        hours = self.settings.opening_hours if own.opening_hours is UNSET else own.opening_hours
        if not hours or (own.outside_hours or self.settings.outside_hours) != effect:
            return None
        return hours_at(hours, self.settings.time_zone, now)


class HasSite(Protocol):
    """A caller of which only the site is needed; for packages that must not import ``access/``."""

    @property
    def site(self) -> Site:
        """The site of the request."""


class Sites:
    """The cached sites of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._cached: dict[str, tuple[Site, datetime]] = {}
        self._reads: SingleFlight[Site] = SingleFlight()
        self._evictions = 0

    async def find(self, slug: str) -> Site:
        """Find the site with this ``slug``; raises :class:`NotFound`."""
        if not SLUG.fullmatch(slug):
            raise NotFound(Translated("no-site"))
        return self._find_cached(slug) or await self._reads.call(slug, partial(self._read, slug))

    def _find_cached(self, slug: str) -> Site | None:
        site, read_at = self._cached.get(slug, (None, None))
        return site if read_at and abs(clock.now() - read_at) < CACHE_TIME else None

    def is_current(self, site: Site, now: datetime) -> bool:
        """Whether ``site`` is the cached one, and need not be read again yet."""
        cached, read_at = self._cached.get(site.slug, (None, None))
        return cached is site and read_at is not None and abs(now - read_at) < CACHE_TIME

    async def _read(self, slug: str) -> Site:
        now, (known, _), evictions = clock.now(), self._cached.get(slug, (None, None)), self._evictions
        async with self._database.read() as connection:
            site = await _read_site(connection, slug, known=known)
        if site is None:
            self._cached.pop(slug, None)
            raise NotFound(Translated("no-site"))
        if evictions == self._evictions:
            self._cached[slug] = site, now
        return site

    def evict(self, slug: str) -> None:
        """Evict the site from the cache."""
        self._evictions += 1
        self._cached.pop(slug, None)
        self._reads.detach(slug)


_RULES = select(RulesRow.rules).where(RulesRow.site_id == SiteRow.id).scalar_subquery()
COLUMNS = (
    SiteRow.id,
    SiteRow.slug,
    SiteRow.name,
    SiteRow.locale,
    SiteRow.revision,
    SiteRow.settings,
    _RULES,
    SiteRow.status,
)


async def _read_site(connection: AsyncConnection, slug: str, *, known: Site | None) -> Site | None:
    """Read the site ``slug``, or return ``known`` if its revision is current (rules can contain 10,000 words)."""
    if known and known.revision == await connection.scalar(_REVISION, {"slug": slug, "id": known.id}):
        return known
    row = (await connection.execute(select(*COLUMNS).where(SiteRow.slug == slug))).one_or_none()
    return site_of(row) if row else None


_REVISION = select(SiteRow.revision).where(SiteRow.slug == bindparam("slug"), SiteRow.id == bindparam("id"))


def site_of(row: Row[int, str, str, str, int, str, str | None, str]) -> Site:
    """Convert a row of :data:`COLUMNS` to a site."""
    settings, rules = _decode(row[5], SiteSettings), _decode(row[6] or "{}", Rules)
    of_sections, status = section_rules_of(settings, rules), _decode(row[7], SiteStatus)
    return Site(row[0], row[1], row[2], row[3], row[4], settings, rules, of_sections, status)


def section_rules_of(settings: SiteSettings, rules: Rules) -> dict[str, Rules]:
    """Return the rules of each section that has rules of its own."""
    sections = settings.sections.items()
    return {name: rules_of_section(rules, each.rules) for name, each in sections if each.rules is not UNSET}


def _decode(text: str, kind: type[Kind]) -> Kind:
    """Decode ``text`` as ``kind``, as any release stored it.

    Fields that only another release knows are ignored, and final newlines, which earlier ones accepted, are removed.
    """
    try:
        return msgspec.json.decode(text, type=kind)
    except msgspec.ValidationError:
        known = set(kind.__struct_fields__)
        members = {name: each for name, each in msgspec.json.decode(text).items() if name in known}
        lines = {name: each.removesuffix("\n") for name, each in members.items() if isinstance(each, str)}
        return msgspec.convert(members | lines, kind)


async def current_sites(connection: AsyncConnection, known: Mapping[int, Site]) -> dict[int, Site]:
    """Return the sites ``known`` as of this transaction; reads only those whose revision has changed."""
    revisions = await connection.execute(_REVISIONS, {"ids": sorted(known)})
    changed = [site_id for site_id, revision in revisions if known[site_id].revision != revision]
    return {**known, **(await read_sites(connection, changed) if changed else {})}


_REVISIONS = select(SiteRow.id, SiteRow.revision).where(SiteRow.id.in_(bindparam("ids", expanding=True)))


async def read_sites(connection: AsyncConnection, ids: Iterable[int]) -> dict[int, Site]:
    """Read the sites ``ids`` as of the transaction of ``connection``."""
    rows = await connection.execute(select(*COLUMNS).where(SiteRow.id.in_(sorted(ids))))
    return {row.id: site_of(row) for row in rows}
