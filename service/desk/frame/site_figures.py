"""Figures of a site that are expensive to count: each process keeps them for a minute, and one count serves all."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TypeVar, cast

from service.integrations.endpoints.integration_state import IntegrationState
from service.platform import clock
from service.platform.sites.site_lookup import Site
from service.platform.storage.single_flight import SingleFlight

CACHE_TIME = timedelta(minutes=1)
T = TypeVar("T")


class SiteFigures:
    """The figures of all sites by name, at most :data:`CACHE_TIME` old."""

    def __init__(self) -> None:
        self._cached: dict[tuple[int, str], tuple[datetime, object]] = {}
        self._counts: SingleFlight[object] = SingleFlight()

    async def get(self, site: Site, name: str, count: Callable[[], Awaitable[T]]) -> T:
        """Return the figures ``name`` of ``site``, counted by ``count`` if they are missing or old."""
        key = site.id, name
        counted_at, figures = self._cached.get(key, (None, None))
        if counted_at is None or abs(clock.now() - counted_at) >= CACHE_TIME:
            figures = await self._counts.call(key, count)
            self._cached[key] = clock.now(), figures
        return cast("T", figures)


class DeskState(IntegrationState, kw_only=True, frozen=True):
    """Adds the desk's figures to the state of the lower wings."""

    site_figures: SiteFigures
