"""Commands of an operator; a command that fails prints one line."""

import asyncio
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text

from service.cli import COMMANDS, main
from service.platform.sites.site_lookup import SLUG
from service.platform.storage.engine import Database
from service.platform.storage.revisions import head_revision
from service.routes import OPEN_ROUTES, SITE
from tests.postgres import PostgreSQL

Command = Callable[..., Result]
SECRET = "an open secret of thirty-two characters"


@pytest.fixture
def onereply(fresh_database_url: str) -> Command:
    """The command line on a migrated database."""
    return command_line(fresh_database_url)


@pytest.fixture
def unmigrated(dialect: str, request: pytest.FixtureRequest, tmp_path: Path) -> Command:
    """The command line on an empty database."""
    if dialect == "sqlite":
        (tmp_path / "empty.db").touch()
        return command_line(f"sqlite:///{tmp_path}/empty.db")
    server: PostgreSQL = request.getfixturevalue("postgresql")
    return command_line(server.new_database())


def command_line(database_url: str, **more: str) -> Command:
    environment = {"ONEREPLY_SECRET_KEY": SECRET, "ONEREPLY_DATABASE_URL": database_url, **more}

    def run(*arguments: str, typed: str | bytes | None = None) -> Result:
        return CliRunner(env=environment).invoke(main, arguments, input=typed)

    return run


def done(result: Result) -> str:
    """The output; the command must have succeeded."""
    assert result.exit_code == 0, (result.output, result.exception)
    return result.stdout


def stopped(result: Result) -> str:
    """The one line that says why the command failed."""
    assert result.exit_code != 0
    assert isinstance(result.exception, SystemExit), repr(result.exception)
    line = result.stderr.removesuffix("\n")
    assert "\n" not in line and line.startswith("Error: "), line
    return line.removeprefix("Error: ")


def test_every_command_says_what_it_does() -> None:
    listed = done(CliRunner().invoke(main, ["--help"]))
    for name in COMMANDS:
        assert name in listed
        assert "Usage:" in done(CliRunner().invoke(main, [name, "--help"]))
    assert re.search(r"\d+\.\d+", done(CliRunner().invoke(main, ["--version"])))


def test_a_site_is_added_listed_and_changed(onereply: Command) -> None:
    assert "onereply key add gazette" in done(onereply("site", "add", "gazette", "--name", "The Gazette"))
    done(onereply("site", "add", "novosti", "--name", "Новости", "--locale", "ru_RU", "--preset", "open"))
    done(
        onereply("site", "set", "gazette", "mode=hold", "close_after_days=14", "--name", "Gazette", "--locale", "pt-BR")
    )
    listed = done(onereply("site", "list")).splitlines()
    assert [line for line in listed if not line.startswith("\t")] == [
        "gazette\tGazette\tpt-BR",
        "novosti\tНовости\tru-RU",
    ]
    of_gazette = listed[1 : listed.index("novosti\tНовости\tru-RU")]
    assert {"\tmode=hold", "\tclose_after_days=14", "\trequire_email=false"} <= set(of_gazette)
    done(onereply("site", "set", "gazette", "close_after_days=null", "require_email=true"))
    assert "\tclose_after_days=null" in done(onereply("site", "list"))


def test_a_site_is_closed_and_reopened(onereply: Command, fresh_database_url: str) -> None:
    done(onereply("site", "add", "gazette", "--name", "The Gazette"))
    until = "2999-01-01T00:00:00+01:00"
    closed = done(onereply("site", "close", "gazette", "--reason", "Election.", "--until", until)).splitlines()
    assert closed[0] == "Site “gazette” is closed."
    assert read(fresh_database_url, "SELECT type FROM events") == ["site.closed"]
    done(onereply("site", "reopen", "gazette"))
    assert read(fresh_database_url, "SELECT type FROM events ORDER BY position") == ["site.closed", "site.reopened"]
    assert done(onereply("site", "close", "gazette", "--section", "a", "--dry-run")) == "Open threads that match: 0\n"
    assert done(onereply("site", "close", "gazette", "--quiet-since", until)).startswith("Threads closed: 0\n")
    done(onereply("site", "reopen", "gazette", closed[1]))  # again: it stays undone
    for arguments in (["--until", "2020-01-01T00:00:00Z"], ["--until", "tomorrow"], ["--until", "2999-01-01"]):
        assert onereply("site", "close", "gazette", *arguments).exit_code == 2
    assert onereply("site", "reopen", "gazette").exit_code == 1


