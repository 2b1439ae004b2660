"""Nothing that a client sends can control the terminal that shows the log."""

import logging
import re
import sys
from io import StringIO
from typing import Literal

import pytest
import structlog

from service.platform.http.request_log import set_up_log

HOSTILE = (
    "\x1b]0;title\x07 \x1b[2J \x9b2J \x00 \x7f \x85 \u202etxt.exe \u2066a\u2069 \u200f \u2028 \ud800 \r\nforged line"
)


def fail() -> None:
    raise ValueError(HOSTILE)


def test_no_character_of_a_value_controls_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_log(style="console", level="info")
    log = structlog.get_logger("onereply.request")
    log.info("request", path=HOSTILE, number=1)
    log.info(HOSTILE, values=[HOSTILE], error=ValueError(HOSTILE))
    logging.getLogger("a library").warning("It said %s.", HOSTILE)
    shown = capsys.readouterr().err
    assert shown.count("\n") == 3
    assert_harmless(shown)
    assert "\\x1b]0;title" in shown and "\\u202etxt.exe" in shown and "number=1" in shown


def test_no_character_of_an_exception_controls_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_log(style="console", level="info")
    try:
        fail()
    except ValueError as error:
        structlog.get_logger("onereply.request").error("unexpected-error", exc_info=error)
    shown = capsys.readouterr().err
    assert_harmless(shown)
    assert "Traceback (most recent call last)" in shown and "ValueError: \\x1b]0;title" in shown


def test_readable_text_of_any_script_is_shown_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_log(style="console", level="info")
    structlog.get_logger("onereply.request").info("request", path="/gazette/Конференция-会議-مؤتمر")
    assert "/gazette/Конференция-会議-مؤتمر" in capsys.readouterr().err


@pytest.mark.parametrize("style", ["console", "json"])
def test_a_line_is_written_at_once(monkeypatch: pytest.MonkeyPatch, style: Literal["console", "json"]) -> None:
    pieces = Pieces()
    monkeypatch.setattr(sys, "stderr", pieces)
    set_up_log(style=style, level="info")
    structlog.get_logger("onereply.request").info("request", path="/")
    [line] = pieces.written
    assert line.endswith("\n")


class Pieces(StringIO):
    """Standard error that remembers each piece written to it."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[str] = []

    def write(self, text: str) -> int:
        self.written.append(text)
        return len(text)


def assert_harmless(shown: str) -> None:
    text = re.sub(r"\x1b\[\d*m", "", shown) if "\x1b[0m" in shown else shown
    assert [each for each in text if not each.isprintable() and each != "\n"] == []
