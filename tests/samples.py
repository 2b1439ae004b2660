"""Sample inputs: our own small files in ``tests/data``, and large real ones if they are beside the repository.

The real files come from public projects: too big, and under too many licences, to be in the repository. Tests run on
our own files; where the real ones are in ``../shared/data``, `make check` runs on them too.
"""

import json
import os
from pathlib import Path
from typing import Any

import pytest

OWN = Path(__file__).resolve().parent / "data"
REAL = Path(__file__).resolve().parents[2] / "shared" / "data"
# `make test` is quick on our own files; `make check`, and pytest by itself, add the real ones.
HAS_REAL = REAL.is_dir() and os.environ.get("EXAMPLES") != "fast"


def samples(name: str, *, real: str | None = None) -> list[Path]:
    """Return our file ``name``, then the real file of that name, or of the name ``real``, if it is there."""
    found = REAL / (real or name)
    return [OWN / name, *([found] if HAS_REAL and found.exists() else [])]


def sample_cases(name: str) -> list[Any]:
    """Return the cases of the JSON files called ``name``: the elements of a list, the pairs of an object."""
    cases: list[Any] = []
    for path in samples(name):
        content = json.loads(path.read_text("utf-8"))
        cases += content.items() if isinstance(content, dict) else content
    return cases


def sample_id(path: Path) -> str:
    """Return the id of a parametrized test: ``every-state.xml``, ``real-every-state.xml``."""
    return path.name if path.is_relative_to(OWN) else f"real-{path.name}"


def real_data(name: str) -> Path:
    """Return the path of a real file, for statistics that need many cases; skips the test if it is missing."""
    path = REAL / name
    if not path.exists():
        pytest.skip(f"needs the real file shared/data/{name} beside the repository: statistics need many cases")
    return path
