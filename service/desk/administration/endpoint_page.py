"""A webhook endpoint in the desk: its health, deliveries and attempts, and the forms that change, test and resend."""

from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta
from starlette.responses import Response

from service.desk.administration.endpoint_form import (
    TYPES,
    EndpointForm,
    changed_members,
    endpoint_id_of,
    form_of_endpoint,
    typed_form,
)
from service.desk.frame.site_figures import DeskState
from service.desk.sign_in.desk_request import DeskRequest
from service.integrations.endpoints.deliveries import find_delivery, get_health_figures, list_deliveries
from service.integrations.endpoints.edit_endpoint import change_endpoint, replace_secret
from service.integrations.endpoints.endpoint_store import find_endpoint, remove_endpoint
from service.integrations.endpoints.model import DELIVERY_STATES, DeliveryState
from service.integrations.endpoints.redeliver import MAX_COUNT, count_failures, redeliver
from service.integrations.endpoints.send_attempt import AttemptResult
from service.integrations.endpoints.send_test import send_test_message
from service.integrations.endpoints.wire import EndpointChanges, Position, RotateIn
from service.platform.http.app_state import state_of
from service.platform.http.decode import decode
from service.platform.http.raw_routes import path_parameter
from service.platform.problems import InvalidField, NotFound

ON_PAGE = 50
MAX_PARTS = 40  # transactions of “resend all”; each resends some hundred deliveries


class EndpointPageQuery(msgspec.Struct, kw_only=True, frozen=True):
    """The deliveries that are listed: in a state, before a position; and after a form, what was done.

    ``rest`` is the position from which on deliveries were not resent yet.
    """

    state: DeliveryState | None = None
    before: Position | None = None
    done: Literal["saved", "resent"] | None = None
    resent: Annotated[int, Meta(ge=0)] = 0
    rest: Position | None = None


class ResendForm(msgspec.Struct, kw_only=True, frozen=True):
    """The position of the delivery to resend; without one, all that failed from the position ``first`` on."""

    position: Position | None = None
    first: Position = 1


async def get_endpoint(desk: DeskRequest) -> Response:
    """Send the endpoint with its deliveries."""
    return await show_endpoint(desk, endpoint_id_of(desk), query=desk.query(EndpointPageQuery))


async def send_endpoint_changes(desk: DeskRequest) -> Response:
    """Change what the form changes, or pause or resume the endpoint."""
    endpoint_id = endpoint_id_of(desk)
    async with desk.database.read() as connection:
        stored = form_of_endpoint(await find_endpoint(connection, desk.site, endpoint_id))
    state = desk.fields.get("state")
    members = {"state": state} if state else changed_members(typed_form(desk), stored)
    clients = state_of(desk.request, DeskState).endpoint_clients
    try:
        changes = decode(msgspec.json.encode(members), EndpointChanges)
        await change_endpoint(desk.database, clients, desk.site, endpoint_id, changes, by=desk.caller.actor)
    except InvalidField as problem:
        return await show_endpoint(desk, endpoint_id, form=typed_form(desk, problem), status=422)
    return _back(desk, endpoint_id, done="saved")


async def send_rotation(desk: DeskRequest) -> Response:
    """Rotate the signing secret and show the new one, once."""
    clients = state_of(desk.request, DeskState).endpoint_clients
    endpoint, secret = await replace_secret(
        desk.database, clients, desk.site, endpoint_id_of(desk), RotateIn(), by=desk.caller.actor
    )
    return await show_endpoint(desk, endpoint.id, secret=secret)


async def send_test(desk: DeskRequest) -> Response:
    """Send a test message, and show the receiver's answer."""
    clients, endpoint_id = state_of(desk.request, DeskState).endpoint_clients, endpoint_id_of(desk)
    tested = await send_test_message(desk.database, clients, desk.site, endpoint_id)
    return await show_endpoint(desk, endpoint_id, tested=tested)


async def send_redelivery(desk: DeskRequest) -> Response:
    """Resend one delivery, or all that failed or wait for a retry, in parts.

    What remains after :data:`MAX_PARTS` is resent by another form of the page that follows.
    """
    endpoint_id, form = endpoint_id_of(desk), desk.form(ResendForm)
    position = form.position
    async with desk.database.read() as connection:
        created_at = (await find_endpoint(connection, desk.site, endpoint_id)).created_at
    first, resent = position or form.first, 0
    rest: dict[str, str] = {}
    for _ in range(MAX_PARTS):
        async with desk.database.write() as connection:
            count, following = await redeliver(
                connection,
                desk.site,
                endpoint_id,
                first=first,
                last=position,
                failed_since=None if position else created_at,
            )
        resent += count
        if following is None or position:
            break
        first = following
    else:
        rest = {"rest": str(first)}
    return _back(desk, endpoint_id, done="resent", resent=str(resent), **rest)


async def send_endpoint_deletion(desk: DeskRequest) -> Response:
    """Delete the endpoint."""
    async with desk.database.write() as connection:
        await remove_endpoint(connection, desk.site, endpoint_id_of(desk), by=desk.caller.actor)
    return desk.see_other(desk.path("webhooks"), done="deleted")


async def get_attempts(desk: DeskRequest) -> Response:
    """Send a delivery with its attempts."""
    endpoint_id, position = endpoint_id_of(desk), path_parameter(desk.request, "position")
    if not (position.isascii() and position.isdigit() and len(position) <= 18):
        raise NotFound
    async with desk.database.read() as connection:
        endpoint = await find_endpoint(connection, desk.site, endpoint_id)
        delivery, attempts = await find_delivery(connection, desk.site, endpoint_id, int(position))
    return desk.page("attempts.html", endpoint=endpoint, delivery=delivery, attempts=attempts)


async def show_endpoint(
    desk: DeskRequest,
    endpoint_id: UUID,
    *,
    query: EndpointPageQuery | None = None,
    form: EndpointForm | None = None,
    secret: str | None = None,
    tested: AttemptResult | None = None,
    status: int = 200,
) -> Response:
    """Return the page of an endpoint: a ``secret`` that was made, or the result of a test, is shown on top."""
    query = query or EndpointPageQuery()
    async with desk.database.read() as connection:
        endpoint = await find_endpoint(connection, desk.site, endpoint_id)
        figures = await get_health_figures(connection, endpoint_id)
        deliveries = await list_deliveries(
            connection, desk.site, endpoint_id, state=query.state, before=query.before, limit=ON_PAGE + 1
        )
        remaining = await count_failures(connection, endpoint_id, first=query.rest) if query.rest else 0
    return desk.page(
        "endpoint.html",
        status=status,
        endpoint=endpoint,
        figures=figures,
        remaining=remaining,
        max_count=MAX_COUNT,
        deliveries=deliveries[:ON_PAGE],
        next_before=deliveries[ON_PAGE - 1].position if len(deliveries) > ON_PAGE else None,
        states=DELIVERY_STATES,
        query=query,
        form=form or form_of_endpoint(endpoint),
        types=TYPES,
        secret=secret,
        tested=tested,
    )


def _back(desk: DeskRequest, endpoint_id: UUID, **parameters: str) -> Response:
    return desk.see_other(desk.path(f"webhooks/{endpoint_id}"), **parameters)
