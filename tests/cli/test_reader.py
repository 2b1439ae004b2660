"""Operators erase a reader, after a question."""

import asyncio
from uuid import uuid4

from click.testing import CliRunner, Result

from service.app import create_app
from service.cli import main
from tests.builders import a_site
from tests.cli.test_commands import done, stopped
from tests.conftest import SECRET_KEY, an_installation
from tests.desk.test_reader_pages import a_reader


async def test_a_reader_is_erased_after_a_question(fresh_database_url: str) -> None:
    environment = {"ONEREPLY_SECRET_KEY": SECRET_KEY, "ONEREPLY_DATABASE_URL": fresh_database_url}
    app = create_app(an_installation(fresh_database_url))
    async with app.router.lifespan_context(app), a_site(app) as site:
        comment, reader = await a_reader(site, name="Ada")

        async def erase(*given: str, typed: str | None = None) -> Result:
            arguments = ("reader", "erase", site.slug, *given)
            return await asyncio.to_thread(CliRunner(env=environment).invoke, main, arguments, input=typed)

        async def state() -> str:
            read = await site.call("GET", f"/comments/{comment['id']}", by="moderator")
            return str(read.json()["comment"]["state"])

        assert (await erase(reader, typed="n\n")).exit_code == 1
        assert await state() == "published"
        assert f"The reader {reader}" in done(await erase(reader, typed="y\n"))
        assert await state() == "deleted"
        done(await erase(reader, "--yes"))
        assert stopped(await erase(str(uuid4()), "--yes"))
        log = (await site.call("GET", f"/decisions?reader={reader}", by="moderator")).json()["decisions"]
        assert [(each["action"], each["decided_by"]["kind"]) for each in log] == [("erase-reader", "operator")]
