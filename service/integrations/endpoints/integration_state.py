"""The integrations' part of the app's state, which is the whole of it."""

from service.integrations.endpoints.endpoint_clients import EndpointClients
from service.reading.pages.reading_state import ReadingState


class IntegrationState(ReadingState, kw_only=True, frozen=True):
    """What handlers of endpoints need, besides everything below."""

    endpoint_clients: EndpointClients
