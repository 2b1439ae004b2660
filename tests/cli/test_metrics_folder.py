"""Metrics folders of killed servers are deleted at the next start; those of running servers stay."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from service.cli.metrics_folder import LOCK, PREFIX, shared_metrics
from service.platform.metrics import SHARED_FOLDER

HOLD = "from service.cli.metrics_folder import shared_metrics\nwith shared_metrics(): print(1, flush=True); input()"


@pytest.fixture(autouse=True)
def temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setenv(SHARED_FOLDER, "restored afterwards")
    monkeypatch.delenv(SHARED_FOLDER)
    return tmp_path


def test_the_folder_of_a_killed_server_is_deleted_and_that_of_a_running_one_is_kept(temporary_folder: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLD], stdin=-1, stdout=-1) as server:
        assert server.stdout
        server.stdout.readline()
        [of_server] = temporary_folder.glob(f"{PREFIX}*")
        with shared_metrics():
            assert of_server.exists() and len([*temporary_folder.glob(f"{PREFIX}*")]) == 2
        server.kill()
    assert of_server.exists()
    with shared_metrics():
        assert [str(each) for each in temporary_folder.glob(f"{PREFIX}*")] == [os.environ[SHARED_FOLDER]]
    assert not [*temporary_folder.glob(f"{PREFIX}*")]


def test_a_link_to_another_folder_is_not_followed(temporary_folder: Path) -> None:
    other = temporary_folder / "other"
    other.mkdir()
    (other / LOCK).touch()
    (temporary_folder / f"{PREFIX}link").symlink_to(other)
    with shared_metrics():
        assert (other / LOCK).exists()
