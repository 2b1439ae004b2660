"""The webhook endpoints of a site in the desk: a list with their health, and a form for a new one."""

import asyncio
from typing import NamedTuple
from uuid import UUID

import msgspec
from starlette.responses import Response

from service.desk.administration.endpoint_form import TYPES, EndpointForm, given_members, typed_form
from service.desk.administration.endpoint_page import show_endpoint
from service.desk.frame.site_figures import DeskState
from service.desk.sign_in.desk_request import DeskRequest
from service.integrations.endpoints.deliveries import HealthFigures, get_health_figures
from service.integrations.endpoints.edit_endpoint import create_endpoint
from service.integrations.endpoints.endpoint_store import Endpoint, list_endpoints
from service.integrations.endpoints.wire import EndpointIn
from service.platform.http.app_state import state_of
from service.platform.http.decode import decode
from service.platform.problems import InvalidField

ON_PAGE = 50


class WebhooksPageQuery(msgspec.Struct, kw_only=True, frozen=True):
    """``after`` is the id of the last endpoint on the page before; ``done`` says that one was deleted."""

    after: UUID | None = None
    done: str | None = None


class EndpointHealthView(NamedTuple):
    """An endpoint and the figures of its deliveries."""

    endpoint: Endpoint
    figures: HealthFigures


async def get_webhooks(desk: DeskRequest) -> Response:
    """Send the endpoints with their health."""
    query = desk.query(WebhooksPageQuery)
    return await _webhooks(desk, EndpointForm(), after=query.after, is_deleted=query.done == "deleted")


async def send_endpoint(desk: DeskRequest) -> Response:
    """Create an endpoint and show its secret, once."""
    form, secret = typed_form(desk), desk.fields.get("secret", "").strip()
    members = given_members(form) | ({"secret": secret} if secret else {})
    clients = state_of(desk.request, DeskState).endpoint_clients
    try:
        given = decode(msgspec.json.encode(members), EndpointIn)
        endpoint, made = await create_endpoint(desk.database, clients, desk.site, given, by=desk.caller.actor)
    except InvalidField as problem:
        return await _webhooks(desk, typed_form(desk, problem), status=422)
    return await show_endpoint(desk, endpoint.id, secret=made, status=201)


async def _webhooks(
    desk: DeskRequest,
    form: EndpointForm,
    *,
    after: UUID | None = None,
    is_deleted: bool = False,
    status: int = 200,
) -> Response:
    views = []
    async with desk.database.read() as connection:
        endpoints = await list_endpoints(connection, desk.site, after=after, limit=ON_PAGE + 1)
        for endpoint in endpoints[:ON_PAGE]:
            views.append(EndpointHealthView(endpoint, await get_health_figures(connection, endpoint.id)))
            await asyncio.sleep(0)  # SQLite's reads do not let other requests run
    return desk.page(
        "webhooks.html",
        status=status,
        views=views,
        next_after=views[-1].endpoint.id if len(endpoints) > ON_PAGE else None,
        form=form,
        types=TYPES,
        is_deleted=is_deleted,
    )
