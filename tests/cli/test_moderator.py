"""Operators manage moderators' accounts, and no password is visible to others."""

import asyncio
import os
import pty
import subprocess
import sys
from collections.abc import Awaitable, Callable

import pytest
from click.testing import CliRunner, Result
from pyotp import TOTP
from sqlalchemy.ext.asyncio import AsyncConnection

from service.cli import main
from service.platform import clock
from service.platform.access.moderator_accounts import find_account
from service.platform.access.passwords import Passwords
from service.platform.access.second_factors import (
    SecondFactors,
    count_recovery_codes,
    has_second_factor,
    make_secret,
)
from service.platform.access.sessions import begin_session, list_sessions
from service.platform.sites.edit_site import find_site
from service.platform.storage.engine import Database
from tests.cli.test_commands import SECRET, done, stopped

PASSWORD = "nine trams to the depot"


class CommandLine:
    """The command line on a migrated database with the site ``gazette``."""

    def __init__(self, database_url: str) -> None:
        self.environment = {"ONEREPLY_SECRET_KEY": SECRET, "ONEREPLY_DATABASE_URL": database_url}
        self.database_url = database_url
        done(self("site", "add", "gazette", "--name", "The Gazette"))

    def __call__(self, *arguments: str, typed: str | bytes | None = None) -> Result:
        return CliRunner(env=self.environment).invoke(main, arguments, input=typed)

    def fits(self, name: str, password: str) -> bool:
        """Whether ``name`` can log in with ``password``."""

        async def operation() -> bool:
            database = Database(self.database_url, read_connections=1)
            async with database.read() as connection:
                account = await find_account(connection, (await find_site(connection, "gazette")).id, name)
            await database.close()
            return await Passwords().check(password, account.password_hash if account else None)

        return asyncio.run(operation())


@pytest.fixture
def onereply(fresh_database_url: str) -> CommandLine:
    return CommandLine(fresh_database_url)


def add(onereply: CommandLine, name: str, typed: str | bytes = PASSWORD + "\n") -> Result:
    return onereply("moderator", "add", "gazette", name, "--role", "moderator", typed=typed)


def test_a_moderator_is_added_listed_given_another_password_and_removed(onereply: CommandLine) -> None:
    assert done(add(onereply, "Maria")) == "“Maria” is now a moderator of “gazette” and can log in.\n"
    assert onereply.fits("Maria", PASSWORD)
    done(onereply("moderator", "passwd", "gazette", "maria", typed="another of my trams"))
    assert onereply.fits("Maria", "another of my trams")
    assert done(onereply("moderator", "list", "gazette")).split("\t")[1:3] == ["Maria", "moderator"]
    done(onereply("moderator", "remove", "gazette", "MARIA"))
    assert not done(onereply("moderator", "list", "gazette")).rstrip().endswith("–")
    assert stopped(onereply("moderator", "remove", "gazette", "Maria")) == "There is no moderator “Maria”."


def test_an_unfit_password_is_refused_and_not_shown(onereply: CommandLine) -> None:
    for typed in (
        "",
        "\n",
        "too short\n",
        "x" * 201,
        "Maria Petrova\n",
        "with\tcontrols in it",
        b"latin: \xe9\xe9\xe9\xe9\xe9\n",
    ):
        output = stopped(add(onereply, "Maria Petrova", typed))
        assert output.startswith("A password ") and "x" * 9 not in output
    assert done(onereply("moderator", "list", "gazette")) == ""


def test_an_existing_or_missing_moderator_is_one_line(onereply: CommandLine) -> None:
    done(add(onereply, "Maria"))
    assert stopped(add(onereply, "MARIA")) == "There is already a moderator “MARIA”."
    assert stopped(add(onereply, " ")) == "A moderator needs a name."
    nobody = onereply("moderator", "passwd", "gazette", "Otto", typed=PASSWORD)
    assert stopped(nobody) == "There is no moderator “Otto”."
    for command in (("list",), ("remove", "Maria")):
        assert stopped(onereply("moderator", command[0], "herald", *command[1:])) == "There is no site “herald”."


def test_a_password_is_never_an_argument(onereply: CommandLine) -> None:
    for more in ((PASSWORD,), ("--password", PASSWORD)):
        refused = onereply("moderator", "add", "gazette", "Maria", "--role", "moderator", *more)
        assert (refused.exit_code, "Usage:" in refused.stderr) == (2, True)


