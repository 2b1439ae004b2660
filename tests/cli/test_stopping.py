"""Where the environment or the database is not as it must be, each command stops with one line and no success."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from service.cli import main
from tests.cli.test_commands import command_line, stopped
from tests.postgres import PostgreSQL

COMMANDS = [("migrate",), ("serve",), ("verify",), ("site", "list"), ("key", "add", "gazette", "--role", "host")]


@pytest.fixture(params=COMMANDS, ids=" ".join)
def command(request: pytest.FixtureRequest) -> tuple[str, ...]:
    found: tuple[str, ...] = request.param
    return found


def test_without_the_secret_nothing_starts(command: tuple[str, ...], tmp_path: Path) -> None:
    environment = {"ONEREPLY_SECRET_KEY": None, "ONEREPLY_DATABASE_URL": f"sqlite:///{tmp_path}/x.db"}
    assert "ONEREPLY_SECRET_KEY is required" in stopped(CliRunner(env=environment).invoke(main, command))


def test_with_a_setting_that_nobody_knows_nothing_starts(command: tuple[str, ...], tmp_path: Path) -> None:
    run = command_line(f"sqlite:///{tmp_path}/x.db", ONEREPLY_COLOUR="red")
    assert "ONEREPLY_COLOUR is not a setting" in stopped(run(*command))


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://onereply:hidden@127.0.0.1:1/onereply",
        "postgresql://onereply:hidden@127.0.0.1:port/onereply",
        "postgresql://onereply:hidden@[::1/onereply",
        "postgresql://onereply:hidden@no-such-host.invalid/onereply",
    ],
    ids=["nobody listens", "no port", "no address", "no host"],
)
def test_a_database_out_of_reach_is_one_line_without_the_password(command: tuple[str, ...], url: str) -> None:
    assert "hidden" not in stopped(command_line(url)(*command))


def test_a_database_that_the_server_does_not_have_is_one_line(command: tuple[str, ...], postgresql: PostgreSQL) -> None:
    url = postgresql.new_database().replace("/onereply_", "/no_such_onereply_")
    assert "no_such_onereply" in stopped(command_line(url)(*command))


def test_a_user_that_the_server_does_not_know_is_one_line(command: tuple[str, ...], postgresql: PostgreSQL) -> None:
    url = postgresql.new_database().replace("postgres@", "nobody@")
    assert stopped(command_line(url)(*command))


def test_a_file_that_is_no_database_is_one_line(command: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("Not a database. " * 100)
    assert stopped(command_line(f"sqlite:///{tmp_path}/notes.txt")(*command))
    assert stopped(command_line(f"sqlite:///{tmp_path}")(*command))
    assert stopped(command_line(f"sqlite:///{tmp_path}/notes.txt/x.db")(*command))
