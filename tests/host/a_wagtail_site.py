"""Run the Wagtail site of ``site/`` as a process with its own database; act as its editor and as a reader."""

import asyncio
import os
import re
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import httpx2
import pytest

from tests.installing import ROOT, run, virtual_environment

HERE = Path(__file__).parent
MANAGE = HERE / "site" / "manage.py"
RUNNING = re.compile(r"development server at (http://[\d.:]+)")
EDITOR, PASSWORD = "maria", "nine trams to the depot"
HOME = "2"  # the id of Wagtail's first page; articles are below it
DEADLINE = 20  # seconds

T = TypeVar("T")


@dataclass(frozen=True)
class WagtailSite:
    """The site's URL, clients of a reader and of a logged-in editor, its settings and its log."""

    url: str
    reader: httpx2.AsyncClient
    editor: httpx2.AsyncClient
    variables: dict[str, str]
    log: list[str]

    async def draft(self, slug: str, *, title: str, below: str = HOME) -> str:
        """Create a draft ``below`` another page; return the id of its page."""
        path = f"/admin/pages/add/news/articlepage/{below}/"
        answer = await self._submit(path, title=title, slug=slug, body="The text.")
        match = re.search(r"/admin/pages/(\d+)/edit/", answer.headers["location"])
        assert match
        return match[1]

    async def publish(self, page: str, slug: str, *, title: str) -> None:
        """Press *Publish* below an article."""
        fields = {"title": title, "slug": slug, "body": "The text.", "action-publish": "action-publish"}
        await self._submit(f"/admin/pages/{page}/edit/", **fields)

    async def unpublish(self, page: str) -> None:
        """Unpublish an article."""
        await self._submit(f"/admin/pages/{page}/unpublish/")

    async def delete(self, page: str) -> None:
        """Delete an article."""
        await self._submit(f"/admin/pages/{page}/delete/")

    async def shows(self, slug: str, *lines: str, hides: str | None = None) -> None:
        """Wait until a reader of the article sees all ``lines``, and not ``hides``."""

        async def look() -> str:
            return (await self.reader.get(f"/{slug}/")).text

        await until(look, lambda page: all(line in page for line in lines) and (hides is None or hides not in page))

    async def manage(self, *arguments: str) -> str:
        """Run a command of the site; return its output."""
        return await asyncio.to_thread(run, (python(), MANAGE, *arguments), **self.variables)

    async def _submit(self, path: str, **fields: str) -> httpx2.Response:
        answer = await self.editor.post(path, data=fields, headers={"X-CSRFToken": self.editor.cookies["csrftoken"]})
        assert answer.status_code == 302, answer.text
        return answer


async def until(look: Callable[[], Awaitable[T]], is_right: Callable[[T], bool]) -> None:
    """Repeat ``look`` until its result ``is_right``; after the deadline, fail with the last result."""
    give_up = asyncio.get_running_loop().time() + DEADLINE
    while not is_right(seen := await look()):
        assert asyncio.get_running_loop().time() < give_up, seen
        await asyncio.sleep(0.05)


def python() -> Path:
    """The interpreter with Wagtail. If no package index can be reached, the test is skipped; in CI it fails."""
    try:
        return virtual_environment(ROOT / ".venv-host", of=HERE / "requirements.txt") / "bin" / "python"
    except AssertionError as failed:
        if "(from versions: none)" not in str(failed):  # pip's message when no index answers
            raise
        message = "Wagtail can't be installed: no package index can be reached"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)


@asynccontextmanager
async def a_wagtail_site(folder: Path, **variables: str) -> AsyncIterator[WagtailSite]:
    """Run a site with its database in ``folder`` and the settings in ``variables``."""
    variables |= {"GAZETTE_DATABASE": str(folder / "gazette.sqlite3")}
    await asyncio.to_thread(_set_up, variables)
    command = (python(), MANAGE, "runserver", "--noreload", "127.0.0.1:0")
    environment = {**os.environ, **variables, "PYTHONUNBUFFERED": "1"}
    process = await asyncio.create_subprocess_exec(*command, env=environment, stdout=PIPE, stderr=STDOUT)
    address: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    log: list[str] = []
    reading = asyncio.create_task(_read(process, log, address))
    try:
        url = await address
        async with httpx2.AsyncClient(base_url=url) as reader, httpx2.AsyncClient(base_url=url) as editor:
            await _log_in(editor)
            yield WagtailSite(url, reader, editor, variables, log)
    finally:
        process.terminate()
        await process.wait()
        await reading


def _set_up(variables: dict[str, str]) -> None:
    run((python(), MANAGE, "migrate", "--verbosity=0"), **variables)
    account = {"DJANGO_SUPERUSER_PASSWORD": PASSWORD, "DJANGO_SUPERUSER_EMAIL": "maria@gazette.example"}
    run((python(), MANAGE, "createsuperuser", "--noinput", f"--username={EDITOR}"), **variables, **account)


async def _read(process: Process, log: list[str], address: asyncio.Future[str]) -> None:
    assert process.stdout
    async for line in process.stdout:
        log.append(line.decode())
        if (match := RUNNING.search(log[-1])) and not address.done():
            address.set_result(match[1])
    if not address.done():
        address.set_exception(RuntimeError(f"The site did not start: {''.join(log)}"))


async def _log_in(editor: httpx2.AsyncClient) -> None:
    await editor.get("/admin/login/")
    fields = {"username": EDITOR, "password": PASSWORD, "csrfmiddlewaretoken": editor.cookies["csrftoken"]}
    assert (await editor.post("/admin/login/", data=fields)).status_code == 302
