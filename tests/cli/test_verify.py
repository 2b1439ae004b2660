"""`onereply verify` finds damage of the database file and prints it in plain lines."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import Result

from service.platform.storage.engine import Database
from service.platform.storage.revisions import migrate
from tests.cli.test_commands import command_line, done

PAGE = 4096


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A database file with a table of many pages in its middle."""

    async def make() -> None:
        database = Database(f"sqlite:///{tmp_path}/onereply.db", read_connections=1)
        await migrate(database)
        await database.close()

    asyncio.run(make())
    file = tmp_path / "onereply.db"
    done(verify_command(file, "site", "add", "gazette", "--name", "The Gazette"))
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE filling (id INTEGER PRIMARY KEY, words TEXT)")
        connection.executemany("INSERT INTO filling (words) VALUES (?)", [("words " * 60,)] * 3_000)
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return file


def verify_command(file: Path, *arguments: str) -> Result:
    return command_line(f"sqlite:///{file}")(*(arguments or ("verify",)))


def overwrite(file: Path, page: int, content: bytes) -> None:
    with file.open("r+b") as opened:
        opened.seek(page * PAGE)
        opened.write(content)


def test_an_undamaged_database_has_no_findings(file: Path) -> None:
    assert "No findings" in done(verify_command(file))


@pytest.mark.parametrize("content", [bytes(PAGE), b"\xa5" * PAGE], ids=["zeros", "noise"])
def test_a_damaged_page_in_the_middle_is_found(file: Path, content: bytes) -> None:
    pages = file.stat().st_size // PAGE
    for page in (pages // 2, pages - 20):
        overwrite(file, page, content)
    result = verify_command(file)
    assert (result.exit_code, type(result.exception)) == (1, SystemExit)
    lines = result.stdout.splitlines()
    assert lines[-1] == "The database file is damaged. Restore a backup."
    assert all(line.startswith("database file: ") for line in lines[:-1]) and len(lines) > 1
    assert "should be" not in result.output and "Traceback" not in result.output


def test_any_damaged_page_ends_in_plain_lines(file: Path) -> None:
    whole = file.read_bytes()
    for page in range(1, len(whole) // PAGE, 17):
        file.write_bytes(whole)
        overwrite(file, page, b"\xa5" * PAGE)
        result = verify_command(file)
        assert (result.exit_code, type(result.exception)) == (1, SystemExit), (page, result.exception)
        assert "should be" not in result.output


def test_a_row_that_refers_to_a_missing_one_is_named(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE guests (id INTEGER PRIMARY KEY, site_id INTEGER REFERENCES sites (id))")
        connection.execute("INSERT INTO guests (id, site_id) VALUES (7, 4711)")
        connection.commit()
    result = verify_command(file)
    assert result.exit_code == 1
    assert result.stdout == "table guests: row 7 refers to a row of sites that does not exist\n"
