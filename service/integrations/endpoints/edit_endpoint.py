"""Create and change webhook endpoints from a request: URLs, event types and secrets are checked here."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from msgspec import UNSET

from service.integrations.endpoints.endpoint_clients import EndpointClients
from service.integrations.endpoints.endpoint_store import Endpoint, add_endpoint, rotate_secret, update_endpoint
from service.integrations.endpoints.subscribed_types import ALL_TYPES, find_unknown_type
from service.integrations.endpoints.wire import EndpointChanges, EndpointIn, RotateIn
from service.platform.events.record_decisions import Actor
from service.platform.outbound.safe_client import PrivateTarget, TargetRefused
from service.platform.outbound.webhook_signatures import InvalidWebhookSecret, check_secret, make_secret
from service.platform.problems import InvalidField
from service.platform.sites.site_lookup import Site
from service.platform.storage.engine import Database
from service.platform.text.field_types import read_line, read_web_url


async def create_endpoint(
    database: Database, clients: EndpointClients, site: Site, given: EndpointIn, *, by: Actor
) -> tuple[Endpoint, str]:
    """Create an endpoint and return it with its secret; raises InvalidField."""
    secret, types = _secret(given.secret), _types(given.types)
    url, description = await _checked_url(clients, given.url), _description(given.description)
    async with database.write() as connection:
        endpoint = await add_endpoint(
            connection,
            site,
            url=url,
            types=types,
            description=description,
            svix_headers=given.svix_headers,
            held_text=given.held_text,
            secret=secret,
            secrets=clients.secrets,
            by=by,
        )
    return endpoint, secret


async def change_endpoint(
    database: Database, clients: EndpointClients, site: Site, endpoint_id: UUID, given: EndpointChanges, *, by: Actor
) -> Endpoint:
    """Update, pause or resume an endpoint and return it; raises InvalidField or NotFound."""
    changes: dict[str, Any] = {}
    if given.url is not UNSET:
        changes["url"] = await _checked_url(clients, given.url)
    if given.types is not UNSET:
        changes["types"] = _types(given.types)
    if given.description is not UNSET:
        changes["description"] = _description(given.description)
    unchecked = {"svix_headers": given.svix_headers, "held_text": given.held_text, "state": given.state}
    changes |= {name: value for name, value in unchecked.items() if value is not UNSET}
    async with database.write() as connection:
        return await update_endpoint(connection, site, endpoint_id, changes, by=by)


async def replace_secret(
    database: Database, clients: EndpointClients, site: Site, endpoint_id: UUID, given: RotateIn, *, by: Actor
) -> tuple[Endpoint, str]:
    """Rotate the signing secret and return the endpoint with the new one; raises InvalidField or NotFound."""
    secret = _secret(given.secret)
    async with database.write() as connection:
        endpoint = await rotate_secret(
            connection,
            site,
            endpoint_id,
            secret=secret,
            overlap=timedelta(seconds=given.overlap_seconds),
            secrets=clients.secrets,
            by=by,
        )
    return endpoint, secret


async def _checked_url(clients: EndpointClients, url: str) -> str:
    """Return ``url`` with a canonical origin if outbound calls may go there; raises InvalidField."""
    url = read_web_url(url, pointer="/url")
    try:
        await clients.targets.check_resolved(url)
    except PrivateTarget as refused:
        hint = "ONEREPLY_WEBHOOKS_ALLOW_PRIVATE=true allows it, for development."
        raise InvalidField(f"{refused} {hint}", pointer="/url") from None
    except TargetRefused as refused:
        raise InvalidField(str(refused), pointer="/url") from None
    return url


def _description(given: str | None) -> str | None:
    return read_line(given, pointer="/description", max_length=500) if given else None


def _types(types: list[str] | None) -> str:
    """Return ``types`` in their stored form; raises InvalidField."""
    if types is None:
        return ALL_TYPES
    if (number := find_unknown_type(types)) is not None:
        raise InvalidField(f"“{types[number]}” is not an event type.", pointer=f"/types/{number}")
    return " ".join(dict.fromkeys(types))


def _secret(given: str | None) -> str:
    try:
        return check_secret(given) if given else make_secret()
    except InvalidWebhookSecret as error:
        raise InvalidField(str(error), pointer="/secret") from None
