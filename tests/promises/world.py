"""Where a life takes place: the real app, spoken to over HTTP from code that does not await, under a clock held still.

Every answer is looked through for what no answer may hold.
"""

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import AsyncExitStack, contextmanager
from typing import Any, TypeVar

import httpx2
import pytest

from service.app import App, create_app
from service.conversation.comments.fingerprint_retention import FingerprintRetention
from service.conversation.comments.verify_counts import verify
from service.platform import clock
from service.settings import Settings
from service.worker import sweep
from tests.builders import ASite, Clock, Json, a_site

SECRET = "nobody@secret.example"
T = TypeVar("T")


class World:
    """An app and the loop that runs it."""

    def __init__(self, app: App, runner: asyncio.Runner, clock_: Clock) -> None:
        self.app, self.clock = app, clock_
        self._runner = runner

    def run(self, awaited: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(awaited)

    def enter_site(self, stack: AsyncExitStack, **settings: Any) -> "SiteInWorld":
        site = self.run(stack.enter_async_context(a_site(self.app, **settings)))
        site.client.event_hooks = {"response": [_look_through]}
        return SiteInWorld(self, site)

    def sweep(self) -> None:
        database = self.app.state.database
        self.run(sweep(database, FingerprintRetention(database)))

    def findings(self) -> list[str]:
        """What ``onereply verify`` has to say of the whole database."""

        async def recount() -> list[str]:
            async with self.app.state.database.read() as connection:
                return [finding async for finding in verify(connection)]

        return self.run(recount())


class SiteInWorld:
    """A site that answers at once."""

    def __init__(self, world: World, site: ASite) -> None:
        self._world, self._site = world, site

    def call(
        self, method: str, path: str, *, by: str | None = None, address: str | None = None, **given: Any
    ) -> httpx2.Response:
        """Call as ``by``, from the ``address`` of somebody else if one is given."""
        if address:
            given["headers"] = {"X-Forwarded-For": address}
        return self._world.run(self._site.call(method, path, by=by, **given))

    def read(self, path: str, *, by: str | None = None, **query: Any) -> Json:
        response = self.call("GET", path, by=by, params=query)
        assert response.status_code == 200, response.text
        answer: Json = response.json()
        return answer

    def set(self, **settings: Any) -> None:
        self._world.run(self._site.set(**settings))


@contextmanager
def a_world(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A world over a migrated database, whose clock stands still until it is moved."""
    standing = Clock()
    monkeypatch.setattr(clock, "now", standing.now)
    settings = Settings(secret_key="s" * 32, database_url=database_url, sweep_seconds=3600, trusted_proxies="127.0.0.1")
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        app = create_app(settings)
        lifespan = app.router.lifespan_context(app)
        runner.run(_awaited(lifespan.__aenter__()))
        try:
            yield World(app, runner, standing)
        finally:
            runner.run(_awaited(lifespan.__aexit__(None, None, None)))


async def _awaited(awaitable: Any) -> Any:
    return await awaitable


async def _look_through(response: httpx2.Response) -> None:
    """Nobody is told an e-mail address, but whoever typed it and is refused."""
    await response.aread()
    assert response.status_code < 500, response.text
    given_back = response.request.method == "POST" and response.status_code in {403, 404, 409, 422}
    assert given_back or SECRET not in response.text, response.text
