"""Rendered comments show all of the typed text, and are safe."""

import subprocess
import sys
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.conversation.comments.render import MAX_LINKS, render
from tests.conversation.comments.reading_html import ALLOWED, REL, Reading, Tokens, letters
from tests.samples import HAS_REAL, sample_cases

SUBSET = {
    *("Tabs", "Backslash escapes", "Precedence", "Indented code blocks", "Fenced code blocks", "Paragraphs"),
    *("Block quotes", "List items", "Lists", "Inlines", "Code spans", "Emphasis and strong emphasis", "Links"),
    *("Autolinks", "Hard line breaks", "Soft line breaks", "Textual content"),
}
SHOWN_AS_TYPED = {
    "an item, a quote or code with nothing in it": {126, 129, 130, 144, 241, 242, *range(280, 287), 317, 336, 369},
    "a fence with more after it than a language": {143},
    "a reference definition": {319, 539, 540, 547, 565},
    "a link without a host": {348, 602},
    "raw HTML": {496},
}
AS_GITHUB_HAS_IT = {
    "strong within strong is strong once": {391, 419, 427, 428, 429, 466, 467, 468, 470},
    "currency signs are letters": {356},
    "an address is a link": {604, 610, 613},
}
EXCEPTIONS = set().union(*SHOWN_AS_TYPED.values(), *AS_GITHUB_HAS_IT.values())

BLOCKS = ["> ", "- ", "* ", "+", "1. ", "7) ", "    ", "\t", "# ", "---", "===", "***", "```", "~~~", "\n", "\n\n"]
INLINES = ["*", "_", "__", "**", "~~", "`", "\\", "[", "](", "](http://a.b", ")", "![", "]: ", "&", "&lt;", '"', "'"]
OTHERS = ["<", ">", "</", "<!--", "<b>", "<script>", "<http://a.b>", "http://c.d", "www.e.f", "g@h.i", "javascript:"]
WORDS = ["x", "yz", " ", "&#8238;", "&#768;", "\u202e"]
MARKUP = st.lists(st.sampled_from([*BLOCKS, *INLINES, *OTHERS, *WORDS]), max_size=40).map("".join)


def shown(body: str) -> str:
    return Reading(render(body)).text


@pytest.mark.parametrize(
    ("body", "html"),
    [
        ("One\nreply", "<p>One<br>\nreply</p>"),
        ("One\n\nreply", "<p>One</p>\n<p>reply</p>"),
        ("*a* _b_ **c** ~~d~~ `e`", "<p><em>a</em> <em>b</em> <strong>c</strong> <del>d</del> <code>e</code></p>"),
        ("> a\n> b\n\nc", "<blockquote>\n<p>a<br>\nb</p>\n</blockquote>\n<p>c</p>"),
        ("- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>"),
        ("1984. A book", '<ol start="1984">\n<li>A book</li>\n</ol>'),
        ("```py\na <b\n# c\n---\n```", "<pre><code>a &lt;b\n# c\n---\n</code></pre>"),
        ("[a](https://b.c)", f'<p><a href="https://b.c" rel="{REL}">a</a></p>'),
        ('[a](https://b.c "d")', f'<p><a href="https://b.c" title="d" rel="{REL}">a</a></p>'),
        ("see www.a.b.", f'<p>see <a href="http://www.a.b" rel="{REL}">www.a.b</a>.</p>'),
        ("https://a.b/?c&d", f'<p><a href="https://a.b/?c&amp;d" rel="{REL}">https://a.b/?c&amp;d</a></p>'),
    ],
)
def test_the_subset_of_markdown_is_rendered(body: str, html: str) -> None:
    assert render(body) == html


