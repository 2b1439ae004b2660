"""Real files from public projects, which stand beside the repository: too big and too many licences to be in it."""

import os
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[1].parent / "shared" / "data"


def real_data(name: str) -> Path:
    """The path of the file ``name``; where it is missing the test is skipped, in CI it fails."""
    path = FOLDER / name
    if not path.exists():
        message = f"the file {name} of shared/data is not beside the repository"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return path
