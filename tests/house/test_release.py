"""A release has one version: in pyproject.toml, the contract and the changelog (test_wheel.py adds ``--version``)."""

import re
import tomllib
from pathlib import Path

from service.reading.docs.contract import contract

ROOT = Path(__file__).parents[2]


def test_the_newest_release_of_the_changelog_is_the_version_of_the_project_and_the_contract() -> None:
    releases = re.findall(r"^## (\d+\.\d+\.\d+) - \d{4}-\d\d-\d\d$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert releases[0] == project["version"] == contract()["info"]["version"]
