"""Files are short, and named after the thing in them."""

import ast
import subprocess
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[2]
SAYS_NOTHING = {"util", "utils", "helper", "helpers", "common", "misc", "manager", "base"}


def tracked(*patterns: str) -> list[Path]:
    listed = subprocess.run(["git", "ls-files", *patterns], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / line for line in listed.stdout.splitlines()]


def test_no_file_of_the_service_is_longer_than_250_lines() -> None:
    lengths = {path.relative_to(ROOT): len(path.read_text().splitlines()) for path in tracked("service/*.py")}
    assert {path: lines for path, lines in lengths.items() if lines > 250} == {}


def test_every_file_has_a_name_that_says_what_it_does() -> None:
    assert [path for path in tracked("*.py") if path.stem in SAYS_NOTHING] == []


def test_no_file_is_named_by_a_bare_gerund() -> None:
    assert [path for path in tracked("service/*.py") if path.stem.endswith("ing") and "_" not in path.stem] == []


def test_no_two_files_share_a_name_but_those_that_every_room_has() -> None:
    of_rooms = {"api.py", "model.py", "wire.py", "__init__.py"}
    places = defaultdict(list)
    for path in tracked("service/*.py"):
        if path.parent.name != "cli" and path.name not in of_rooms:
            places[path.name].append(path)
    assert {name: paths for name, paths in places.items() if len(paths) > 1} == {}


def test_no_two_public_classes_share_a_name() -> None:
    places = defaultdict(list)
    for path in tracked("service/*.py"):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(path.relative_to(ROOT))
    assert {name: paths for name, paths in places.items() if len(paths) > 1} == {}


def test_every_module_of_the_service_begins_by_saying_what_it_is_for() -> None:
    assert [path for path in tracked("service/*.py") if not path.read_text().startswith('"""')] == []
