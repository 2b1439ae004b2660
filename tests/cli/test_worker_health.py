"""`onereply worker --port` answers health checks and shows its metrics."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx2
import pytest

from service.cli.worker_health import READY_SECONDS, health_app
from service.integrations.endpoints.deliverer import Deliverer
from service.integrations.endpoints.endpoint_secrets import EndpointSecrets
from service.platform.outbound.safe_client import Targets
from service.platform.storage.engine import Database
from service.settings import Settings
from tests.conftest import SECRET_KEY
from tests.promises.processes import ONEREPLY, Program, settings_of

KEY = "only for the scraper"


class Worker:
    """The health app of a worker that polls when the test says so."""

    def __init__(self, database_url: str) -> None:
        settings = Settings(secret_key=SECRET_KEY, database_url=database_url, metrics_key=KEY)
        self.database = Database(database_url, read_connections=1)
        targets = Targets(allow_private=True)
        secrets, schedule = EndpointSecrets(SECRET_KEY), [timedelta(seconds=1)]
        self.deliverer = Deliverer(self.database, secrets=secrets, targets=targets, schedule=schedule)
        app = health_app(self.database, self.deliverer, settings)
        self.client = httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://worker")


@pytest.fixture
async def worker(database_url: str) -> AsyncIterator[Worker]:
    worker = Worker(database_url)
    async with worker.client:
        yield worker
    await worker.database.close()


async def test_a_worker_that_polls_is_ready(worker: Worker) -> None:
    await worker.deliverer.poll()
    assert (await worker.client.get("/healthz")).json() == {"status": "ok"}
    answer = await worker.client.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (200, "ready")


async def test_a_worker_that_stopped_polling_is_alive_but_not_ready(worker: Worker) -> None:
    worker.deliverer.polled_at -= READY_SECONDS + 1
    assert (await worker.client.get("/healthz")).status_code == 200
    answer = await worker.client.get("/readyz")
    assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
    assert answer.json()["detail"] == "The delivery loop has stopped; the worker's log has the reason."


async def test_the_metrics_of_a_worker_need_the_key(worker: Worker) -> None:
    assert (await worker.client.get("/metrics")).status_code == 401
    answer = await worker.client.get("/metrics", headers={"Authorization": f"Bearer {KEY}"})
    assert "# TYPE onereply_webhook_attempts_total counter" in answer.text


@pytest.mark.slow
async def test_a_worker_serves_its_health_until_it_is_stopped(fresh_database_url: str) -> None:
    command, environment = (*ONEREPLY, "worker", "--port", "0"), settings_of(fresh_database_url, {})
    program = await Program.begin(command, environment, ready=re.compile(r"^(delivery-worker-started)$"))
    [address] = [each["address"] for each in program.log if each["event"] == "health-server-started"]
    async with httpx2.AsyncClient(base_url=address, timeout=60) as client:
        assert (await client.get("/readyz")).json()["status"] == "ready"
    await program.stop()
    assert program.complaints() == []


@pytest.mark.slow
async def test_a_worker_logs_the_statements_that_are_slow_by_the_setting(fresh_database_url: str) -> None:
    environment = settings_of(fresh_database_url, {}) | {"ONEREPLY_SLOW_STATEMENT_SECONDS": "0.000001"}
    program = await Program.begin((*ONEREPLY, "worker"), environment, ready=re.compile(r"^(delivery-worker-started)$"))
    program.log.clear()  # what its check of the database logged
    try:
        async with asyncio.timeout(30):
            while not any(line["event"] == "slow-statement" for line in program.log):
                await program.next_line()
    finally:
        await program.stop()
