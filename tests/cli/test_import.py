"""`onereply import` reports what it repaired, and says in one line why it can't read a file."""

import gzip
from pathlib import Path

import pytest

from tests.cli.test_commands import Command, command_line, done
from tests.integrations.imports.exports import HEAD, TAIL, a_comment, an_item


@pytest.fixture
def run(tmp_path: Path) -> Command:
    run = command_line(f"sqlite:///{tmp_path}/x.db")
    done(run("migrate"))
    done(run("site", "add", "gazette", "--name", "The Gazette"))
    return run


def test_each_kind_of_repair_is_a_line_with_its_count_and_first_lines(run: Command, tmp_path: Path) -> None:
    file = tmp_path / "export.xml.gz"
    comment = a_comment().replace("<![CDATA[Reader]]>", "A&nbsp;B&nbsp;C")
    file.write_bytes(gzip.compress(f"\n{HEAD}\n{an_item(comment)}{TAIL}".encode()))
    first = done(run("import", "wordpress", str(file), "--site", "gazette"))
    repairs = [
        "Warning: 1 text-outside-xml (for example line 2)",
        "Warning: 2 html-entity (for example line 3; line 3)",
    ]
    assert first.splitlines() == [
        "Articles: 1 created",
        "Comments added: 1 published",
        "Comments skipped: none",
        *repairs,
    ]
    assert done(run("import", "wordpress", str(file), "--site", "gazette")).splitlines() == [
        "Articles: 1 known",
        "Comments added: none",
        "Comments skipped: 1 already imported",
        *repairs,
    ]


def test_a_file_of_another_format_is_one_line(run: Command, tmp_path: Path) -> None:
    file = tmp_path / "export.xml"
    for content in (b"", b"PK\x03\x04\x00\xff" * 100, b"<!DOCTYPE html>\n<html>&nbsp;</html>", b"\x1f\x8b\x08 broken"):
        file.write_bytes(content)
        result = run("import", "wordpress", str(file), "--site", "gazette")
        assert (result.exit_code, result.stdout) == (1, "")
        assert result.stderr.splitlines()[-1] == (
            f"Error: {file}: Line 1: the file has no <rss> element: it has another format."
        )


def test_a_file_that_is_cut_gives_its_complete_comments_and_the_whole_file_the_rest(
    run: Command, tmp_path: Path
) -> None:
    file = tmp_path / "export.xml"
    whole = f"{HEAD}\n{an_item(a_comment('1'), a_comment('2', parent='1'), a_comment('3', parent='2'))}{TAIL}"
    file.write_text(whole[: whole.index("Text 3")])
    cut = run("import", "wordpress", str(file), "--site", "gazette")
    assert cut.exit_code == 1
    assert "Comments added: 2 published" in cut.stdout
    assert cut.stderr.splitlines()[-1] == (
        f"Error: {file}: Line 2: the file ends too early. Everything complete before this line is imported."
    )
    file.write_text(whole)
    assert "Comments added: 1 published" in done(run("import", "wordpress", str(file), "--site", "gazette"))
    assert done(run("verify"))
