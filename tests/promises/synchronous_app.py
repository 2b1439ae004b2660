"""The real app, called over HTTP from synchronous code, with a clock that stands still.

Every response is checked for a secret that no response may contain.
"""

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import AsyncExitStack, contextmanager
from datetime import timedelta
from typing import Any, TypeVar

import httpx2
import pytest

from service.app import App, create_app
from service.conversation.comments.fingerprint_retention import FingerprintRetention
from service.conversation.comments.verify_counts import verify
from service.platform import clock
from service.settings import Settings
from service.worker import sweep
from tests.builders import ASite, Clock, Json, a_moderator, a_site, cheap_passwords, try_log_in

SECRET = "nobody@secret.example"
T = TypeVar("T")


class SynchronousApp:
    """An app and the loop that runs it."""

    def __init__(self, app: App, runner: asyncio.Runner, clock_: Clock) -> None:
        self.app, self.clock = app, clock_
        self._runner = runner

    def run(self, awaited: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(awaited)

    def enter_site(self, stack: AsyncExitStack, **settings: Any) -> "SynchronousSite":
        site = self.run(stack.enter_async_context(a_site(self.app, **settings)))
        site.client.event_hooks = {"response": [_check_secret]}
        return SynchronousSite(self, site)

    def wait_for_tuesday(self) -> None:
        """Wait until it is Tuesday, 12:00 UTC, so that each run has the same opening hours."""
        now = self.clock.now()
        noon = now.replace(hour=12, minute=0, second=0, microsecond=0)
        self.clock.move(seconds=((noon - now + timedelta(days=1 - now.weekday())) % timedelta(weeks=1)).total_seconds())

    def sweep(self) -> None:
        database = self.app.state.database
        self.run(sweep(database, FingerprintRetention(database)))

    def verify_errors(self) -> list[str]:
        """Return the errors that ``onereply verify`` finds in the whole database."""

        async def recount() -> list[str]:
            async with self.app.state.database.read() as connection:
                return [error async for error in verify(connection)]

        return self.run(recount())


class SynchronousSite:
    """A site of that app, with synchronous calls."""

    def __init__(self, app: SynchronousApp, site: ASite) -> None:
        self._app, self._site = app, site

    def call(
        self, method: str, path: str, *, by: str | None = None, address: str | None = None, **given: Any
    ) -> httpx2.Response:
        """Call as ``by``, from another ``address`` if given."""
        if address:
            given["headers"] = {**given.get("headers", {}), "X-Forwarded-For": address}
        return self._app.run(self._site.call(method, path, by=by, **given))

    def read(self, path: str, *, by: str | None = None, **query: Any) -> Json:
        response = self.call("GET", path, by=by, params=query)
        assert response.status_code == 200, response.text
        content: Json = response.json()
        return content

    def add_moderator(self, name: str) -> None:
        """Add a moderator, who calls as ``staff`` once logged in."""
        self._app.run(a_moderator(self._site, name))

    def log_in(self, name: str) -> None:
        """Log the moderator in; the session lasts 12 hours."""
        self._site.keys["staff"] = self._app.run(try_log_in(self._site, name)).json()["token"]

    def set(self, **settings: Any) -> None:
        self._app.run(self._site.set(**settings))


@contextmanager
def synchronous_app(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[SynchronousApp]:
    """An app on a migrated database, whose clock stands still until it is moved."""
    still_clock = Clock()
    monkeypatch.setattr(clock, "now", still_clock.now)
    settings = Settings(secret_key="s" * 32, database_url=database_url, sweep_seconds=3600, trusted_proxies="127.0.0.1")
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        app = create_app(settings, passwords=cheap_passwords())
        lifespan = app.router.lifespan_context(app)
        runner.run(_awaited(lifespan.__aenter__()))
        try:
            yield SynchronousApp(app, runner, still_clock)
        finally:
            runner.run(_awaited(lifespan.__aexit__(None, None, None)))


async def _awaited(awaitable: Any) -> Any:
    return await awaitable


async def _check_secret(response: httpx2.Response) -> None:
    """Check that no response contains an e-mail address, except the draft that a refused post returns."""
    await response.aread()
    assert response.status_code < 500, response.text
    returns_draft = response.request.method == "POST" and response.status_code in {403, 404, 409, 422}
    assert returns_draft or SECRET not in response.text, response.text
