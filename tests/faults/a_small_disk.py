"""A small file system that can be filled. Only root may mount one; otherwise the test is skipped."""

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

CHUNK = b"\0" * 65_536


class SmallDisk:
    """``folder`` is the root of the file system."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._filler = folder / "filler"

    @classmethod
    @contextmanager
    def mounted(cls, *, megabytes: int) -> "Iterator[SmallDisk]":
        """Mount a file system of this size in memory during the block."""
        with tempfile.TemporaryDirectory(prefix="onereply-disk-") as folder:
            mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=755", "tmpfs", folder]
            done = subprocess.run(mount, capture_output=True, text=True, check=False)
            if done.returncode:
                pytest.skip(f"No file system can be mounted here: {done.stderr}")
            try:
                yield cls(Path(folder))
            finally:
                subprocess.run(["umount", "--lazy", folder], check=True)

    def fill(self) -> None:
        """Fill the free space."""
        with self._filler.open("ab", buffering=0) as file, suppress(OSError):
            while True:
                file.write(CHUNK)

    def free(self) -> None:
        """Free the space again."""
        self._filler.unlink(missing_ok=True)

    def make_read_only(self) -> None:
        """Remount it read-only; no file may be open for writing."""
        subprocess.run(["mount", "-o", "remount,ro", str(self.folder)], check=True)