@pytest.mark.parametrize(
    "body",
    [
        *(
            "<b>x</b>",
            "a < b > c",
            "<3",
            "<!-- x -->",
            "<script>alert(1)</script>",
            "<x",
            "`<b>`".strip("`"),
            "&#8238;x",
        ),
        *("# 1 reason", "#hashtag", "## a ##", "a\n===", "a\n---", "---", "* * *", "+", "-", "*", "1984.", ">", "```"),
        *("[a]: http", "&zwj;", "&#768;", "|a|b|\n|-|-|", "[ ] task", "a]:b", "</p><p>"),
    ],
)
def test_markup_outside_the_subset_shows_as_typed(body: str) -> None:
    assert shown(body) == body


def test_markup_in_code_shows_as_typed() -> None:
    code = "<b> &lt; &#8238; ]: \\<i>\n# x\n---\n- - -\n" + "> " * 20 + "\n"
    assert shown(f"```\n{code}```") == code


def test_a_reference_definition_does_not_vanish() -> None:
    assert shown("See [1].\n\n[1]: example.org") == "See [1].\n[1]: example.org"


def test_a_url_in_angle_brackets_is_a_link_to_it() -> None:
    assert Reading(render("[a](http://b.c/<d>)")).links == ["http://b.c/%3Cd%3E"]


def test_an_image_is_a_link_to_it() -> None:
    assert render("![A *cat*](https://a.b/c.png)") == f'<p><a href="https://a.b/c.png" rel="{REL}">A cat</a></p>'
    assert shown("![](https://a.b/c.png)") == "https://a.b/c.png"
    assert shown("![A cat](/c.png)") == "A cat (/c.png)"


def test_an_image_in_a_link_is_its_text() -> None:
    read = Reading(render("[![A cat](https://a.b/c.png)](https://d.e)"))
    assert (read.text, read.links) == ("A cat", ["https://d.e"])


@pytest.mark.parametrize(
    "target", ["javascript:alert(1)", "/relative", "//a.b", "data:x", "http://u:p@a.b", "ftp://a.b"]
)
def test_a_link_to_another_scheme_shows_its_target(target: str) -> None:
    read = Reading(render(f"[a]({target})"))
    assert (read.text, read.links) == (f"a ({target})", [])


def test_an_e_mail_address_is_no_link() -> None:
    assert (
        render("[Ada](mailto:ada@example.org) or ada@example.org") == "<p>Ada (ada@example.org) or ada@example.org</p>"
    )


def test_a_link_without_text_shows_its_url() -> None:
    assert render("[](https://a.b)") == f'<p><a href="https://a.b" rel="{REL}">https://a.b</a></p>'


def test_a_link_in_a_link_is_text() -> None:
    read = Reading(render("[a <http://b.c> d](http://e.f)"))
    assert (read.text, read.links) == ("a http://b.c d", ["http://e.f"])


def test_a_host_can_have_letters_of_any_script() -> None:
    read = Reading(render("[a](https://пример.рф/путь) https://bücher.example/"))
    assert len(read.links) == 2


def test_a_link_without_target_has_no_rel() -> None:
    assert render("[a](http://xn--)") == "<p><a>a</a></p>"


def test_bidi_controls_are_removed() -> None:
    assert shown("a\u202eb\u2067c &#8238; `\u202d`") == "abc &#8238; ``"


def test_quotes_nest_eight_deep_and_deeper_ones_are_text() -> None:
    read = Reading(render(">" * 10 + "a"))
    assert read.depth == 9
    assert read.text.strip() == ">>a"
    assert len(render(">" * 10_000)) < 60_000


def test_emphasis_nests_eight_deep_and_deeper_text_stays() -> None:
    read = Reading(render("*a " * 50 + "b* " * 50))
    assert read.depth == 9
    assert Counter(letters(read.text)) == {"a": 50, "b": 50}


def test_nesting_of_lists_is_limited() -> None:
    assert Reading(render("\n".join(" " * 2 * depth + "- a" for depth in range(60)))).depth <= 48
    assert Reading(render("- " * 5_000 + "a")).depth <= 48


