"""Webhook endpoints and their deliveries over HTTP."""

import asyncio
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.requests import Request
from starlette.responses import Response

from service.integrations.endpoints.deliveries import find_delivery, get_health_figures, list_deliveries
from service.integrations.endpoints.edit_endpoint import change_endpoint, create_endpoint, replace_secret
from service.integrations.endpoints.endpoint_clients import EndpointClients
from service.integrations.endpoints.endpoint_store import (
    Endpoint,
    find_endpoint,
    list_endpoints,
    remove_endpoint,
)
from service.integrations.endpoints.integration_state import IntegrationState
from service.integrations.endpoints.redeliver import redeliver
from service.integrations.endpoints.send_test import send_test_message
from service.integrations.endpoints.wire import (
    AttemptOut,
    Deliveries,
    DeliveriesQuery,
    DeliveryDetail,
    EndpointChanges,
    EndpointIn,
    EndpointOut,
    Endpoints,
    EndpointSecret,
    EndpointsQuery,
    Redelivered,
    RedeliverIn,
    RotateIn,
    delivery_out,
    endpoint_out,
)
from service.platform.access.caller import Caller
from service.platform.http.app_state import database_of, state_of
from service.platform.http.conditional import PRIVATE
from service.platform.http.cursors import decode_cursor, decode_id, encode_cursor, next_link
from service.platform.http.decode import decode_body, decode_query
from service.platform.http.raw_routes import json_response, path_parameter
from service.platform.problems import InvalidCursor, InvalidField, NotFound

SECRET_HEADERS = {"cache-control": "no-store"}


async def get_endpoints(request: Request, caller: Caller) -> Response:
    """List the site's webhook endpoints, one page at a time."""
    query = decode_query(request, EndpointsQuery)
    async with database_of(request).read() as connection:
        endpoints = await list_endpoints(connection, caller.site, after=decode_id(query.cursor), limit=query.limit + 1)
        out = []
        for endpoint in endpoints[: query.limit]:
            out.append(await _out(connection, endpoint))
            await asyncio.sleep(0)  # SQLite's reads do not let other requests run
    cursor = encode_cursor(out[-1].id.bytes) if len(endpoints) > query.limit else None
    return json_response(Endpoints(out, cursor), headers={**PRIVATE, **next_link(request, cursor)})


async def post_endpoint(request: Request, caller: Caller) -> Response:
    """Create a webhook endpoint."""
    body, database = await decode_body(request, EndpointIn), database_of(request)
    endpoint, secret = await create_endpoint(database, _clients_of(request), caller.site, body, by=caller.actor)
    return json_response(EndpointSecret(await _read_out(request, endpoint), secret), 201, SECRET_HEADERS)


async def get_endpoint(request: Request, caller: Caller) -> Response:
    """Get a webhook endpoint with its health."""
    async with database_of(request).read() as connection:
        out = await _out(connection, await find_endpoint(connection, caller.site, _endpoint_id(request)))
    return json_response(out, headers=PRIVATE)


async def patch_endpoint(request: Request, caller: Caller) -> Response:
    """Update, pause or resume a webhook endpoint."""
    body, endpoint_id = await decode_body(request, EndpointChanges), _endpoint_id(request)
    clients, by = _clients_of(request), caller.actor
    endpoint = await change_endpoint(database_of(request), clients, caller.site, endpoint_id, body, by=by)
    return json_response(await _read_out(request, endpoint), headers=SECRET_HEADERS)


async def delete_endpoint(request: Request, caller: Caller) -> Response:
    """Delete a webhook endpoint."""
    async with database_of(request).write() as connection:
        await remove_endpoint(connection, caller.site, _endpoint_id(request), by=caller.actor)
    return Response(status_code=204)


async def post_rotate(request: Request, caller: Caller) -> Response:
    """Rotate the signing secret."""
    body, endpoint_id = await decode_body(request, RotateIn, optional=True), _endpoint_id(request)
    clients, by = _clients_of(request), caller.actor
    endpoint, secret = await replace_secret(database_of(request), clients, caller.site, endpoint_id, body, by=by)
    return json_response(EndpointSecret(await _read_out(request, endpoint), secret), headers=SECRET_HEADERS)


async def post_test(request: Request, caller: Caller) -> Response:
    """Send a test message and return the attempt."""
    result = await send_test_message(database_of(request), _clients_of(request), caller.site, _endpoint_id(request))
    out = AttemptOut(result.attempted_at, result.duration_ms, result.status, result.error, result.response)
    return json_response(out, headers=SECRET_HEADERS)


async def get_deliveries(request: Request, caller: Caller) -> Response:
    """List an endpoint's deliveries, the newest first."""
    query = decode_query(request, DeliveriesQuery)
    before, endpoint_id = _position_in(query.cursor), _endpoint_id(request)
    async with database_of(request).read() as connection:
        await find_endpoint(connection, caller.site, endpoint_id)
        found = await list_deliveries(
            connection, caller.site, endpoint_id, state=query.state, before=before, limit=query.limit + 1
        )
    cursor = encode_cursor(b"%d" % found[query.limit - 1].position) if len(found) > query.limit else None
    page = Deliveries([delivery_out(each) for each in found[: query.limit]], cursor)
    return json_response(page, headers={**PRIVATE, **next_link(request, cursor)})


async def get_delivery(request: Request, caller: Caller) -> Response:
    """Get a delivery with its attempts."""
    endpoint_id, position = _endpoint_id(request), _position(path_parameter(request, "position"))
    if position is None:
        raise NotFound
    async with database_of(request).read() as connection:
        await find_endpoint(connection, caller.site, endpoint_id)
        delivery, attempts = await find_delivery(connection, caller.site, endpoint_id, position)
    out = DeliveryDetail(delivery_out(delivery), [AttemptOut(*each, response=None) for each in attempts])
    return json_response(out, headers=PRIVATE)


async def post_redeliver(request: Request, caller: Caller) -> Response:
    """Redeliver one event, a range of events, or all deliveries that failed."""
    body = await decode_body(request, RedeliverIn)
    if body.first is None and body.failed_since is None:
        raise InvalidField("Give “first”, a position, or “failed_since”, a time.", pointer="/first")
    async with database_of(request).write() as connection:
        count = await redeliver(
            connection,
            caller.site,
            _endpoint_id(request),
            first=body.first or 1,
            last=body.last,
            failed_since=body.failed_since,
        )
    return json_response(Redelivered(*count), 202, SECRET_HEADERS)


def _endpoint_id(request: Request) -> UUID:
    try:
        return UUID(path_parameter(request, "endpoint"))
    except ValueError:
        raise NotFound from None


def _position_in(cursor: str | None) -> int | None:
    if cursor is None:
        return None
    position = _position(decode_cursor(cursor).decode("ascii", "replace"))
    if position is None:
        raise InvalidCursor(parameter="cursor")
    return position


def _position(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None


async def _read_out(request: Request, endpoint: Endpoint) -> EndpointOut:
    async with database_of(request).read() as connection:
        return await _out(connection, endpoint)


async def _out(connection: AsyncConnection, endpoint: Endpoint) -> EndpointOut:
    return endpoint_out(endpoint, await get_health_figures(connection, endpoint.id))


def _clients_of(request: Request) -> EndpointClients:
    return state_of(request, IntegrationState).endpoint_clients
