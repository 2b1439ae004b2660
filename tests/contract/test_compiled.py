"""The contract that is served is the one that is written in ``openapi/``."""

import json
import os
from pathlib import Path

from openapi.compile_contract import COMPILED, SOURCES, bundle, compile_contract, is_stale
from service.reading.docs import contract


def test_the_compiled_contract_equals_its_sources() -> None:
    assert contract.COMPILED == COMPILED
    assert json.loads(COMPILED.read_text()) == bundle(SOURCES), "`make openapi` compiles it"


def test_a_missing_or_older_file_is_stale(tmp_path: Path) -> None:
    target = tmp_path / "openapi.json"
    assert is_stale(target)
    compile_contract(target)
    assert not is_stale(target)
    os.utime(target, (0, 0))
    assert is_stale(target)
    assert list(tmp_path.iterdir()) == [target]
