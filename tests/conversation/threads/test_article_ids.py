"""An article's id is any text of the host; every route with an article id finds the same thread."""

import random
from urllib.parse import quote, unquote

import pytest

from tests.builders import ASite, a_comment, a_thread
from tests.platform.http.by_hand import ask_site, send_json

REFUSED = "An article id must have 1 to 500 characters and no control characters, and not be “.” or “..”."
RANDOM = random.Random(24)  # noqa: S311  # the same ids each time
IDS = {
    "a number": "1149",
    "a slug": "moscow-conference-calls-for-dialogue",
    "a path": "/2004/02/moscow/",
    "slashes": "///",
    "dots": "a/../b",
    "three dots": "...",
    "an URL": "https://gazette.example/2004/02/?p=1&page=2#comments",
    "spaces": " a  b ",
    "percent signs": "100%",
    "percent-encoded once": "a%2Fb",
    "percent-encoded twice": "a%252Fb",
    "plus signs": "c++",
    "a question mark": "why?",
    "a hash": "#1",
    "quotes": "\"'`",
    "a backslash": "a\\b",
    "a semicolon": "a;b=c",
    "Cyrillic": "московская-конференция",
    "Arabic": "مؤتمر موسكو",
    "Japanese": "モスクワ会議",
    "an emoji": "👩‍👩‍👧‍👦",
    "decomposed": "Cafe\u0301",
    "composed": "Caf\u00e9",
    "zero-width": "a\u200bb",
    "a bidi override": "\u202eabc",
    "a noncharacter": "a\uffffb",
    "a name of a route": "comments",
    "something like SQL": "a'); DROP TABLE threads; --",
    "500 characters of one byte": "x" * 500,
    "500 characters of four bytes": "".join(chr(RANDOM.randrange(0x20000, 0x2A6D0)) for _ in range(500)),
}


@pytest.fixture(params=IDS)
def article(request: pytest.FixtureRequest) -> str:
    return IDS[request.param]


def every_route(segment: str) -> list[tuple[str, str, str, object]]:
    """Return each route with an article in its path, a role that may call it, and a valid body."""
    thread = f"/threads/{segment}"
    return [
        ("PUT", thread, "host", {"title": "A title"}),
        ("GET", thread, "host", None),
        ("GET", f"{thread}/comments", "host", None),
        ("POST", f"{thread}/comments", "host", {"body": "Hello.", "author": {"name": "Ada"}}),
        ("POST", f"{thread}/close", "host", {}),
        ("POST", f"{thread}/reopen", "host", {}),
    ]


async def test_every_route_finds_the_thread_by_its_articles_id(site: ASite, article: str) -> None:
    segment = quote(article, safe="")
    for method, path, by, content in every_route(segment):
        answer = await send_json(site, method, path, content, by=by)
        assert answer.status in {200, 201}, (method, path, answer)
        thread = answer.json()
        assert thread.get("thread", thread)["article"] == article
    counted = [(await ask_site(site, "GET", f"/counts?article={segment}")).json()]
    counted.append((await send_json(site, "POST", "/counts", {"articles": [article]})).json())
    for counts in counted:
        assert counts["counts"] == [{"article": article, "reply_count": 1, "label": "One reply", "state": "open"}]
    events = (await ask_site(site, "GET", "/events", by="host")).json()["events"]
    assert {event["data"]["thread"]["article"] for event in events} == {article}


async def test_similar_ids_are_different_articles(site: ASite) -> None:
    alike = ["a", "A", "a ", " a", "a/", "/a", "á", "a\u0301", "a%2F", "a+", "a\u200b", "ａ"]
    for article in alike:
        await a_thread(site, article=article, title=f"[{article}]")
    read = [await read_thread(site, article) for article in alike]
    assert [thread["title"] for thread in read] == [
        f"[{article}]".replace("a\u0301", "á").replace("\u200b", "") for article in alike
    ]
    counts = await send_json(site, "POST", "/counts", {"articles": alike})
    assert [count["article"] for count in counts.json()["counts"]] == alike
    assert {count["state"] for count in counts.json()["counts"]} == {"open"}


