"""Whatever a client sends as a body, it gets an answer that says what was wrong with it, and never a 5xx."""

import gzip
import json
from base64 import b64decode
from typing import Any, NamedTuple
from uuid import uuid4

import pytest

from tests.builders import ASite, a_comment, a_thread
from tests.platform.http.by_hand import Answer, ask_site, send_json
from tests.samples import HAS_REAL, sample_cases

ADA = {"name": "Ada"}


class Taker(NamedTuple):
    """A route that takes a body, who may send it, and a body that it takes."""

    method: str
    path: str
    by: str | None
    good: Any


TAKERS = {
    "register": Taker("PUT", "/threads/a", "host", {"title": "A title"}),
    "close": Taker("POST", "/threads/a/close", "host", {"reason": "Enough."}),
    "reopen": Taker("POST", "/threads/a/reopen", "host", {"at": "2999-01-01T00:00:00Z"}),
    "post": Taker("POST", "/threads/a/comments", None, {"body": "Hello.", "author": ADA}),
    "edit": Taker("PATCH", "/comments/{comment}", "{author}", {"body": "Well."}),
    "count": Taker("POST", "/counts", None, {"articles": ["a"]}),
    "decide": Taker(
        "POST", "/decisions", "moderator", {"action": "spam", "comments": [{"id": str(uuid4()), "revision": 1}]}
    ),
}
OPTIONAL = {"close", "reopen"}


@pytest.fixture(params=TAKERS)
def name(request: pytest.FixtureRequest) -> str:
    taken: str = request.param
    return taken


async def taker(site: ASite, name: str) -> Taker:
    """The route with a thread ``a`` and, where it needs one, a comment that is there."""
    thread = await a_thread(site, article="a")
    route = TAKERS[name]
    if name != "edit":
        return route
    posted = await a_comment(thread)
    return route._replace(path=f"/comments/{posted['comment']['id']}", by=posted["author_token"])


async def send(site: ASite, to: Taker, body: bytes | list[bytes], **given: Any) -> Answer:
    return await ask_site(site, to.method, to.path, by=to.by, body=body, **given)


async def test_what_json_parsers_trip_over_is_taken_or_refused(site: ASite, name: str) -> None:
    to = await taker(site, name)
    bodies = sample_cases("hostile/json-parsing.json")
    assert len(bodies) == 90 + (317 if HAS_REAL else 0)
    for case, encoded in bodies:
        body = b64decode(encoded)
        answer = await send(site, to, body)
        if answer.status < 300:
            assert case.startswith(("y_", "i_")) or (not body and name in OPTIONAL), case
        else:
            assert answer.problem()["status"] in {400, 413, 422}, case


async def test_hostile_bodies_are_taken_or_refused(site: ASite, name: str) -> None:
    to = await taker(site, name)
    for case in sample_cases("hostile/request-bodies.json"):
        answer = await send(site, to, bytes.fromhex(case["hex"]))
        assert answer.problem()["status"] in {400, 422}, case["name"]


# Bytes that go between the quotes of the field, and whether they can be taken.
INSIDE = {
    "lone high surrogate": (rb"x\ud800", False),
    "lone low surrogate": (rb"x\udc00", False),
    "swapped pair": (rb"x\udc00\ud800", False),
    "encoded surrogate": (b"x\xed\xa0\x80", False),
    "overlong slash": (b"x\xc0\xaf", False),
    "latin-1": (b"x\xe9", False),
    "above 10FFFF": (b"x\xf4\x90\x80\x80", False),
    "raw control": (b"x\x01", False),
    "escaped NUL": (rb"x\u0000", True),
    "escaped escape": (rb"x\u001b[31m", True),
    "noncharacter": ("x\uffff".encode(), True),
    "pair": (rb"\ud83d\ude00", True),
}
FIELDS = {
    "body": ("post", b'{"body": "%s", "author": {"name": "Ada"}}'),
    "name": ("post", b'{"body": "Hello.", "author": {"name": "%s"}}'),
    "title": ("register", b'{"title": "%s"}'),
    "close reason": ("close", b'{"reason": "%s"}'),
    "decision's reason": (
        "decide",
        b'{"reason": "%s", "action": "spam", "comments": [{"id": "' + b"0" * 32 + b'", "revision": 1}]}',
    ),
    "edit": ("edit", b'{"body": "%s"}'),
}


@pytest.mark.parametrize("field", FIELDS)
async def test_text_that_is_no_text_is_refused_and_controls_are_cleaned_away(site: ASite, field: str) -> None:
    name, template = FIELDS[field]
    to = await taker(site, name)
    for case, (inside, can_be_taken) in INSIDE.items():
        answer = await send(site, to, template % inside)
        if can_be_taken:
            assert answer.status < 300, (case, answer)
            assert "\\u0000" not in answer.body.decode() and "\\u001b" not in answer.body.decode()
        else:
            assert answer.problem()["status"] in {400, 422}, case


