"""The two lines of a thread in each language: exact texts for 0 and 1, plural forms for the rest."""

import re
import unicodedata
from datetime import UTC, datetime
from itertools import product

import pytest
from babel import Locale
from babel.numbers import format_decimal
from hypothesis import given
from hypothesis import strategies as st

from service.conversation.threads.labels import label, labels
from service.platform.languages.messages import LOCALES
from tests.builders import REFERENCE_TITLE


def test_the_reference_lines() -> None:
    lines = labels(locale="en", count=1, title=REFERENCE_TITLE, closed=True)
    assert lines.heading == "One reply on “Moscow conference calls for global counterterrorism dialogue”"
    assert lines.notice == "Comments are closed."


@pytest.mark.parametrize(
    ("locale", "count", "expected"),
    [
        ("en", 0, "No replies"),
        ("en", 1, "One reply"),
        ("en", 2, "2 replies"),
        ("en", 1234567, "1,234,567 replies"),
        ("ru", 0, "Нет ответов"),
        ("ru", 1, "Один ответ"),
        ("ru", 2, "2 ответа"),
        ("ru", 5, "5 ответов"),
        ("ru", 11, "11 ответов"),
        ("ru", 21, "21 ответ"),
        ("ru", 101, "101 ответ"),
        ("ru", 111, "111 ответов"),
        ("ru", 12345, "12\N{NO-BREAK SPACE}345 ответов"),
        ("ar", 0, "لا توجد ردود"),
        ("ar", 1, "رد واحد"),
        ("ar", 2, "ردان"),
        ("ar", 3, "3 ردود"),
        ("ar", 11, "11 ردًا"),
        ("ar", 100, "100 رد"),
        ("ar", 102, "102 رد"),
        ("ar", 103, "103 ردود"),
        ("fa", 1234, "۱٬۲۳۴ پاسخ"),
        ("de", 1234, "1.234 Antworten"),
        ("fr", 1_000_000, "1\u202f000\u202f000 de réponses"),
        ("he", 2, "שתי תגובות"),
        ("hi", 1_234_567, "12,34,567 जवाब"),
        ("pl", 22, "22 odpowiedzi"),
        ("pl", 25, "25 odpowiedzi"),
        ("uk", 21, "21 відповідь"),
        ("zh", 3, "3 条回复"),
        ("ja", 0, "返信はありません"),
        ("ja", 1, "1件の返信"),
        ("ja", 21, "21件の返信"),
    ],
)
def test_labels_by_number(locale: str, count: int, expected: str) -> None:
    assert label(locale=locale, count=count) == expected


@pytest.mark.parametrize(
    ("locale", "count", "expected"),
    [
        ("en", 0, "No replies on “T”"),
        ("en", 2, "2 replies on “T”"),
        ("ru", 0, "Нет ответов на «T»"),
        ("ru", 1, "Один ответ на «T»"),
        ("ru", 21, "21 ответ на «T»"),
        ("ar", 1, "رد واحد على «T»"),
        ("ar", 2, "ردان على «T»"),
        ("ja", 0, "「T」への返信はありません"),
        ("ja", 2, "「T」への2件の返信"),
    ],
)
def test_the_title_is_in_the_languages_quotation_marks(locale: str, count: int, expected: str) -> None:
    assert labels(locale=locale, count=count, title="T", closed=False).heading == expected


@given(st.sampled_from(LOCALES), st.integers(min_value=3, max_value=10**12))
def test_numbers_have_the_locales_format(locale: str, count: int) -> None:
    number = format_decimal(count, locale=Locale.parse(locale, sep="-"), numbering_system="default")
    line = re.sub(r"\d", lambda digit: str(unicodedata.digit(digit[0])), label(locale=locale, count=count))
    assert re.search(rf"(?<!\d){re.escape(number)}(?!\d)", line)


@pytest.mark.parametrize("title", ["{n}", "{title}", "%s %(n)d", "50 % of {0}", "{", "<b>&amp;", "\\1", "$title", " "])
def test_a_title_is_never_interpreted(title: str) -> None:
    for locale, count in product(LOCALES, [0, 1, 7]):
        before, after = labels(locale=locale, count=count, title="\0", closed=False).heading.split("\0")
        assert labels(locale=locale, count=count, title=title, closed=False).heading == before + title + after, locale


def test_quotation_marks_in_a_title_are_the_inner_ones() -> None:
    heading = labels(locale="en", count=1, title="The end of “politics”", closed=False).heading
    assert heading == "One reply on “The end of ‘politics’”"


def test_the_notice_prefers_closed_to_off_and_is_absent_while_open() -> None:
    def notice(*, closed: bool, comments_on: bool) -> str | None:
        return labels(locale="en", count=0, title="T", closed=closed, comments_on=comments_on).notice

    assert notice(closed=True, comments_on=False) == "Comments are closed."
    assert notice(closed=False, comments_on=False) == "Comments are off."
    assert notice(closed=False, comments_on=True) is None


def test_the_notice_before_closing_is_in_every_language_and_by_the_sites_clock() -> None:
    at = datetime(2026, 11, 30, 17, 5, tzinfo=UTC)

    def notice(locale: str, time_zone: str = "UTC", *, comments_on: bool = True, closed: bool = False) -> str | None:
        return labels(
            locale=locale,
            count=0,
            title="T",
            closed=closed,
            comments_on=comments_on,
            closes_at=at,
            time_zone=time_zone,
        ).notice

    assert notice("en") == "Comments close on 30 November at 17:05 UTC."
    assert notice("en", "Europe/Berlin") == "Comments close on 30 November at 18:05."
    assert notice("en", "Asia/Tokyo") == "Comments close on 1 December at 02:05."
    assert notice("ru", "Europe/Moscow") == "Комментарии закроются 30 ноября в 20:05."
    assert notice("fa", "Asia/Tehran") == "دیدگاه‌ها ۳۰ نوامبر ساعت ۲۰:۳۵ بسته می‌شوند."
    assert notice("en", comments_on=False) == "Comments are off."
    assert notice("en", closed=True) == "Comments are closed."
    lines = [unicodedata.normalize("NFKC", str(notice(locale))) for locale in LOCALES]
    lines = [re.sub(r"\d", lambda digit: str(int(digit[0])), line) for line in lines]
    assert len(set(lines)) == len(LOCALES)
    assert [line for line in lines if not re.search(r"(?<!\d)30(?!\d).*17:05 .*UTC", line)] == []