def test_at_a_terminal_the_password_is_asked_for_twice_and_not_shown(onereply: CommandLine) -> None:
    ours, theirs = pty.openpty()
    command = "from service.cli import main; main()", "moderator", "add", "gazette", "Maria", "--role", "admin"
    process = subprocess.Popen(
        [sys.executable, "-c", *command],
        env={**os.environ, **onereply.environment},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    shown = ""
    for awaited in ("Password: ", "confirmation: ", "can log in."):
        while awaited not in shown:
            shown += os.read(ours, 1024).decode()
        if awaited.endswith(": "):
            os.write(ours, f"{PASSWORD}\n".encode())
    assert process.wait(60) == 0, shown
    os.close(ours)
    assert PASSWORD not in shown
    assert onereply.fits("Maria", PASSWORD)


def test_a_role_is_changed_but_the_last_admin_stays(onereply: CommandLine) -> None:
    done(add(onereply, "Maria"))
    assert done(onereply("moderator", "role", "gazette", "maria", "admin")) == (
        "“maria” now has the role “admin” at “gazette”.\n"
    )
    for command in (("role", "gazette", "Maria", "moderator"), ("remove", "gazette", "Maria")):
        assert stopped(onereply("moderator", *command)) == "Create another admin key or account first."
    done(onereply("key", "add", "gazette", "--role", "admin"))
    done(onereply("moderator", "remove", "gazette", "Maria"))
    assert stopped(onereply("moderator", "role", "gazette", "Maria", "admin")) == "There is no moderator “Maria”."


def test_a_moderator_is_limited_to_sections_and_no_longer(onereply: CommandLine) -> None:
    arguments = ("gazette", "Otto", "--role", "moderator", "--section", "sport", "--section", " city ")
    done(onereply("moderator", "add", *arguments, typed=PASSWORD + "\n"))
    assert done(onereply("moderator", "list", "gazette")).endswith("–\tcity, sport\n")
    assert done(onereply("moderator", "limit", "gazette", "otto")) == "“otto” now moderates all sections.\n"
    assert done(onereply("moderator", "list", "gazette")).endswith("–\n")
    for name, section, reason in (
        ("Otto", "\u200b", "A section has 1 to 200 characters."),
        ("Otto", "x" * 201, "A section has 1 to 200 characters."),
        ("Nobody", "a", "There is no moderator “Nobody”."),
    ):
        assert stopped(onereply("moderator", "limit", "gazette", name, "--section", section)) == reason
    admin = onereply("moderator", "add", "gazette", "Ada", "--role", "admin", "--section", "a", typed=PASSWORD + "\n")
    assert stopped(admin) == "An admin can't be limited to sections."


def test_a_lost_second_factor_is_removed_and_sessions_end(onereply: CommandLine) -> None:
    done(add(onereply, "Maria"))
    nothing, nobody = (onereply("moderator", "reset-second-factor", "gazette", name) for name in ("Maria", "Otto"))
    assert stopped(nothing) == "“Maria” has no second factor."
    assert stopped(nobody) == "There is no moderator “Otto”."
    asyncio.run(_with_maria(onereply, _set_up))
    done(onereply("moderator", "reset-second-factor", "gazette", "maria"))
    asyncio.run(_with_maria(onereply, _check_that_nothing_is_left))


async def _with_maria(onereply: CommandLine, work: Callable[[AsyncConnection, str], Awaitable[None]]) -> None:
    database = Database(onereply.database_url, read_connections=1)
    async with database.write() as connection:
        account = await find_account(connection, (await find_site(connection, "gazette")).id, "Maria")
        assert account is not None
        await work(connection, account.id)
    await database.close()


async def _set_up(connection: AsyncConnection, moderator_id: str) -> None:
    secret = make_secret()
    code = TOTP(secret).at(clock.now())
    assert await SecondFactors(SECRET).turn_on(connection, moderator_id, secret=secret, code=code)
    await begin_session(connection, moderator_id)


async def _check_that_nothing_is_left(connection: AsyncConnection, moderator_id: str) -> None:
    assert not await has_second_factor(connection, moderator_id)
    assert await count_recovery_codes(connection, moderator_id) == 0
    assert await list_sessions(connection, moderator_id) == []
