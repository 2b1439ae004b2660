"""What a call to an endpoint needs: outbound targets, the URL and a signer."""

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Row, Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from service.integrations.endpoints.endpoint_secrets import EndpointSecrets
from service.integrations.endpoints.model import EndpointRow
from service.platform.outbound.safe_client import Targets
from service.platform.outbound.webhook_signatures import Signer, with_svix_headers
from service.platform.problems import InvalidField
from service.platform.storage.portable import any_of, row_parameters


class EndpointClients(msgspec.Struct, frozen=True):
    """The secrets and targets for calls to endpoints; one per app."""

    secrets: EndpointSecrets
    targets: Targets


class Route(msgspec.Struct, frozen=True):
    """An endpoint's URL, signer and kind of headers at a ``revision``, valid until an old secret stops signing."""

    revision: int
    url: str
    signer: Signer
    valid_until: datetime | None
    svix_headers: bool = False

    def headers(self, message_id: str, at: datetime, body: bytes) -> dict[str, str]:
        """The signature headers of a message sent at ``at``."""
        signed = self.signer.headers(message_id, at, body)
        return with_svix_headers(signed) if self.svix_headers else signed

    def is_current(self, revision: int, now: datetime) -> bool:
        """Whether the route is still valid."""
        return self.revision == revision and (self.valid_until is None or now < self.valid_until)


async def read_routes(
    connection: AsyncConnection, secrets: EndpointSecrets, ids: Iterable[UUID], *, now: datetime
) -> dict[UUID, Route]:
    """Return the routes of the active endpoints among ``ids`` whose secrets open."""
    wanted = [(each,) for each in sorted(ids)]
    if not wanted:
        return {}
    rows = await connection.execute(_active(connection.dialect.name), row_parameters(connection.dialect.name, wanted))
    routes = {row.id: _route(row, secrets, now) for row in rows}
    return {endpoint_id: route for endpoint_id, route in routes.items() if route}


async def read_route(
    connection: AsyncConnection, secrets: EndpointSecrets, endpoint_id: UUID, *, now: datetime
) -> Route:
    """Return an endpoint's route, active or not; raises InvalidField if its secret does not open."""
    row = (await connection.execute(select(*_COLUMNS).where(EndpointRow.id == endpoint_id))).one()
    route = _route(row, secrets, now)
    if route is None:
        raise InvalidField("The endpoint's secret was sealed with another ONEREPLY_SECRET_KEY: rotate it.", pointer="")
    return route


def _route(row: Row[*tuple[Any, ...]], secrets: EndpointSecrets, now: datetime) -> Route | None:
    found = secrets.signer(row.id, row.secret, row.old_secret, now=now)
    return Route(row.revision, row.url, *found, row.svix_headers) if found else None


_COLUMNS = (
    EndpointRow.id,
    EndpointRow.url,
    EndpointRow.secret,
    EndpointRow.old_secret,
    EndpointRow.revision,
    EndpointRow.svix_headers,
)


@lru_cache
def _active(dialect: str) -> Select[*tuple[Any, ...]]:
    return select(*_COLUMNS).where(any_of(dialect, EndpointRow.id), EndpointRow.state == "active")
