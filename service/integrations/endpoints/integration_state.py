"""The state of the whole app."""

from service.integrations.endpoints.endpoint_clients import EndpointClients
from service.reading.pages.reading_state import ReadingState


class IntegrationState(ReadingState, kw_only=True, frozen=True):
    """Adds the endpoint clients to the state of the lower wings."""

    endpoint_clients: EndpointClients
