"""Files stay short enough to read, and are named by what they do."""

import subprocess
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


def test_every_module_of_the_service_begins_by_saying_what_it_is_for() -> None:
    assert [path for path in tracked("service/*.py") if not path.read_text().startswith('"""')] == []
