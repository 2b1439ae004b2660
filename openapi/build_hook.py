"""Compile the contract when the package is built, or installed for development."""

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

sys.path.insert(0, str(Path(__file__).parent))  # a build does not search this folder for modules

from compile_contract import compile_contract


class CompileContract(BuildHookInterface):
    """Write the compiled contract among the package's files before Hatch collects them."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Run before each build; ``version`` is ``standard`` or ``editable``."""
        compile_contract()
