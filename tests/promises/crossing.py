"""How posts are made to share one transaction, whatever the machine does meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import httpx2

from service.conversation.comments.group_commit import GroupCommit
from service.platform.storage.engine import Database
from tests.builders import ASite, AThread


def database_of(site: ASite) -> Database:
    """The database of the site's app in this process."""
    database: Database = site.app.state.database
    return database


async def until_waiting(site: ASite, posts: int) -> None:
    """Let things go on until so many posts wait for the next transaction."""
    group: GroupCommit = site.app.state.group_commit
    async with asyncio.timeout(10):
        while len(group._waiting) < posts:  # noqa: ASYNC110  # the group has no reason to tell
            await asyncio.sleep(0)


@asynccontextmanager
async def held_up(site: ASite, *, posts: int) -> AsyncIterator[None]:
    """Keep the writer's turn until so many ``posts`` of this block wait for it; then they share a transaction."""
    async with database_of(site).write():
        yield
        await until_waiting(site, posts)


async def post_together(posts: Sequence[tuple[AThread, str]]) -> list[httpx2.Response]:
    """The answers to ``posts``, pairs of thread and body, that share one transaction."""
    async with asyncio.TaskGroup() as group, held_up(posts[0][0].site, posts=len(posts)):
        tasks = [group.create_task(thread.post(body)) for thread, body in posts]
    return [task.result() for task in tasks]