def test_the_decision_log_names_the_changed_settings(onereply: Command, fresh_database_url: str) -> None:
    done(onereply("site", "add", "gazette", "--name", "The Gazette"))
    done(onereply("site", "set", "gazette", "--locale", "de", "mode=hold", "max_depth=2"))
    done(onereply("site", "set", "gazette", "mode=hold"))
    reasons = read(fresh_database_url, "SELECT reason FROM decisions ORDER BY decided_at")
    assert reasons == ["locale, mode, max_depth", None]


def test_a_slug_that_is_invalid_in_a_path_is_refused(onereply: Command) -> None:
    for slug in ("", "Gazette", "a b", "a/b", "-a", "a-", "газета", "x" * 64, "a\n", ".."):
        assert "is not a valid slug" in stopped(onereply("site", "add", "--name", "x", "--", slug))
    assert done(onereply("site", "list")) == ""


def test_no_site_hides_the_pages_of_the_service(onereply: Command) -> None:
    first = {path.split("/")[1] for path in [SITE, *(path for _, path, _ in OPEN_ROUTES)]}
    for slug in (name for name in first if SLUG.fullmatch(name)):
        assert "the service uses this path itself" in stopped(onereply("site", "add", "--name", "x", "--", slug))
    assert done(onereply("site", "list")) == ""


def test_an_unknown_locale_is_refused(onereply: Command) -> None:
    done(onereply("site", "add", "gazette", "--name", "x"))
    for locale in ("xx", "english", "e", "en_US_POSIX_x", "../en", "-", ""):
        assert "is not a valid locale" in stopped(onereply("site", "add", "herald", "--name", "x", "--locale", locale))
        assert "is not a valid locale" in stopped(onereply("site", "set", "gazette", "--locale", locale))
    assert "herald" not in done(onereply("site", "list"))


def test_an_invalid_setting_is_refused_by_its_name(onereply: Command) -> None:
    done(onereply("site", "add", "gazette", "--name", "x"))
    before = done(onereply("site", "list"))
    unfit = [
        "mode",
        "mode=ban",
        "mode=null",
        "max_depth=21",
        "max_depth=x",
        "max_depth=",
        "=1",
        "require_email=2",
        "a=1",
    ]
    for setting in unfit:
        assert setting.partition("=")[0] in stopped(onereply("site", "set", "gazette", "max_depth=3", setting))
    assert done(onereply("site", "list")) == before


def test_an_existing_or_missing_site_is_one_line(onereply: Command) -> None:
    done(onereply("site", "add", "gazette", "--name", "x"))
    assert stopped(onereply("site", "add", "gazette", "--name", "x")) == "There is already a site “gazette”."
    for arguments in (("site", "set"), ("key", "list"), ("key", "add", "--role", "host"), ("key", "revoke")):
        more = ("0" * 12,) if "revoke" in arguments else ()
        assert stopped(onereply(*arguments, "herald", *more)) == "There is no site “herald”."


def test_a_key_is_printed_alone_on_the_last_line_and_never_again(onereply: Command) -> None:
    done(onereply("site", "add", "gazette", "--name", "x"))
    keys = [done(onereply("key", "add", "gazette", "--role", role)) for role in ("host", "moderator", "admin")]
    for key in keys:
        assert re.fullmatch(r"ork_[0-9a-f]{12}_[\w-]{43}", key.splitlines()[-1])
    listed = done(onereply("key", "list", "gazette"))
    assert [line.split("\t")[1] for line in listed.splitlines()] == ["host", "moderator", "admin"]
    assert not any(key.strip().split("_", 2)[2] in listed for key in keys)


