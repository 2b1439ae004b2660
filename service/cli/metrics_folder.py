"""The folder in which serving processes share metrics.

The parent holds a lock on its folder (flock(2)). A process that is killed can't delete its folder, but its lock ends
with it, so the next start recognises the folder and deletes it.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from service.platform.metrics import SHARED_FOLDER

PREFIX = "onereply-metrics-"
LOCK = "lock"


@contextmanager
def shared_metrics() -> Iterator[None]:
    """Create the folder of several processes; a single process keeps its metrics in memory."""
    _delete_abandoned()
    with (
        tempfile.TemporaryDirectory(prefix=PREFIX, ignore_cleanup_errors=True) as folder,
        (Path(folder) / "new-lock").open("w") as lock,
    ):
        fcntl.flock(lock, fcntl.LOCK_EX)
        Path(lock.name).rename(Path(folder) / LOCK)  # it appears locked
        os.environ[SHARED_FOLDER] = folder
        yield


def delete_shared_metrics() -> None:
    """Delete the folder of a parent that has died or is about to be killed."""
    if folder := os.environ.get(SHARED_FOLDER):
        shutil.rmtree(folder, ignore_errors=True)


def _delete_abandoned() -> None:
    """Delete the folders of this user whose parent has died."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError):
            if folder.lstat().st_uid != os.geteuid() or folder.is_symlink():
                continue
            with (folder / LOCK).open() as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder)
