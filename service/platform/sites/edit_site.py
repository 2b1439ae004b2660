"""Add and change sites."""

import hashlib

import msgspec
from babel import Locale, UnknownLocaleError
from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from service.platform import clock
from service.platform.sites.model import RulesRow, SiteRow
from service.platform.sites.site_lookup import COLUMNS, SLUG, Site, section_rules_of, site_of
from service.platform.sites.site_rules import Rules
from service.platform.sites.site_settings import SiteSettings
from service.platform.sites.site_status import SiteStatus
from service.platform.text.plain_text import clean_line, is_blank

# The first path segments of the service's own pages, which a site's pages (/{site}/{article}) must not hide.
RESERVED = {"desk", "docs", "healthz", "metrics", "problems", "readyz", "static", "v1"}


class InvalidSite(Exception):
    """The site is invalid or missing; the message is one line for the operator."""


class ChangedMeanwhile(Exception):
    """Somebody else has changed the rules or settings since the caller read them."""


async def add_site(
    connection: AsyncConnection,
    slug: str,
    *,
    name: str,
    locale: str,
    settings: SiteSettings,
    rules: Rules | None = None,
) -> Site:
    """Add a site. ``slug`` is its path segment, ``locale`` a BCP 47 tag; without ``rules``, no rule applies.

    Raises :class:`InvalidSite`.
    """
    if not SLUG.fullmatch(slug):
        raise InvalidSite(
            f"“{slug}” is not a valid slug: use 1 to 63 of a–z, 0–9 and hyphens, with no hyphen at either end."
        )
    if slug in RESERVED:
        raise InvalidSite(f"“{slug}” is reserved: the service uses this path itself. Choose another slug.")
    values = {"slug": slug, "name": _name(name), "locale": _locale(locale), "revision": 1, "position": 0}
    statement = insert(SiteRow).values(**values, settings=_encode(settings), created_at=clock.now())
    try:
        site_id = (await connection.execute(statement.returning(SiteRow.id))).scalar_one()
    except IntegrityError:
        raise InvalidSite(f"There is already a site “{slug}”.") from None
    if rules is not None:
        await connection.execute(insert(RulesRow).values(site_id=site_id, rules=_encode(rules)))
    return await find_site(connection, slug)


async def list_sites(connection: AsyncConnection) -> list[Site]:
    """List all sites by slug."""
    return [site_of(row) for row in await connection.execute(select(*COLUMNS).order_by(SiteRow.slug))]


async def find_site(connection: AsyncConnection, slug: str) -> Site:
    """Find the site with this ``slug`` in this transaction; raises :class:`InvalidSite`."""
    row = (await connection.execute(select(*COLUMNS).where(SiteRow.slug == slug))).one_or_none()
    if row is None:
        raise InvalidSite(f"There is no site “{slug}”.")
    return site_of(row)


async def lock_site(connection: AsyncConnection, slug: str) -> Site:
    """Lock the site with this ``slug`` until the transaction ends; raises :class:`InvalidSite`.

    This locks the site's log head, so take all other locks before it.
    """
    await connection.execute(select(SiteRow.id).where(SiteRow.slug == slug).with_for_update())
    return await find_site(connection, slug)


def changed_fields(before: msgspec.Struct, after: msgspec.Struct) -> str | None:
    """The names of the fields that differ, for the decision log (“mode, max_depth”), or None."""
    names = (name for name in before.__struct_fields__ if getattr(before, name) != getattr(after, name))
    return ", ".join(names) or None


def version_of(struct: msgspec.Struct) -> str:
    """Return a short digest of rules or settings, to notice that they have changed."""
    return hashlib.sha256(msgspec.json.encode(struct, order="deterministic")).hexdigest()[:16]


def require_version(struct: msgspec.Struct, version: str | None) -> None:
    """Raise :class:`ChangedMeanwhile` if ``version`` is given and is not that of ``struct``."""
    if version is not None and version != version_of(struct):
        raise ChangedMeanwhile


async def change_site(
    connection: AsyncConnection, site: Site, *, name: str | None, locale: str | None, settings: SiteSettings
) -> Site:
    """Save the changes of ``site``, read in this transaction, and increment its revision.

    That invalidates all its cached responses.
    """
    statement = (
        update(SiteRow)
        .where(SiteRow.id == site.id)
        .values(
            name=site.name if name is None else _name(name),
            locale=site.locale if locale is None else _locale(locale),
            settings=_encode(settings),
            revision=SiteRow.revision + 1,
        )
        .returning(SiteRow.name, SiteRow.locale, SiteRow.revision)
    )
    name, locale, revision = (await connection.execute(statement)).one()
    own_rules = section_rules_of(settings, site.rules)
    return msgspec.structs.replace(
        site, name=name, locale=locale, revision=revision, settings=settings, section_rules=own_rules
    )


async def change_rules(connection: AsyncConnection, site: Site, rules: Rules) -> None:
    """Replace the site's rules. They apply to comments that arrive from now on."""
    await connection.execute(update(SiteRow).where(SiteRow.id == site.id).values(revision=SiteRow.revision + 1))
    await connection.execute(delete(RulesRow).where(RulesRow.site_id == site.id))
    await connection.execute(insert(RulesRow).values(site_id=site.id, rules=_encode(rules)))


async def change_status(connection: AsyncConnection, site: Site, status: SiteStatus) -> None:
    """Save the new status of ``site``, which is locked, and increment its revision."""
    values = {"status": _encode(status), "revision": SiteRow.revision + 1}
    await connection.execute(update(SiteRow).where(SiteRow.id == site.id).values(values))


def _encode(struct: msgspec.Struct) -> str:
    return msgspec.json.encode(struct).decode()


def _name(name: str) -> str:
    name = clean_line(name)
    if is_blank(name):
        raise InvalidSite("A site's name must not be blank.")
    return name


def _locale(tag: str) -> str:
    try:
        Locale.parse(tag, sep="-" if "-" in tag else "_")
    except (UnknownLocaleError, ValueError):
        raise InvalidSite(f"“{tag}” is not a valid locale; use one such as en or pt-BR.") from None
    return tag.replace("_", "-")
