"""A reader's page plus the events of the stream equal the current pages, however often the reader reconnects.

No event is missed or repeated, with several processes. A process that stops ends its streams.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from random import Random

import httpx2
import pytest

from service.app import App, create_app
from tests.builders import ASite, AThread, Json, a_comment, a_thread
from tests.conftest import an_installation
from tests.promises.checks import check_count
from tests.promises.service_process import Server, serving
from tests.promises.test_two_processes import Crowd
from tests.reading.streams.stream_client import SseParser, StreamClient, StreamMessage, open_stream

COMPARED = ("id", "parent_id", "depth", "author", "html", "edited_at", "revision")


class View:
    """A reader's page: the loaded comments, with the stream's events applied."""

    def __init__(self, page: Json) -> None:
        self.comments: dict[str, Json] = {}
        self.thread = page["thread"]
        self.last_id = ""
        self.heard_at: list[int] = []
        for comment in page["comments"]:
            if comment["state"] == "published":
                self.comments[comment["id"]] = comment

    def apply(self, heard: StreamMessage) -> None:
        self.last_id, self.thread = heard.id, heard.data["thread"]
        self.heard_at.append(int(heard.id))
        comment: Json = heard.data.get("comment", {})
        if heard.event == "comment.removed":
            # A comment published and removed while the reader was away has only a removal event.
            self.comments.pop(comment["id"], None)
        elif heard.event == "comment.published":
            assert comment["id"] not in self.comments, "published twice"
            self.comments[comment["id"]] = comment
        elif heard.event == "comment.edited":
            assert comment["id"] in self.comments, "never published"
            self.comments[comment["id"]] = comment


class Reader:
    """Listens through any process, disconnects at any time, and reconnects for the rest."""

    def __init__(self, thread: AThread, apps: list[App], random: Random, page: Json) -> None:
        self._thread, self._apps, self._random = thread, apps, random
        self.view = View(page)
        self._query = f"sequence={page['thread']['sequence']}"

    async def read(self, done: asyncio.Event) -> None:
        while not done.is_set():
            await self._listen(self._random.randrange(1, 12), done)

    async def read_to(self, sequence: int) -> None:
        while self.view.thread["sequence"] < sequence:
            await self._listen(1, asyncio.Event())

    async def _listen(self, messages: int, done: asyncio.Event) -> None:
        headers = {"last_event_id": self.view.last_id} if self.view.last_id else {}
        app = self._random.choice(self._apps)
        async with open_stream(self._thread, app=app, query=self._query, **headers) as listener:
            for _ in range(messages):
                heard = await self._next(listener, done)
                if heard is None:
                    return
                self.view.apply(heard)

    async def _next(self, listener: StreamClient, done: asyncio.Event) -> StreamMessage | None:
        """The next message; nothing once all is done."""
        hearing, ending = asyncio.create_task(listener.next_message()), asyncio.create_task(done.wait())
        finished, rest = await asyncio.wait([hearing, ending], return_when=asyncio.FIRST_COMPLETED)
        for each in rest:
            each.cancel()
        await asyncio.gather(*rest, return_exceptions=True)
        return hearing.result() if hearing in finished else None


@asynccontextmanager
async def two_apps(database_url: str) -> AsyncIterator[list[App]]:
    async with AsyncExitStack() as stack:
        apps = [create_app(an_installation(database_url)) for _ in range(2)]
        for app in apps:
            await stack.enter_async_context(app.router.lifespan_context(app))
        yield apps


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.slow), pytest.param(3, marks=pytest.mark.slow)])
async def test_page_and_stream_together_equal_the_current_pages(
    own_site: ASite, fresh_database_url: str, seed: int
) -> None:
    random = Random(seed)  # noqa: S311  # reproducible load
    threads = [await a_thread(own_site) for _ in range(2)]
    done = asyncio.Event()
    async with two_apps(fresh_database_url) as apps:
        readers = [Reader(thread, apps, random, await thread.page(limit=200)) for thread in threads for _ in range(4)]
        crowd = Crowd([[AThread(own_site.at(app), each.article) for each in threads] for app in apps], random)
        async with asyncio.TaskGroup() as group:
            listening_on = [group.create_task(reader.read(done)) for reader in readers]
            async with asyncio.TaskGroup() as operations:
                for _ in range(4):
                    operations.create_task(crowd.do(40))
            done.set()
            await asyncio.wait(listening_on)
        for thread, half in zip(threads, (readers[:4], readers[4:]), strict=True):
            last = (await thread.reopen()).json()["sequence"] if (await thread.close()).json() else 0
            page = {each["id"]: each for each in await thread.pages(by="host") if each["state"] == "published"}
            for reader in half:
                await reader.read_to(last)
                view = reader.view
                assert view.heard_at == sorted(set(view.heard_at))
                assert {id_: _shown(each) for id_, each in view.comments.items()} == {
                    id_: _shown(each) for id_, each in page.items()
                }
                assert view.thread["reply_count"] == len(page)
            await check_count(thread, set(page), by="host")


def _shown(comment: Json) -> Json:
    return {name: comment[name] for name in COMPARED}


@asynccontextmanager
async def stream_of(server: Server, thread: AThread, query: str = "") -> AsyncIterator[AsyncIterator[StreamMessage]]:
    """The stream of ``thread`` from a real process."""
    async with server.client() as client:
        path = f"/v1/sites/{thread.site.slug}{thread.path}/stream{query}"
        async with client.stream("GET", path) as response:
            assert response.status_code == 200
            yield _heard(response)


async def _heard(response: httpx2.Response) -> AsyncIterator[StreamMessage]:
    parser = SseParser()
    async for chunk in response.aiter_text():
        for heard in parser.parse(chunk):
            yield heard


async def test_a_post_on_one_process_reaches_readers_of_the_other(
    shared_site: ASite, servers: tuple[Server, Server]
) -> None:
    thread = await a_thread(shared_site)
    async with AsyncExitStack() as stack:
        routes = [await stack.enter_async_context(server.thread(thread)) for server in servers]
        streams = [await stack.enter_async_context(stream_of(server, thread)) for server in servers]
        for number, route in enumerate(routes):
            posted = await a_comment(route, f"Through process {number}.")
            for stream in streams:
                heard = await anext(stream)
                assert (heard.event, heard.data["comment"]["id"]) == ("comment.published", posted["comment"]["id"])
    assert [server.complaints() for server in servers] == [[], []]


@pytest.mark.slow
async def test_a_stopping_process_ends_its_streams(own_site: ASite, fresh_database_url: str) -> None:
    thread = await a_thread(own_site)
    async with AsyncExitStack() as stack:
        # If it waited for the streams, it would take ten minutes.
        server = await stack.enter_async_context(serving(fresh_database_url, shutdown_seconds="600"))
        streams = [await stack.enter_async_context(stream_of(server, thread)) for _ in range(15)]
        await asyncio.wait_for(server.stop(), 60)
        assert [[heard async for heard in stream] for stream in streams] == [[]] * 15
    assert server.complaints() == []
