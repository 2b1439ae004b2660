"""Make posts share one transaction, regardless of the machine's load."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import httpx2

from service.conversation.comments.group_commit import GroupCommit
from service.platform.storage.engine import Database
from tests.builders import ASite, AThread


def database_of(site: ASite) -> Database:
    """Return the database of the site's app in this process."""
    database: Database = site.app.state.database
    return database


async def wait_for_queue(site: ASite, posts: int) -> None:
    """Run the loop until ``posts`` posts wait for the next transaction."""
    group: GroupCommit = site.app.state.group_commit
    async with asyncio.timeout(10):
        while len(group._waiting) < posts:  # noqa: ASYNC110  # the group commit has no event for this
            await asyncio.sleep(0)


@asynccontextmanager
async def writer_held(site: ASite, *, posts: int) -> AsyncIterator[None]:
    """Hold the writer until ``posts`` posts of this block wait for it; then they share a transaction."""
    async with database_of(site).write():
        yield
        await wait_for_queue(site, posts)


async def post_together(posts: Sequence[tuple[AThread, str]]) -> list[httpx2.Response]:
    """Send ``posts``, pairs of thread and body, in one transaction; return the responses."""
    async with asyncio.TaskGroup() as group, writer_held(posts[0][0].site, posts=len(posts)):
        tasks = [group.create_task(thread.post(body)) for thread, body in posts]
    return [task.result() for task in tasks]