async def read_thread(site: ASite, article: str) -> dict[str, str]:
    """Return the thread of ``article``."""
    found: dict[str, str] = (await ask_site(site, "GET", f"/threads/{quote(article, safe='')}")).json()
    return found


async def test_equivalent_percent_encodings_name_the_same_article(site: ASite) -> None:
    await a_thread(site, article="a/ü")
    for segment in ("a%2F%C3%BC", "a%2f%c3%bc", "%61%2F%C3%BC"):
        assert (await ask_site(site, "GET", f"/threads/{segment}")).json()["article"] == "a/ü"


async def test_an_unescaped_slash_separates_segments(site: ASite) -> None:
    await a_thread(site, article="a/b")
    assert (await ask_site(site, "GET", "/threads/a/b")).problem()["status"] == 404
    assert (await ask_site(site, "GET", "/threads/a%2Fb/")).problem()["status"] == 404


INVALID_IDS = [
    "%2E",
    "%2E%2E",
    ".",
    "..",
    "%00",
    "a%00b",
    "%0A",
    "%1B",
    "%7F",
    "%C2%85",
    "x" * 501,
    "%F0%9F%98%80" * 501,
]


async def test_an_invalid_id_is_refused_by_every_route(site: ASite) -> None:
    for segment in INVALID_IDS:
        for method, path, by, content in every_route(segment):
            problem = (await send_json(site, method, path, content, by=by)).problem()
            assert (problem["status"], problem["parameter"], problem["detail"]) == (400, "article", REFUSED)


async def test_an_invalid_id_is_refused_by_counts(site: ASite) -> None:
    for segment in INVALID_IDS:
        problem = (await ask_site(site, "GET", f"/counts?article=a&article={segment}")).problem()
        assert (problem["status"], problem["parameter"]) == (400, "article")
        problem = (await send_json(site, "POST", "/counts", {"articles": ["a", unquote(segment)]})).problem()
        assert (problem["status"], problem["pointer"]) == (422, "/articles/1")


@pytest.mark.parametrize("segment", ["%FF", "%C0%AF", "%ED%A0%80", "%F4%90%80%80", "a%E2%82"])
async def test_invalid_utf_8_is_refused_by_every_route(site: ASite, segment: str) -> None:
    for method, path, by, content in every_route(segment):
        problem = (await send_json(site, method, path, content, by=by)).problem()
        assert (problem["status"], problem["parameter"]) == (400, "article")


async def test_an_empty_id_is_refused_by_every_route(site: ASite) -> None:
    for method, path, by, content in every_route(""):
        assert (await send_json(site, method, path, content, by=by)).problem()["status"] == 404
    assert (await ask_site(site, "GET", "/counts?article=")).problem()["parameter"] == "article"
    assert (await send_json(site, "POST", "/counts", {"articles": [""]})).problem()["pointer"] == "/articles/0"


async def test_counts_of_all_ids_come_in_the_order_requested(site: ASite) -> None:
    for article in IDS.values():
        await a_comment(await a_thread(site, article=article))
    asked = [*IDS.values(), "unknown", *reversed(IDS.values())]
    counts = (await send_json(site, "POST", "/counts", {"articles": asked})).json()["counts"]
    assert [count["article"] for count in counts] == asked
    assert [count["reply_count"] for count in counts] == [1] * len(IDS) + [0] + [1] * len(IDS)


@pytest.mark.parametrize(
    "url",
    [
        "https://gazette.example/2004/02/?p=1&page=2",
        "https://gazette.example/московская-конференция",
        "https://gazette.example/%25?q=a+b%2Fc",
        "https://gazette.example/" + "".join(chr(RANDOM.randrange(0x4E00, 0x9FFF)) for _ in range(600)),
        "https://gazette.example/" + "".join(RANDOM.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=1976)),
    ],
    ids=["query", "Cyrillic", "escapes", "600 ideographs", "2000 letters"],
)
async def test_a_thread_is_found_by_any_valid_url(site: ASite, url: str) -> None:
    registered = await send_json(site, "PUT", "/threads/a", {"title": "x", "url": url}, by="host")
    assert registered.status == 201, registered.body[:300]
    found = await ask_site(site, "GET", f"/threads?url={quote(url, safe='')}")
    assert (found.json()["article"], found.json()["url"]) == ("a", url)
