"""The documents name only files, commands, options, settings, metrics and make targets that exist."""

import re
from collections.abc import Iterator
from pathlib import Path

import click
import msgspec
import pytest
from babel import Locale
from prometheus_client import REGISTRY

from service.cli import main
from service.platform.languages.messages import LOCALES
from service.reading.docs.contract import contract
from service.settings import PREFIX, Settings
from tests.house.test_files import ROOT, tracked

DOCUMENTS = [path for path in tracked("*.md") if path.name != "CHANGELOG.md"]  # which also names what was renamed
TEXT = "\n".join(path.read_text() for path in DOCUMENTS)
# The constants and the filter of the WordPress plugin.
FOREIGN = {f"ONEREPLY_{name}" for name in ("URL", "SITE", "SECRET", "ENDPOINT_SECRET", "TOKEN_SECRET")}
FOREIGN_FILTER = "onereply_token_claims"
WRITTEN_BY_READERS = {"cms.py", "host_token.py", "article_event.py", "receiver.py", "sv.toml"}
OF_OTHERS = {"manage.py", "wp-content/plugins/"}  # Django, WordPress
CODE = re.compile(r"`([^`\n]+)`")
COMMAND = re.compile(r"(?<![/\w.])onereply (?!onereply)((?:[a-z]+(?:-[a-z]+)* ?)+)([^`\n|]*)")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_file_that_a_document_names_exists(document: Path) -> None:
    files = [f"/{path.relative_to(ROOT)}" for path in tracked()]
    folders = {f"{path.rpartition('/')[0]}/" for path in files}
    folders |= {f"{parent}/" for folder in folders for parent in map(str, Path(folder).parents)}
    named = [
        name for name in CODE.findall(document.read_text()) if re.fullmatch(r"[\w./-]+(\.(py|toml|yaml|md)|\w/)", name)
    ]
    for name in {*named} - WRITTEN_BY_READERS - OF_OTHERS:
        places = folders if name.endswith("/") else files
        assert any(place.endswith(f"/{name.lstrip('/')}") for place in places), name


def commands() -> Iterator[tuple[str, str]]:
    """The words and the rest of each ``onereply`` command in the documents."""
    for words, rest in COMMAND.findall(TEXT):
        yield words.strip(), rest


def test_every_command_and_option_in_the_documents_exists() -> None:
    found = 0
    for words, rest in commands():
        command: click.Command = main
        for word in words.split():
            if not isinstance(command, click.Group):
                break
            chosen = command.get_command(click.Context(command), word)
            assert chosen, f"onereply {words}"
            command = chosen
        options = {option for parameter in command.params for option in parameter.opts}
        for option in re.findall(r"(?<!\S)--[a-z-]+", rest.partition(" | ")[0]):
            assert option in options | {"--help"}, f"onereply {words}: {option}"
            found += 1
    assert found > 20


def test_every_setting_in_the_documents_exists() -> None:
    settings = {f"{PREFIX}{field.name.upper()}" for field in msgspec.structs.fields(Settings)}
    assert set(re.findall(r"\bONEREPLY_[A-Z_]+", TEXT)) - settings - FOREIGN == set()


def test_every_metric_in_the_documents_exists() -> None:
    metrics = {name for each in REGISTRY.collect() for name in (each.name, f"{each.name}_total")}
    assert set(re.findall(r"\bonereply_[a-z_]+", TEXT)) - metrics - {"onereply_client", FOREIGN_FILTER} == set()


def test_every_problem_type_in_the_guides_exists() -> None:
    types = set(contract()["components"]["schemas"]["Problem"]["properties"]["type"]["enum"])
    assert set(re.findall(r"(?<![\w}])/problems/[a-z-]+", TEXT)) - types == set()


def test_every_make_target_in_the_documents_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"(?:`|^)make ([a-z-]+)", TEXT, re.MULTILINE)) - targets == set()


def test_the_map_has_every_room_of_every_wing() -> None:
    rows = dict(re.findall(r"^\| `(\w+)/` \| (.+) \|$", (ROOT / "CONTRIBUTING.md").read_text(), re.MULTILINE))
    rooms: dict[str, set[str]] = {wing: set() for wing in rows}
    for path in tracked("service/*/*/__init__.py"):
        rooms[path.parts[-3]].add(path.parts[-2])
    assert {wing: {*re.findall(r"`(\w+)/`", row)} - {"embed"} for wing, row in rows.items()} == rooms


def test_the_documents_list_every_language() -> None:
    names = {Locale.parse(locale).get_language_name("en") for locale in LOCALES}
    [listed] = re.findall(r"^\*\*Languages\.\*\*.* Available: (.+)\.$", TEXT, re.MULTILINE)
    assert set(re.split(", | and ", listed)) == names
    assert set(re.findall(r"(\d+) languages", TEXT)) == {str(len(LOCALES))}
