"""The label, heading and notice of a thread, in any language. Pure.

The message keys are those of ICU MessageFormat: ``=0`` and ``=1`` for exactly that number, and the locale's CLDR plural
categories for the rest. *Why both*: CLDR's *one* is not the number one; in Russian it also covers 21, which is not
«один ответ».
"""

from datetime import datetime
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from babel.dates import format_datetime

from service.platform.languages.messages import (
    catalogue,
    catalogue_for,
    format_number,
    locale_of_catalogue,
    localize_digits,
)
from service.platform.languages.quotation import nest_quotations


class Labels(NamedTuple):
    """A thread's lines: the label of a link to it, the heading over its comments, the notice under them if any."""

    label: str
    heading: str
    notice: str | None


def labels(
    *,
    locale: str,
    count: int,
    title: str,
    closed: bool,
    comments_on: bool = True,
    closes_at: datetime | None = None,
    time_zone: str = "UTC",
) -> Labels:
    """Return the lines of a thread with ``count`` replies in ``locale``, as plain text.

    The notice of a thread that is open says when it ``closes_at``, if given, by the clock of ``time_zone``.
    """
    name = catalogue_for(locale)
    label_, before, after = _counted(name, count)
    notices = catalogue(name)["notice"]
    notice = notices["closed"] if closed else None if comments_on else notices["off"]
    if notice is None and closes_at is not None:
        notice = _closing_notice(name, closes_at, time_zone)
    return Labels(label_, f"{before}{nest_quotations(title, name)}{after}", notice)


def label(*, locale: str, count: int) -> str:
    """Return the label of a link to a thread with ``count`` replies."""
    return _counted(catalogue_for(locale), count)[0]


@lru_cache(maxsize=1024)
def _closing_notice(name: str, at: datetime, time_zone: str) -> str:
    """Return the notice that comments close ``at``, to the minute; UTC is named, other time zones are the reader's."""
    notices, local = catalogue(name)["notice"], at.astimezone(ZoneInfo(time_zone))
    date, time = (
        localize_digits(name, format_datetime(local, notices[pattern], locale=locale_of_catalogue(name)))
        for pattern in ("date_pattern", "time_pattern")
    )
    return notices["closes"].format(date=date, time=f"{time} UTC" if time_zone == "UTC" else time)


@lru_cache(maxsize=8192)
def _counted(name: str, count: int) -> tuple[str, str, str]:
    """Return the label for ``count``, and the heading's text before and after the title."""
    lines, key, number = catalogue(name), plural_key(name, count), format_number(name, count)
    before, _, after = lines["heading"][key].replace("{n}", number).partition("{title}")
    return lines["label"][key].replace("{n}", number), before, after


def plural_key(name: str, count: int) -> str:
    """Return the message key for ``count`` in the catalogue ``name``: ``=0``, ``=1``, or the CLDR plural category."""
    return f"={count}" if count in {0, 1} else str(locale_of_catalogue(name).plural_form(count))
