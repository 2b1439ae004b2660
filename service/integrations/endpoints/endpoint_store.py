"""Create, read, update, pause and delete webhook endpoints, and rotate their secrets."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Row, and_, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from service.integrations.endpoints.endpoint_secrets import EndpointSecrets, OldSecret
from service.integrations.endpoints.model import EndpointRow, EndpointState
from service.platform import clock
from service.platform.events.read_log import head_position
from service.platform.events.record_decisions import Actor, NewDecision, record_decisions
from service.platform.outbound.retry_schedule import DisabledReason
from service.platform.problems import InvalidField, NotFound
from service.platform.sites.model import SiteRow
from service.platform.sites.site_lookup import Site
from service.platform.storage.seal import UnsealError

MAX_ENDPOINTS_PER_SITE = 1_000
MAX_SECRETS = 5  # at a time; each adds a signature to every message


class Endpoint(NamedTuple):
    """A webhook endpoint; ``lag`` is how many events of the log it has not reached yet."""

    id: UUID
    url: str
    types: str
    description: str | None
    svix_headers: bool
    held_text: bool
    state: EndpointState
    disabled_at: datetime | None
    disabled_reason: DisabledReason | None
    old_secret_until: datetime | None
    failing_since: datetime | None
    delivered_at: datetime | None
    failed_at: datetime | None
    created_at: datetime
    changed_at: datetime
    position: int
    lag: int


async def add_endpoint(
    connection: AsyncConnection,
    site: Site,
    *,
    url: str,
    types: str,
    description: str | None,
    svix_headers: bool,
    held_text: bool,
    secret: str,
    secrets: EndpointSecrets,
    by: Actor,
) -> Endpoint:
    """Create an endpoint that gets events from now on.

    Raises InvalidField if the site already has :data:`MAX_ENDPOINTS_PER_SITE`.
    """
    existing = select(func.count()).where(EndpointRow.site_id == site.id, EndpointRow.state != "removed")
    if (await connection.scalar(existing) or 0) >= MAX_ENDPOINTS_PER_SITE:
        raise InvalidField(f"A site has {MAX_ENDPOINTS_PER_SITE} endpoints at most; delete one first.", pointer="")
    now, endpoint_id = clock.now(), clock.new_id()
    values = {
        "id": endpoint_id,
        "site_id": site.id,
        "url": url,
        "types": types,
        "description": description,
        "svix_headers": svix_headers,
        "held_text": held_text,
        "secret": secrets.seal(endpoint_id, secret),
        "state": "active",
        "revision": 1,
        "position": await head_position(connection, site.id),
        "created_at": now,
        "changed_at": now,
    }
    await connection.execute(insert(EndpointRow).values(values))
    await _record(connection, site, "add-endpoint", str(endpoint_id), by=by)
    return await find_endpoint(connection, site, endpoint_id)


async def find_endpoint(connection: AsyncConnection, site: Site, endpoint_id: UUID) -> Endpoint:
    """Return the endpoint; raises NotFound."""
    row = (await connection.execute(_ENDPOINTS.where(*_matches(site, endpoint_id)))).one_or_none()
    if row is None:
        raise NotFound
    return _endpoint(row)


async def list_endpoints(connection: AsyncConnection, site: Site, *, after: UUID | None, limit: int) -> list[Endpoint]:
    """List ``limit`` endpoints after the id ``after``, in the order of creation."""
    statement = _ENDPOINTS.where(EndpointRow.site_id == site.id)
    if after is not None:
        statement = statement.where(EndpointRow.id > after)
    return [_endpoint(row) for row in await connection.execute(statement.order_by(EndpointRow.id).limit(limit))]


async def max_lag_by_site(connection: AsyncConnection) -> dict[str, int]:
    """Return the largest lag of a site's active endpoints, in events, by site slug.

    A site without an active endpoint has 0.
    """
    active = and_(EndpointRow.site_id == SiteRow.id, EndpointRow.state == "active")
    lag = func.coalesce(func.max(SiteRow.position - EndpointRow.position), 0)
    rows = await connection.execute(select(SiteRow.slug, lag).outerjoin(EndpointRow, active).group_by(SiteRow.slug))
    return {row[0]: row[1] for row in rows}


_COLUMNS = tuple(getattr(EndpointRow, name) for name in Endpoint._fields[:-1])
_ENDPOINTS = (
    select(*_COLUMNS, SiteRow.position - EndpointRow.position)
    .join(SiteRow, SiteRow.id == EndpointRow.site_id)
    .where(EndpointRow.state != "removed")
)


def _endpoint(row: Row[*tuple[Any, ...]]) -> Endpoint:
    return Endpoint(*row)


def _matches(site: Site, endpoint_id: UUID) -> tuple[Any, ...]:
    return EndpointRow.id == endpoint_id, EndpointRow.site_id == site.id, EndpointRow.state != "removed"


async def update_endpoint(
    connection: AsyncConnection, site: Site, endpoint_id: UUID, changes: dict[str, Any], *, by: Actor
) -> Endpoint:
    """Update columns of an endpoint; raises NotFound.

    An endpoint that was paused or disabled resumes at the event where it stopped.
    """
    changed = ", ".join(changes)
    if "state" in changes:
        changes |= {"disabled_at": None, "disabled_reason": None, "failing_since": None, "backoff_until": None}
    await _update(connection, site, endpoint_id, changes)
    if changed:
        await _record(connection, site, "change-endpoint", f"{endpoint_id}: {changed}", by=by)
    return await find_endpoint(connection, site, endpoint_id)


async def rotate_secret(
    connection: AsyncConnection,
    site: Site,
    endpoint_id: UUID,
    *,
    secret: str,
    overlap: timedelta,
    secrets: EndpointSecrets,
    by: Actor,
) -> Endpoint:
    """Sign with ``secret`` from now on, and with the old one too during ``overlap``.

    Older secrets keep their own expiry, except without an overlap, which ends them all. So a second rotation, for
    example after a lost response, breaks no receiver. Raises NotFound.
    """
    stored = select(EndpointRow.secret, EndpointRow.old_secret).where(*_matches(site, endpoint_id)).with_for_update()
    row = (await connection.execute(stored)).one_or_none()
    if row is None:
        raise NotFound
    now, old = clock.now(), list[OldSecret]()
    if overlap:
        try:
            current, old = secrets.read(endpoint_id, row.secret, row.old_secret, now=now)
            if secret == current:
                return await find_endpoint(connection, site, endpoint_id)
            old = [*old[1 - MAX_SECRETS :], OldSecret(current, now + overlap)]
        except UnsealError:  # the installation's secret key changed; secrets that do not open can't sign
            old = []
    values = {
        "secret": secrets.seal(endpoint_id, secret),
        "old_secret": secrets.seal_old(endpoint_id, old),
        "old_secret_until": max((each.until for each in old), default=None),
    }
    await _update(connection, site, endpoint_id, values)
    await _record(connection, site, "change-endpoint", f"{endpoint_id}: secret", by=by)
    return await find_endpoint(connection, site, endpoint_id)


async def remove_endpoint(connection: AsyncConnection, site: Site, endpoint_id: UUID, *, by: Actor) -> None:
    """Delete an endpoint; the sweep prunes its deliveries later. Raises NotFound."""
    await _update(connection, site, endpoint_id, {"state": "removed", "old_secret": None})
    await _record(connection, site, "remove-endpoint", str(endpoint_id), by=by)


async def _record(connection: AsyncConnection, site: Site, action: str, about: str, *, by: Actor) -> None:
    """Record who changed an endpoint; its URL may hold a secret, so its id is enough."""
    await record_decisions(connection, [NewDecision(site.id, action, by, reason=about)], now=clock.now())


async def _update(connection: AsyncConnection, site: Site, endpoint_id: UUID, values: dict[str, Any]) -> None:
    """Update an endpoint and raise its revision, so that workers read it again."""
    revised = {"revision": EndpointRow.revision + 1, "changed_at": clock.now()}
    changed = await connection.execute(update(EndpointRow).where(*_matches(site, endpoint_id)).values(values | revised))
    if changed.rowcount == 0:
        raise NotFound
