"""No request at its limits holds the event loop for 20 ms, or the writer for 50 ms.

Times are of the CPU, so other programs on the machine hardly matter. Before each request a fixed piece of work is
measured; on a slower machine the limits are longer in proportion (``loop_watch.machine_factor``). With ``-s`` it prints
all times.
"""

import asyncio
import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from service.app import App, create_app
from service.routes import OPEN_ROUTES, SITE_ROUTES
from tests.builders import a_site
from tests.conftest import an_installation
from tests.promises.expensive_requests import REQUESTS, Sent
from tests.promises.expensive_site import SMALL, ExpensiveSite, Sizes, an_expensive_site
from tests.promises.loop_watch import Held, LoopWatch, machine_factor, watching

CHUNK = 64 * 1024  # as the server passes on a body
LOOP_MS, WRITER_MS = 20, 50
# Argon2 runs in C without Python's lock.
RELEASES_THE_LOCK = {"POST /sessions", "POST /moderators"}


async def send(app: App, method: str, sent: Sent) -> tuple[int, bytes]:
    """Send a request straight to the app, so that no client's work is measured; return the status and a first part."""
    path, _, query = sent.target.partition("?")
    headers = {"host": "onereply.test", **sent.headers}
    if sent.by:
        headers["authorization"] = f"Bearer {sent.by}"
    if sent.body:
        headers["content-length"] = str(len(sent.body))
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 9),
        "server": ("onereply.test", 80),
        "app": app,
        "state": {},
    }
    chunks = [sent.body[at : at + CHUNK] for at in range(0, len(sent.body), CHUNK)] or [b""]
    answer: dict[str, Any] = {"status": 0, "body": b""}
    streamed = asyncio.Event()

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(0)
        if chunks:
            return {"type": "http.request", "body": chunks.pop(0), "more_body": bool(chunks)}
        await streamed.wait()
        return {"type": "http.disconnect"}

    async def answered(message: Any) -> None:
        if message["type"] == "http.response.start":
            answer["status"] = message["status"]
        else:
            answer["body"] = answer["body"] or message["body"][:500]
            answer["size"] = answer.get("size", 0) + len(message["body"])
            if path.endswith("/stream") and answer["size"] > 10_000:
                streamed.set()
        await asyncio.sleep(0)

    await app(scope, receive, answered)
    return answer["status"], b"%d " % answer.get("size", 0) + answer["body"]


def test_every_route_has_a_request_at_its_limits() -> None:
    routes = {f"{method} {path}" for method, path, *_ in [*SITE_ROUTES, *OPEN_ROUTES]}
    assert REQUESTS.keys() == routes


@pytest.mark.slow
@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)  # its statements run in the loop
async def test_no_request_at_its_limits_holds_the_loop_or_the_writer(fresh_database_url: str) -> None:
    with watching() as watch, without_garbage_collection():
        app = create_app(an_installation(fresh_database_url))
        async with app.router.lifespan_context(app), a_site(app) as small, a_site(app) as site:
            # The first request of a kind compiles statements and templates.
            await walk(app, await an_expensive_site(small, SMALL), watch)
            too_long = await walk(app, await an_expensive_site(site, Sizes()), watch)
    assert not too_long, "\n".join(too_long)


async def walk(app: App, on: ExpensiveSite, watch: LoopWatch) -> list[str]:
    """Send every request; return a line for each that is over a limit."""
    too_long = []
    for route, requests in REQUESTS.items():
        for expensive in requests:
            sent = expensive(on)
            gc.collect()
            factor = machine_factor()
            await asyncio.sleep(0)  # begins another step
            watch.reset()
            status, start = await send(app, route.split()[0], sent)
            held = watch.held
            assert status == sent.status, (route, status, start)
            is_over = _is_over(held, route, factor)
            if is_over:  # unless the machine has become slower meanwhile
                factor = max(factor, machine_factor())
                is_over = _is_over(held, route, factor)
            line = f"{held.loop:6.1f} ms in the loop, {held.writer:6.1f} in the writer, {held.thread:6.1f} in a thread"
            print(f"{'!' if is_over else ' '} {line}, limits x {factor:.1f}: {route}", flush=True)
            if is_over:
                too_long.append(f"{route}: {line}, limits x {factor:.1f}")
    return too_long


def _is_over(held: Held, route: str, factor: float) -> bool:
    return (
        held.loop > LOOP_MS * factor
        or held.writer > WRITER_MS * factor
        or (held.thread > LOOP_MS * factor and route not in RELEASES_THE_LOCK)
    )


@contextmanager
def without_garbage_collection() -> Iterator[None]:
    """Collect only between requests: the time depends on the objects of the whole process."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