def test_a_key_is_revoked_once_and_only_at_its_own_site(onereply: Command) -> None:
    for slug in ("gazette", "herald"):
        done(onereply("site", "add", slug, "--name", "x"))
    key_id = done(onereply("key", "add", "gazette", "--role", "host")).split("_")[1]
    assert "has no valid key" in stopped(onereply("key", "revoke", "herald", key_id))
    done(onereply("key", "revoke", "gazette", key_id))
    assert "has no valid key" in stopped(onereply("key", "revoke", "gazette", key_id))
    assert not done(onereply("key", "list", "gazette")).rstrip().endswith("–")


def test_a_usage_error_shows_the_usage(onereply: Command) -> None:
    for arguments in (
        ("site", "add", "gazette"),
        ("key", "add", "x", "--role", "king"),
        ("serve", "--port", "70000"),
        ("sell",),
    ):
        result = onereply(*arguments)
        assert (result.exit_code, "Usage:" in result.stderr) == (2, True)


def test_migrating_up_and_down_says_where_the_database_is(unmigrated: Command) -> None:
    assert done(unmigrated("migrate")) == f"The database is at revision {head_revision()}.\n"
    assert done(unmigrated("migrate")) == f"The database is at revision {head_revision()}.\n"
    assert "2026_11_24_0002" in done(unmigrated("migrate", "--to", "2026_11_24_0002"))
    done(unmigrated("migrate", "--to", "base"))
    done(unmigrated("migrate"))
    assert "No findings" in done(unmigrated("verify"))


def test_an_unknown_revision_is_refused(onereply: Command) -> None:
    for revision in ("nonsense", "2027_01_01_0001", "-1", "+9", ""):
        assert stopped(onereply("migrate", f"--to={revision}"))
    assert "No findings" in done(onereply("verify"))


def test_a_database_of_a_later_release_is_left_alone(onereply: Command, fresh_database_url: str) -> None:
    execute(fresh_database_url, "UPDATE alembic_version SET version_num = '2999_01_01_0001'")
    for arguments in (("migrate",), ("serve",), ("serve", "--migrate"), ("verify",), ("worker",), ("site", "list")):
        assert stopped(onereply(*arguments)) == (
            "The database is at revision 2999_01_01_0001, which this release does not know: a newer release has "
            "migrated it. Install that release, or restore a backup."
        )


def test_nothing_but_migrating_works_before_it(unmigrated: Command) -> None:
    for command in ("serve", "verify"):
        assert stopped(unmigrated(command)).endswith("run “onereply migrate”.")
    for arguments in (("site", "list"), ("site", "add", "gazette", "--name", "x"), ("key", "list", "gazette")):
        assert stopped(unmigrated(*arguments)).endswith("run “onereply migrate”.")


def test_a_database_in_a_file_is_for_its_owner_only(tmp_path: Path) -> None:
    done(command_line(f"sqlite:///{tmp_path}/new.db")("migrate"))
    assert {path.stat().st_mode & 0o777 for path in tmp_path.glob("new.db*")} == {0o600}


def test_verify_names_what_is_wrong(onereply: Command, fresh_database_url: str) -> None:
    done(onereply("site", "add", "gazette", "--name", "x"))
    execute(fresh_database_url, "UPDATE sites SET position = 7")
    result = onereply("verify")
    assert (result.exit_code, result.stderr) == (1, "Error: 1 finding.\n")
    assert result.stdout == "site gazette: position 7, but 0 events from 1 to 0\n"


def read(database_url: str, statement: str) -> list[object]:
    async def operation() -> list[object]:
        database = Database(database_url, read_connections=1)
        async with database.read() as connection:
            found = [row[0] for row in await connection.execute(text(statement))]
        await database.close()
        return found

    return asyncio.run(operation())


def execute(database_url: str, statement: str) -> None:
    async def operation() -> None:
        database = Database(database_url, read_connections=1)
        async with database.write() as connection:
            await connection.execute(text(statement))
        await database.close()

    asyncio.run(operation())
