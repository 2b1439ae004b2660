"""An invalid member gets a problem with its JSON Pointer (RFC 6901)."""

from typing import Any
from uuid import uuid4

import pytest

from tests.builders import ASite, a_comment, a_thread
from tests.platform.http.by_hand import Answer, ask_site, send_json

ADA = {"name": "Ada"}
SOME = str(uuid4())
LONG = "9" * 400


def each(*values: Any) -> tuple[Any, ...]:
    """``values``, of any types."""
    return values


NO_TEXTS: list[Any] = [None, 1, True, 1.5, [], {}]
NO_INSTANTS: list[Any] = [
    "",
    "yesterday",
    "2026-11-24",
    "2026-11-24T12:00:00",  # without an offset
    "2026-13-01T00:00:00Z",
    "2026-02-30T00:00:00Z",
    "2026-11-24T25:00:00Z",
    "2026-11-24T12:00:00+99:00",
    "10000-01-01T00:00:00Z",
    "-001-01-01T00:00:00Z",
    "0001-01-01T00:00:00+10:00",  # in UTC the year before the first
    "9999-12-31T23:59:59-10:00",  # in UTC the year after the last
    1e308,
    10**30,
    [],
    {},
    True,
]
NO_IDS: list[Any] = ["", "x", "1", "g" * 32, SOME + "0", SOME[:-1], LONG, 5, [], {}, True]
NO_NUMBERS: list[Any] = [0, -1, 2**31, 2**63, 2**64, 10**30, 1.5, "1", None, [], True]
# The wire and both databases can store these, though no calendar needs them.
FAR_INSTANTS = ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999Z"]

REGISTER = [
    *(("/title", {"title": value}) for value in [*NO_TEXTS, "", " ", "\u200b\u2060", "x" * 501]),
    *(("/url", {"url": value}) for value in [1, True, [], "", "x", "javascript:alert(1)", "//a.example", "/a"]),
    *(
        ("/url", {"url": value})
        for value in ["ftp://a.example", "http://", "http://a b", "https://a.example/" + "x" * 2000]
    ),
    *(("/published_at", {"published_at": value}) for value in NO_INSTANTS),
    *(("/updated_at", {"updated_at": value}) for value in NO_INSTANTS),
    *(("/closing/at", {"closing": {"kind": "at", "at": value}}) for value in [None, *NO_INSTANTS]),
    *(("/closing", {"closing": value}) for value in each(None, 1, "auto", [])),
    *(("/closing/kind", {"closing": value}) for value in [{}, {"kind": "soon"}, {"kind": None}, {"kind": 1}]),
    ("/closing/at", {"closing": {"kind": "at"}}),
    ("/closing/at", {"closing": {"kind": "never", "at": "2026-11-24T12:00:00Z"}}),
    *(("/mode", {"mode": value}) for value in ["", "Hold", "premoderate", 1, []]),
    *(("/comments_on", {"comments_on": value}) for value in each(None, 0, 1, "true", [])),
    ("/state", {"state": "open"}),
    ("/reply_count", {"reply_count": 10}),
]
CLOSE = [
    *(("/at", {"at": value}) for value in NO_INSTANTS),
    *(("/reason", {"reason": value}) for value in ["", 1, [], {}, "x" * 501]),
    ("/when", {"when": "now"}),
]
REOPEN = [
    *(("/at", {"at": value}) for value in [*NO_INSTANTS, "2020-01-01T00:00:00Z"]),
    ("/reason", {"reason": "Go on."}),
]
POST = [
    *(("/body", {"body": value, "author": ADA}) for value in [*NO_TEXTS, "", " \n\t", "\u200b", "\0", "x" * 10_001]),
    ("/body", {"author": ADA}),
    *(("/author", {"body": "x", "author": value}) for value in each(None, 1, "Ada", [])),
    ("/author", {"body": "x"}),
    *(
        ("/author/name", {"body": "x", "author": {"name": value}})
        for value in [*NO_TEXTS, "", " ", "\u202e", "x" * 101]
    ),
    ("/author/name", {"body": "x", "author": {}}),
    *(
        ("/author/email", {"body": "x", "author": {**ADA, "email": value}})
        for value in [
            1,
            [],
            "x",
            "@",
            "a@b",
            "a@b..c",
            "a b@c.example",
            "a@b@c.example",
            "a\n@b.example",
            "x" * 255,
            "a\0@b.c",
        ]
    ),
    *(
        ("/author/url", {"body": "x", "author": {**ADA, "url": value}})
        for value in [
            1,
            [],
            "x",
            "javascript:alert(1)",
            "data:text/html,x",
            "http://",
            "https://x.example/" + "x" * 2000,
        ]
    ),
    ("/author/role", {"body": "x", "author": {**ADA, "role": "moderator"}}),
    *(("/parent_id", {"body": "x", "author": ADA, "parent_id": value}) for value in NO_IDS),
    ("/state", {"body": "x", "author": ADA, "state": "published"}),
    ("/a~1b~0c", {"body": "x", "author": ADA, "a/b~c": 1}),
    ("/a`b", {"body": "x", "author": ADA, "a`b": 1}),
    ("/a\nb", {"body": "x", "author": ADA, "a\nb": 1}),
    ("/a - at `$.b", {"body": "x", "author": ADA, "a - at `$.b": 1}),
    ("/", {"body": "x", "author": ADA, "": 1}),
]
EDIT = [
    *(("/body", {"body": value}) for value in [*NO_TEXTS, "", " ", "x" * 10_001]),
    ("/body", {}),
    ("/author", {"body": "x", "author": ADA}),
]
COUNT = [
    *(("/articles", {"articles": value}) for value in each(None, 1, "a", {}, [], ["a"] * 201)),
    ("/articles", {}),
    *(("/articles/1", {"articles": ["a", value]}) for value in [*NO_TEXTS, "", "x" * 501, ".", "..", "a\0b", "a\nb"]),
]
ONE = {"id": SOME, "revision": 1}
DECIDE = [
    *(("/action", {"action": value, "comments": [ONE]}) for value in [None, 1, "", "ban", "Spam"]),
    ("/action", {"comments": [ONE]}),
    *(("/comments", {"action": "spam", "comments": value}) for value in each(None, {}, "x", [], [ONE] * 501)),
    *(("/comments/1", {"action": "spam", "comments": [ONE, value]}) for value in each(None, SOME, 1, [])),
    *(("/comments/1/id", {"action": "spam", "comments": [ONE, {**ONE, "id": value}]}) for value in [None, *NO_IDS]),
    *(("/comments/0/revision", {"action": "spam", "comments": [{**ONE, "revision": value}]}) for value in NO_NUMBERS),
    ("/comments/0/revision", {"action": "spam", "comments": [{"id": SOME}]}),
    ("/comments/0/state", {"action": "spam", "comments": [{**ONE, "state": "pending"}]}),
    *(("/reason", {"action": "spam", "comments": [ONE], "reason": value}) for value in ["", 1, [], "x" * 33, "rude"]),
    ("/reason", {"action": "publish", "comments": [ONE], "reason": "other"}),
    *(("/note", {"action": "spam", "comments": [ONE], "note": value}) for value in ["", 1, [], "x" * 501]),
]


