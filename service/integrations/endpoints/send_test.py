"""Send a test message to an endpoint and return the result."""

from uuid import UUID

from service.integrations.endpoints.endpoint_clients import EndpointClients, read_route
from service.integrations.endpoints.endpoint_store import find_endpoint
from service.integrations.endpoints.payload import EndpointUnderTest, test_body
from service.integrations.endpoints.send_attempt import AttemptResult, AttemptSender
from service.platform import clock
from service.platform.sites.site_lookup import Site
from service.platform.storage.engine import Database


async def send_test_message(
    database: Database, webhooks: EndpointClients, site: Site, endpoint_id: UUID
) -> AttemptResult:
    """Send a signed test message now and return the result.

    The message is not an event and changes nothing. Raises NotFound, or InvalidField if the secret does not open.
    """
    now = clock.now()
    async with database.read() as connection:
        endpoint = await find_endpoint(connection, site, endpoint_id)
        route = await read_route(connection, webhooks.secrets, endpoint_id, now=now)
    message_id = clock.new_id()
    subject = EndpointUnderTest(endpoint.id, endpoint.url, endpoint.description)
    body = test_body(site.slug, message_id, at=now, endpoint=subject)
    sender = AttemptSender(webhooks.targets)
    try:
        return await sender.send(route.url, body, route.headers(str(message_id), now, body))
    finally:
        await sender.close()
