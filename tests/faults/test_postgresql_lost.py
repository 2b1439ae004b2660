"""PostgreSQL stops, is killed, or can't be reached: see ``outage.py`` for the promises."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Literal

import pytest

from tests.faults.a_pgbouncer import pgbouncer
from tests.faults.a_proxy import Proxy
from tests.faults.a_standby import a_standby, promote
from tests.faults.outage import Outage, prove_survived
from tests.postgres import PostgreSQL

pytestmark = pytest.mark.slow

End = Literal["fast", "immediate", "kill -9"]


@asynccontextmanager
async def down(server: PostgreSQL, how: End) -> AsyncIterator[None]:
    """The server is stopped or killed, and started again at the end of the block."""
    await asyncio.to_thread(server.kill if how == "kill -9" else partial(server.stop, how))
    yield
    await asyncio.to_thread(server.start)


@pytest.mark.parametrize("how", ["fast", "immediate", "kill -9"])
async def test_the_service_survives_a_stop_of_the_server(server: PostgreSQL, how: End) -> None:
    url = server.new_database()
    await prove_survived(Outage(f"PostgreSQL down ({how})", url, lambda: down(server, how)))


async def test_the_service_survives_a_stop_of_the_server_behind_pgbouncer(server: PostgreSQL, folder: Path) -> None:
    direct = server.new_database()
    with pgbouncer(server, direct.rpartition("/")[2], folder / "pgbouncer") as url:
        await prove_survived(
            Outage("PostgreSQL down behind PgBouncer", url, lambda: down(server, "fast"), before=direct, after=direct)
        )


@asynccontextmanager
async def swallowed(proxy: Proxy) -> AsyncIterator[None]:
    """The proxy swallows bytes both ways; connections from this time never recover."""
    proxy.swallow()
    yield
    await proxy.pass_on()


@asynccontextmanager
async def cut_off(proxy: Proxy) -> AsyncIterator[None]:
    """All connections, also new ones, are reset every 50 ms."""

    async def cut_all() -> None:
        while True:
            await proxy.cut()
            await asyncio.sleep(0.05)

    cutting = asyncio.create_task(cut_all())
    yield
    cutting.cancel()
    await asyncio.gather(cutting, return_exceptions=True)


@asynccontextmanager
async def refused(proxy: Proxy) -> AsyncIterator[None]:
    """Connections are refused."""
    await proxy.refuse()
    yield
    await proxy.pass_on()


@pytest.mark.parametrize("how", ["swallowed", "cut", "refused"])
async def test_the_service_survives_a_broken_network(server: PostgreSQL, how: str) -> None:
    direct = server.new_database()
    async with Proxy.running("127.0.0.1", server.port) as proxy:
        url = direct.replace(f":{server.port}/", f":{proxy.port}/")
        faults = {"swallowed": swallowed, "cut": cut_off, "refused": refused}
        await prove_survived(
            Outage(
                f"network {how}",
                url,
                lambda: faults[how](proxy),
                seconds=12,
                writes_stop=how != "cut",  # a write may succeed between two resets
                before=direct,
                after=direct,
            )
        )


async def test_the_service_follows_the_promotion_of_a_standby(server: PostgreSQL, folder: Path) -> None:
    before = server.new_database()
    name = before.rpartition("/")[2]
    with a_standby(server, folder / "standby") as standby:
        hosts = f"host=127.0.0.1:{server.port}&host=127.0.0.1:{standby.port}"

        @asynccontextmanager
        async def failover() -> AsyncIterator[None]:
            await asyncio.to_thread(server.kill)
            yield
            await asyncio.to_thread(promote, standby)

        url = f"postgresql://postgres@/{name}?{hosts}"
        await prove_survived(
            Outage("primary killed, standby promoted", url, failover, before=before, after=standby.url(name))
        )
