"""Text from clients is cleaned: no hidden or harmful characters remain, and the words stay unchanged."""

from unicodedata import combining, is_normalized

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.platform.text.plain_text import MAX_MARKS, clean_line, clean_text, is_blank, without_bidi_controls
from tests.samples import sample_cases

SPACES = " \xa0\u3000\u2003\n\r\t\x85\u2028"
REFUSED = "\x00\x1b\x7f\ufffe\ufdd0\ud800"
INVISIBLE = "\u200b\u200c\u200d\u200e\u2060\ufeff\u061c\u202e\u2069\xad\u034f\u180e\u3164\u2800"
MARKED = "ae1=K\u2126\u212b\u0300\u0327\u0344\u0338\u20e3"
SCRIPTS = "\u0645\u06cc\u064b\u0651\u0915\u094d\u09c7\u09be\u1820\u0e01\u0e47葛\U000e0100"
EMOJI = "\u2764\ufe0f\ufe00👩🚀🏽🏴\U000e0067\U000e007f"
TRICKY = st.text(alphabet=SPACES + REFUSED + INVISIBLE + MARKED + SCRIPTS + EMOJI, max_size=30)
BLANKS = ["", " \n\t", "\xa0\u3000\u2003", "\u3164\u2800\u200b\xad", "\u200d\u2060\ufeff", "\ufe0f", "\u115f\u1160"]


@pytest.mark.parametrize(
    "text",
    [
        *("Ada Lovelace", "Łukasz Żółć", "Nguyễn Thị Minh Khai", "“Title” – it’s", "«\xa0Oui\u202f!\xa0»"),
        *("שָׁלוֹם", "בְּרֵאשִׁ֖ית", "مُحَمَّد", "ประเทศไทย", "हिन्दी", "বাংলা", "한국어", "ཧྐྵྨླྺྼྻྂ", "ကြောင်", "山田\u3000太郎"),
        *("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "\u0915\u094d\u200d\u0937", "C\u200e++ ב"),
        *("👨\u200d👩\u200d👧\u200d👦", "👩🏽\u200d🚀", "🏳\ufe0f\u200d🌈", "1\ufe0f\u20e3", "©\ufe0f", "葛\U000e0100"),
        "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    ],
)
def test_names_and_titles_of_all_scripts_stay_as_they_are(text: str) -> None:
    assert clean_line(text) == text
    assert clean_text(text) == text


@pytest.mark.parametrize(
    ("typed", "line"),
    [
        ("  a \t b\r\nc\u2028d  ", "a b c d"),
        ("a\x00b\x07c\x1b[31m", "abc[31m"),
        ("Cafe\u0301", "Café"),
        ("safe\u202etxet", "safetxet"),
        ("a\u2066b\u2069", "ab"),
        ("v\u200bi\u200ca\u200dg\u2060r\ufeffa", "viagra"),
        ("Ad\xadmin", "Admin"),
        ("Ad\u034fmin", "Admin"),
        ("Ad\ufe0fmin", "Admin"),
        ("Admin\u200e\u2800", "Admin"),
        ("Ad\u3164min", "Ad min"),
        ("ok\U000e0068\U000e0069", "ok"),
        ("🏴\U000e0068\U000e0069", "🏴"),
        ("😀\ufe0f\ufe0f\ufe0f", "😀\ufe0f"),
        ("\u0645\u200c\u200c\u0645", "\u0645\u200c\u0645"),
        ("a\ud800b\ufffe", "a\ufffdb\ufffd"),
        ("a\xa0\xa0b", "a b"),
    ],
)
def test_a_line_has_no_hidden_characters(typed: str, line: str) -> None:
    assert clean_line(typed) == line


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ("a\r\nb\rc\nd", "a\nb\nc\nd"),
        ("a\u2028b\u2029c\x85d", "a\nb\nc\nd"),
        ("\n \t\n  a\n\n  b \n \n", "  a\n\n  b"),
        ("a\x00\x08\x7f\x9fb\tc", "ab\tc"),
        ("Cafe\u0301", "Café"),
        ("a\ud800\udc00b\uffff", "a\ufffd\ufffdb\ufffd"),
        ("ok\U000e0068\U000e0069", "ok"),
        (" \n ", ""),
    ],
)
def test_a_text_keeps_its_lines_without_harmful_characters(typed: str, text: str) -> None:
    assert clean_text(typed) == text


@pytest.mark.parametrize("text", BLANKS)
def test_text_without_visible_characters_is_blank(text: str) -> None:
    assert is_blank(text)


@pytest.mark.parametrize("text", ["a", " . ", "\u200b0", "\u0301", "\ufffd", "😀", "\u2801", "ㄱ"])
def test_text_with_a_visible_character_is_not_blank(text: str) -> None:
    assert not is_blank(text)


def test_stacks_of_marks_are_limited() -> None:
    zalgo = next(case["text"] for case in sample_cases("hostile/unicode.json") if case["name"] == "zalgo")
    assert max_height(zalgo) > MAX_MARKS
    for clean in (clean_line, clean_text):
        assert max_height(clean(zalgo)) == MAX_MARKS
        assert max_height(clean("e" + "\u0344" * 100)) == MAX_MARKS
        assert max_height(clean("e" + "\u0301\u200d" * 100).replace("\u200d", "")) <= MAX_MARKS
        assert len(clean("e" + "\u0315\u0327" * 5_000)) <= MAX_MARKS + 1


def test_bidi_controls_are_removed_and_direction_marks_stay() -> None:
    assert without_bidi_controls("a\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061cb") == (
        "a\u200e\u200f\u061cb"
    )


@given(st.text() | TRICKY)
def test_cleaning_is_idempotent(text: str) -> None:
    assert clean_line(clean_line(text)) == clean_line(text)
    assert clean_text(clean_text(text)) == clean_text(text)


@given(st.text() | TRICKY)
def test_any_cleaned_text_can_be_stored_and_sent(text: str) -> None:
    for clean in (clean_line(text), clean_text(text)):
        clean.encode()
        assert is_normalized("NFC", clean)
        assert "\x00" not in clean
    assert len(clean_line(text).splitlines()) <= 1


@pytest.mark.parametrize("name", ["naughty-strings", "unicode"])
def test_hostile_strings_are_cleaned(name: str) -> None:
    for case in sample_cases(f"hostile/{name}.json"):
        text = case if isinstance(case, str) else case["text"]
        assert clean_text(clean_text(text)) == clean_text(text)
        assert clean_line(clean_line(text)) == clean_line(text)
        assert is_blank(text) == is_blank(clean_text(text))


def max_height(text: str) -> int:
    """The most marks that stand on one character of ``text``."""
    height = most = 0
    for character in text:
        height = height + 1 if combining(character) else 0
        most = max(most, height)
    return most
