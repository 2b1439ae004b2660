"""With an invalid environment or database, each command stops with one line."""

import socket
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


def test_with_an_unknown_setting_nothing_starts(command: tuple[str, ...], tmp_path: Path) -> None:
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


def test_a_file_that_is_not_a_database_is_one_line(command: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("Not a database. " * 100)
    assert stopped(command_line(f"sqlite:///{tmp_path}/notes.txt")(*command))
    assert stopped(command_line(f"sqlite:///{tmp_path}")(*command))
    assert stopped(command_line(f"sqlite:///{tmp_path}/notes.txt/x.db")(*command))


@pytest.mark.parametrize(
    "arguments",
    [
        ("serve",),
        ("serve", "--workers", "2"),
        ("worker",),
        ("verify",),
        ("site", "list"),
        ("site", "add", "gazette", "--name", "x"),
        ("key", "list", "gazette"),
        ("moderator", "list", "gazette"),
    ],
    ids=" ".join,
)
def test_only_commands_that_migrate_create_a_database(arguments: tuple[str, ...], tmp_path: Path) -> None:
    path = tmp_path / "no such folder" / "x.db"
    assert stopped(command_line(f"sqlite:///{path}")(*arguments)) == (
        f"There is no database at {path}. Check ONEREPLY_DATABASE_URL, or run “onereply migrate” to create it."
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_port_in_use_is_one_line_that_says_what_to_do(workers: str, tmp_path: Path) -> None:
    run = command_line(f"sqlite:///{tmp_path}/x.db")
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        assert stopped(run("serve", "--migrate", "--port", port, "--workers", workers)) == (
            f"Port {port} of 127.0.0.1 is in use. Stop the program that uses it, or choose another with --port."
        )
        assert f"Port {port} of 127.0.0.1 is in use." in stopped(run("worker", "--port", port))


def test_an_address_of_another_machine_is_one_line(tmp_path: Path) -> None:
    run = command_line(f"sqlite:///{tmp_path}/x.db")
    for host in ("192.0.2.1", "no-such-host.invalid", "2001:db8::1", "a" * 300, "a..b"):
        line = stopped(run("serve", "--migrate", "--port", "0", "--host", host))
        assert line.startswith(f"{host} is not an address of this machine.") or f"“{host}” is not a host" in line


def test_input_that_is_not_text_is_one_line(tmp_path: Path) -> None:
    run = command_line(f"sqlite:///{tmp_path}/x.db")
    assert run("migrate").exit_code == 0
    assert run("site", "add", "gazette", "--name", "x").exit_code == 0
    assert (
        stopped(run("site", "secret", "gazette", "host-token", "--set", typed=b"\xff" * 40))
        == "The input is not text in UTF-8."
    )


def test_a_file_that_can_not_be_read_is_one_line(tmp_path: Path) -> None:
    run = command_line(f"sqlite:///{tmp_path}/x.db")
    assert run("migrate").exit_code == 0
    assert run("site", "add", "gazette", "--name", "x").exit_code == 0
    binary = tmp_path / "export.xml"
    for content in (b"", b"\xff\xfe\x00", b"<rss>", b"\x00" * 5000):
        binary.write_bytes(content)
        result = run("import", "wordpress", str(binary), "--site", "gazette")
        assert isinstance(result.exception, SystemExit), content
        assert result.stderr.splitlines()[-1].startswith(f"Error: {binary}: "), content


def test_a_postgresql_that_is_too_old_is_one_line(
    command: tuple[str, ...], postgresql: PostgreSQL, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.platform.storage.postgresql.MIN_VERSION", 99)
    output = stopped(command_line(postgresql.new_database())(*command))
    assert "is too old: One Reply needs 99 or newer." in output
