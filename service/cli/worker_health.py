"""Health checks and metrics of ``onereply worker``, served from its own event loop."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from service.health import get_healthz, get_metrics, get_readyz
from service.integrations.endpoints.deliverer import Deliverer
from service.platform.access.platform_state import ServerState
from service.platform.http.app_state import ServiceApp
from service.platform.http.problem_responses import answer_problem
from service.platform.http.server_limits import LimitedProtocol
from service.platform.problems import Busy, Problem
from service.platform.storage.engine import Database
from service.settings import Settings

READY_SECONDS = 30.0  # the delivery loop runs 20 times a second, or once every few seconds under load


class HealthServer(uvicorn.Server):
    """Serves until ``should_exit`` is set; the worker handles the signals."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signal handlers as they are."""
        yield


def health_server(database: Database, deliverer: Deliverer, settings: Settings) -> HealthServer:
    """Create the server of ``/healthz``, ``/readyz`` and ``/metrics`` for a worker."""
    config = uvicorn.Config(
        health_app(database, deliverer, settings),
        log_config=None,
        access_log=False,
        server_header=False,
        http=LimitedProtocol,
        proxy_headers=False,
        lifespan="off",
        timeout_graceful_shutdown=1,
    )
    return HealthServer(config)


def health_app(database: Database, deliverer: Deliverer, settings: Settings) -> ServiceApp[ServerState]:
    """The app with ``GET /healthz``, ``/readyz`` and ``/metrics``; readiness also requires a running delivery loop."""

    async def get_worker_readyz(request: Request) -> Response:
        response = await get_readyz(request)
        if time.monotonic() - deliverer.polled_at > READY_SECONDS:
            raise Busy("The delivery loop has stopped; the worker's log has the reason.")
        return response

    return ServiceApp(
        ServerState(database=database, base_url=settings.base_url, metrics_key=settings.metrics_key),
        routes=[
            Route("/healthz", get_healthz),
            Route("/readyz", get_worker_readyz),
            Route("/metrics", get_metrics),
        ],
        exception_handlers={Problem: answer_problem},
    )