@pytest.mark.parametrize(
    "unit",
    [
        *("+ - > *\n", "+ - > * a\n", ">a\n\n", "> a\n- a\n", "- a\n1. b\n", ">>>>>>>> a\n\n", "- - - - a\n\n"),
        *("www.a ", "http://a ", "https://a、", "。www.a", "![a](http://b)", "[](http://a)", "[a](x:%s)" % ("你" * 10)),
        *(
            f"https://a/{'你' * 200} ",
            f"https://a/{'𝒸' * 150} ",
            f"[a](http://a/{'你' * 99})",
            "[a](/你)",
            "http://a/% ",
        ),
        *("*a*b", "~a~ ", "`a`b", "***a***", "&", "<", '"', "a\xa0", "a\n\n", "a\n", "\\&", "&amp;", "```\na\n```\n"),
    ],
)
def test_the_html_of_a_comment_is_bounded(unit: str) -> None:
    html = render((unit * 10_000)[:10_000])
    assert len(html) <= 65_000
    Reading(html)


def test_more_links_than_any_rule_allows_show_as_text() -> None:
    body = " ".join(f"https://a.example/%20{number}'" for number in range(200)) + ' [x](http://b.example/é"<)'
    read = Reading(render(body))
    assert len(read.links) == MAX_LINKS > 100
    assert read.text == body.replace('[x](http://b.example/é"<)', 'x (http://b.example/é"<)')


def test_a_thousand_quotes_and_items_are_rendered() -> None:
    assert render("- a\n" * 1_500).count("<li>") == 1_000
    assert Counter(letters(shown("- a\n" * 1_500))) == {"a": 1_500}


def test_the_parser_frees_its_memory() -> None:
    program = (
        "import resource; from service.conversation.comments.cmark import to_html; body = '>>>>>>>> *a*\\n\\n' * 700\n"
        "def most(): return [to_html(body) for _ in range(3)] and resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "before = most()\nfor _ in range(400): to_html(body)\nprint(most() / before)"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert float(ran.stdout) < 1.5


@given(st.text() | MARKUP)
def test_any_text_is_safe(body: str) -> None:
    html = render(body)
    assert Reading(html).depth <= 60
    assert not set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069") & set(html)
    assert "\ufdd0" not in html or "\ufdd0" in body


@given(MARKUP.filter(lambda body: "```" not in body and "~~~" not in body and "![" not in body))
def test_no_letter_vanishes(body: str) -> None:
    read = Reading(render(body))
    kept = Counter(letters(read.text + "".join(read.links) + "".join(read.titles)))
    assert Counter(letters(body.replace("&lt;", ""))) <= kept


def test_every_example_of_commonmark_is_safe() -> None:
    for example in sample_cases("markdown/commonmark-examples.json"):
        Reading(render(example["markdown"]))


def test_the_subset_is_commonmark() -> None:
    compared = 0
    for example in sample_cases("markdown/commonmark-examples.json"):
        expected = Tokens(example["html"])
        to_the_web = all(link.startswith(("http://", "https://")) for link in expected.links)
        comparable = expected.tags <= ALLOWED.keys() and to_the_web and example["example"] not in EXCEPTIONS
        if comparable and example["section"] in SUBSET:
            assert Tokens(render(example["markdown"])).found == expected.found, example
            compared += 1
    assert compared > (370 if HAS_REAL else 80)


def test_pathological_input_renders_small() -> None:
    for case in sample_cases("markdown/pathological.json"):
        body = (case["prefix"] + case["unit"] * case["count"])[:10_000] + case["suffix"]
        html = render(body)
        Reading(html)
        assert len(html) <= 40 * len(body), case["name"]


@pytest.mark.parametrize("name", ["hostile/xss.json", "hostile/naughty-strings.json", "hostile/unicode.json"])
def test_hostile_strings_are_safe(name: str) -> None:
    for case in sample_cases(name):
        body = case if isinstance(case, str) else case.get("payload", case.get("text"))
        Reading(render(body))
