"""A worker notices that it had to wait for the processor."""

import time
from pathlib import Path

import pytest

from service.integrations.endpoints import processor
from service.integrations.endpoints.processor import Processor


def test_a_processor_that_let_it_wait_is_short_until_it_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = [0]
    told = tmp_path / "schedstat"
    monkeypatch.setattr(processor, "SCHEDSTAT", told)
    monkeypatch.setattr(time, "monotonic_ns", lambda: seconds[0] * 10**9)
    told.write_text("5 0 1\n")
    mine = Processor()
    for seconds[0], waited, short in ((10, 1, False), (20, 4, True), (30, 5, False)):
        told.write_text(f"5 {waited * 10**9} 1\n")
        assert mine.is_short() is short


def test_where_the_system_tells_nothing_it_is_never_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processor, "SCHEDSTAT", tmp_path / "none")
    assert not Processor().is_short()
