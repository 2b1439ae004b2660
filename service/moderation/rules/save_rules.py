"""Save a site's rules and settings: each change is checked, applied under the site's lock and logged as a decision."""

import asyncio
from typing import Any

import msgspec

from service.platform import clock
from service.platform.events.record_decisions import Actor, NewDecision, record_decisions
from service.platform.outbound.safe_client import TargetRefused, Targets
from service.platform.problems import InvalidField
from service.platform.sites.check_settings import check_settings
from service.platform.sites.edit_site import change_rules, change_site, changed_fields, lock_site, require_version
from service.platform.sites.site_lookup import Site, Sites
from service.platform.sites.site_rules import Rules
from service.platform.sites.site_settings import SiteSettings
from service.platform.storage.engine import Database
from service.platform.text.field_types import read_web_url


async def save_rules(
    database: Database, sites: Sites, site: Site, rules: Rules, *, by: Actor, version: str | None = None
) -> None:
    """Replace the rules of ``site`` by ``rules``, which are checked; they apply to comments from now on.

    ``version`` is that of the rules that the caller saw; raises ChangedMeanwhile if there are others now.
    """
    async with database.write() as connection:
        locked = await lock_site(connection, site.slug)
        require_version(locked.rules, version)
        await change_rules(connection, locked, rules)
        decision = NewDecision(locked.id, "rules", by, reason=changed_fields(locked.rules, rules))
        await record_decisions(connection, [decision], now=clock.now())
    sites.evict(site.slug)


async def save_settings(
    database: Database, sites: Sites, site: Site, given: dict[str, Any], *, by: Actor, version: str | None = None
) -> SiteSettings:
    """Update the settings ``given``, which are checked, and return all; the others keep their values.

    ``version`` is that of the settings that the caller saw; raises ChangedMeanwhile if there are others now.
    """
    async with database.write() as connection:
        locked = await lock_site(connection, site.slug)
        require_version(locked.settings, version)
        settings = msgspec.structs.replace(locked.settings, **given)
        await change_site(connection, locked, name=None, locale=None, settings=settings)
        decision = NewDecision(locked.id, "settings", by, reason=changed_fields(locked.settings, settings))
        await record_decisions(connection, [decision], now=clock.now())
    sites.evict(site.slug)
    return settings


async def check_given_settings(given: dict[str, Any], *, allow_http: bool, webhook_targets: Targets) -> dict[str, Any]:
    """Return the settings ``given`` in their canonical form; raises InvalidField.

    The service must be allowed to call the URL of a screening webhook.
    """
    given = await asyncio.to_thread(check_settings, given, allow_http=allow_http)
    if (url := given.get("screening_webhook_url")) is not None:
        given["screening_webhook_url"] = await _callable_url(url, webhook_targets)
    return given


async def _callable_url(url: str, targets: Targets) -> str:
    pointer = "/screening_webhook_url"
    url = read_web_url(url, pointer=pointer)
    try:
        await targets.check_resolved(url)
    except TargetRefused as refused:
        raise InvalidField(f"The service can't call this URL. {refused}", pointer=pointer) from None
    return url