def refused(answer: Answer, pointer: str, content: object) -> None:
    problem = answer.problem()
    assert (problem["type"], problem["pointer"]) == ("/problems/invalid-field", pointer), (content, problem)
    assert problem["detail"].endswith("."), problem


@pytest.mark.parametrize(
    ("method", "path", "by", "fields"),
    [
        pytest.param("PUT", "/threads/a", "host", REGISTER, id="register"),
        pytest.param("PUT", "/threads/new", "host", [(at, {"title": "A", **body}) for at, body in REGISTER], id="new"),
        pytest.param("POST", "/threads/a/close", "host", CLOSE, id="close"),
        pytest.param("POST", "/threads/a/reopen", "host", REOPEN, id="reopen"),
        pytest.param("POST", "/threads/a/comments", None, POST, id="post"),
        pytest.param("POST", "/counts", None, COUNT, id="count"),
        pytest.param("POST", "/decisions", "moderator", DECIDE, id="decide"),
    ],
)
async def test_an_invalid_member_gets_its_pointer(
    site: ASite, method: str, path: str, by: str | None, fields: list[tuple[str, dict[str, Any]]]
) -> None:
    await a_thread(site, article="a")
    wrong = []
    for pointer, content in fields:
        answer = await send_json(site, method, path, content, by=by)
        try:
            refused(answer, pointer, content)
        except AssertionError as error:
            wrong.append((content, answer.status, str(error).splitlines()[0][:400]))
    assert not wrong, "\n".join(map(str, wrong))


async def test_an_invalid_member_of_an_edit_gets_its_pointer(site: ASite) -> None:
    posted = await a_comment(await a_thread(site))
    path = f"/comments/{posted['comment']['id']}"
    for pointer, content in EDIT:
        refused(await send_json(site, "PATCH", path, content, by=posted["author_token"]), pointer, content)


async def test_a_body_that_is_not_an_object_gets_the_empty_pointer(site: ASite) -> None:
    await a_thread(site, article="a")
    for content in each([], "x", 1, None, True):
        refused(await send_json(site, "POST", "/threads/a/comments", content), "", content)


async def test_the_detail_contains_no_backticks(site: ASite) -> None:
    for content in each({"articles": 1}, {"articles": []}, {"articles": ["a", {}]}, {"article": "a"}, {}):
        problem = (await send_json(site, "POST", "/counts", content)).problem()
        assert "`" not in problem["detail"], problem["detail"]


@pytest.mark.parametrize("days", [None, 14])
async def test_the_first_and_last_possible_times_do_no_harm(site: ASite, days: int | None) -> None:
    await site.set(close_after_days=days)
    for number, instant in enumerate(FAR_INSTANTS):
        thread = await a_thread(site, article=str(number))
        for body in (
            {"closing": {"kind": "at", "at": instant}},
            {"updated_at": instant},
            {"published_at": instant, "closing": {"kind": "auto"}},
        ):
            assert (await send_json(site, "PUT", thread.path, body, by="host")).status in {200, 422}, body
        for operation in ("close", "reopen"):
            answer = await send_json(site, "POST", f"{thread.path}/{operation}", {"at": instant}, by="host")
            assert answer.status in {200, 422}, (operation, instant)
        assert await everything_reads(site, thread.path)
    await site.set(close_after_days=36_500)
    assert await everything_reads(site, thread.path)


async def everything_reads(site: ASite, thread: str) -> bool:
    paths = (thread, f"{thread}/comments", "/counts?article=0", "/threads", "/threads?state=open", "/events")
    return [(await ask_site(site, "GET", path, by="host")).status for path in paths] == [200] * len(paths)