async def test_a_body_over_the_limit_is_413_whether_or_not_it_says_so(site: ASite, name: str) -> None:
    to = await taker(site, name)
    limit = 1024 * 1024 if name == "count" else 64 * 1024
    space = [b" " * 1000] * (limit // 1000 + 1)
    for body, headers in (
        ([*space, b"{}"], {}),
        (b"{}", {"content-length": str(limit + 1)}),
        (b"{}", {"content-length": "9" * 19}),
    ):
        answer = await send(site, to, body, headers=headers)
        assert answer.problem()["type"] == "/problems/content-too-large"
        assert answer.status == 413


async def test_a_body_just_at_the_limit_is_taken(site: ASite, name: str) -> None:
    to = await taker(site, name)
    limit = 1024 * 1024 if name == "count" else 64 * 1024
    body = json.dumps(to.good).encode().ljust(limit)
    assert (await send(site, to, body)).status < 300
    assert (await send(site, to, body + b" ")).status == 413


async def test_the_longest_counts_fit_the_limit_of_their_route(site: ASite) -> None:
    articles = [f"{number:04}" + "\U0001f600" * 496 for number in range(200)]
    plain = json.dumps({"articles": articles}, ensure_ascii=False).encode()
    answer = await ask_site(site, "POST", "/counts", body=plain)
    assert [count["article"] for count in answer.json()["counts"]] == articles


@pytest.mark.parametrize(
    "media_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "json"]
)
async def test_a_body_said_to_be_something_else_is_415(site: ASite, name: str, media_type: str) -> None:
    to = await taker(site, name)
    body = json.dumps(to.good).encode()
    refused = await send(site, to, body, headers={"content-type": media_type})
    assert refused.problem()["type"] == "/problems/unsupported-media-type"
    assert refused.status == 415


async def test_json_by_any_of_its_names_is_taken(site: ASite) -> None:
    to = await taker(site, "post")
    body = json.dumps(to.good).encode()
    for media_type in ("application/json; charset=utf-8", "APPLICATION/JSON", "application/vnd.cms+json"):
        assert (await send(site, to, body, headers={"content-type": media_type})).status == 201


async def test_a_body_that_is_missing_cut_short_or_packed_is_refused(site: ASite, name: str) -> None:
    to = await taker(site, name)
    whole = json.dumps(to.good).encode()
    if name not in OPTIONAL:
        assert (await send(site, to, b"")).problem()["type"] == "/problems/malformed-json"
    for end in range(1, len(whole)):
        assert (await send(site, to, whole[:end])).problem()["status"] == 400
    assert (await send(site, to, whole[:5], ends=False)).problem()["status"] == 400
    packed = await send(site, to, gzip.compress(whole), headers={"content-encoding": "gzip"})
    assert packed.problem()["status"] in {400, 415}


async def test_no_body_at_all_closes_now_and_reopens_for_good(site: ASite) -> None:
    thread = await a_thread(site, article="a")
    assert (await ask_site(site, "POST", "/threads/a/close", by="host")).json()["state"] == "closed"
    assert (await ask_site(site, "POST", "/threads/a/reopen", by="host")).json()["closing"]["kind"] == "never"
    assert (await thread.read())["state"] == "open"


async def test_depth_beyond_reason_is_refused_wherever_it_stands(site: ASite, name: str) -> None:
    to = await taker(site, name)
    for opening, closing in (("[", "]"), ('{"a":', "}")):
        deep = opening * 5_000 + "1" + closing * 5_000
        assert (await send(site, to, deep.encode())).problem()["status"] in {400, 422}
        for field in to.good:
            body = json.dumps({**to.good, field: None}).replace("null", deep).encode()
            assert (await send(site, to, body)).problem()["status"] in {400, 422}


async def test_a_key_given_twice_never_says_two_things(site: ASite) -> None:
    to = await taker(site, "post")
    answer = await send(site, to, b'{"body": "One.", "body": "Two.", "author": {"name": "Ada"}}')
    if answer.status == 201:
        assert answer.json()["comment"]["body"] == "Two."
    else:
        answer.problem()


async def test_text_that_grows_when_it_is_composed_still_fits_or_is_refused_where_it_stands(site: ASite) -> None:
    """Shin with dagesh and shin dot is one character as typed and three in NFC."""
    grown = "\ufb2c"
    await a_thread(site, article="a")
    for method, path, by, content, pointer in (
        ("PUT", "/threads/a", "host", {"title": grown * 500}, "/title"),
        ("PUT", "/threads/new", "host", {"title": grown * 500}, "/title"),
        ("POST", "/threads/a/comments", None, {"body": "x", "author": {"name": grown * 100}}, "/author/name"),
        ("POST", "/threads/a/close", "host", {"reason": grown * 500}, "/reason"),
    ):
        answer = await send_json(site, method, path, content, by=by)
        if answer.status >= 300:
            assert answer.problem()["pointer"] == pointer
    other = await a_thread(site)
    comment = (await a_comment(other))["comment"]
    decided = {"action": "spam", "comments": [{"id": comment["id"], "revision": 1}], "reason": grown * 500}
    answer = await send_json(site, "POST", "/decisions", decided, by="moderator")
    assert answer.status == 200 or answer.problem()["pointer"] == "/reason"
    assert (await other.post(grown * 10_000)).status_code == 201
