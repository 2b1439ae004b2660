"""Every invalid body gets a problem that describes the error, never a 5xx."""

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


class BodyRoute(NamedTuple):
    """A route with a request body, its caller, and a valid body."""

    method: str
    path: str
    by: str | None
    good: Any


BODY_ROUTES = {
    "register": BodyRoute("PUT", "/threads/a", "host", {"title": "A title"}),
    "close": BodyRoute("POST", "/threads/a/close", "host", {"reason": "Enough."}),
    "reopen": BodyRoute("POST", "/threads/a/reopen", "host", {"at": "2999-01-01T00:00:00Z"}),
    "post": BodyRoute("POST", "/threads/a/comments", None, {"body": "Hello.", "author": ADA}),
    "edit": BodyRoute("PATCH", "/comments/{comment}", "{author}", {"body": "Well."}),
    "count": BodyRoute("POST", "/counts", None, {"articles": ["a"]}),
    "decide": BodyRoute(
        "POST", "/decisions", "moderator", {"action": "spam", "comments": [{"id": str(uuid4()), "revision": 1}]}
    ),
}
OPTIONAL = {"close", "reopen"}


@pytest.fixture(params=BODY_ROUTES)
def name(request: pytest.FixtureRequest) -> str:
    route_name: str = request.param
    return route_name


async def prepare_route(site: ASite, name: str) -> BodyRoute:
    """The route, after creating a thread ``a`` and, if the route needs one, a comment."""
    thread = await a_thread(site, article="a")
    route = BODY_ROUTES[name]
    if name != "edit":
        return route
    posted = await a_comment(thread)
    return route._replace(path=f"/comments/{posted['comment']['id']}", by=posted["author_token"])


async def send(site: ASite, to: BodyRoute, body: bytes | list[bytes], **given: Any) -> Answer:
    return await ask_site(site, to.method, to.path, by=to.by, body=body, **given)


async def test_hard_cases_of_json_parsers_are_accepted_or_refused(site: ASite, name: str) -> None:
    to = await prepare_route(site, name)
    bodies = sample_cases("hostile/json-parsing.json")
    assert len(bodies) == 90 + (317 if HAS_REAL else 0)
    for case, encoded in bodies:
        body = b64decode(encoded)
        answer = await send(site, to, body)
        if answer.status < 300:
            assert case.startswith(("y_", "i_")) or (not body and name in OPTIONAL), case
        else:
            assert answer.problem()["status"] in {400, 413, 422}, case


async def test_hostile_bodies_are_refused(site: ASite, name: str) -> None:
    to = await prepare_route(site, name)
    for case in sample_cases("hostile/request-bodies.json"):
        answer = await send(site, to, bytes.fromhex(case["hex"]))
        assert answer.problem()["status"] in {400, 422}, case["name"]


# Bytes between the quotes of the field, and whether they are accepted.
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
    "decision's note": (
        "decide",
        b'{"note": "%s", "action": "spam", "comments": [{"id": "' + b"0" * 32 + b'", "revision": 1}]}',
    ),
    "edit": ("edit", b'{"body": "%s"}'),
}


@pytest.mark.parametrize("field", FIELDS)
async def test_invalid_text_is_refused_and_control_characters_are_removed(site: ASite, field: str) -> None:
    name, template = FIELDS[field]
    to = await prepare_route(site, name)
    for case, (inside, can_be_taken) in INSIDE.items():
        answer = await send(site, to, template % inside)
        if can_be_taken:
            assert answer.status < 300, (case, answer)
            assert "\\u0000" not in answer.body.decode() and "\\u001b" not in answer.body.decode()
        else:
            assert answer.problem()["status"] in {400, 422}, case


async def test_a_body_over_the_limit_is_413_with_or_without_content_length(site: ASite, name: str) -> None:
    to = await prepare_route(site, name)
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


async def test_a_body_at_the_limit_is_accepted(site: ASite, name: str) -> None:
    to = await prepare_route(site, name)
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
async def test_a_body_of_another_media_type_is_415(site: ASite, name: str, media_type: str) -> None:
    to = await prepare_route(site, name)
    body = json.dumps(to.good).encode()
    refused = await send(site, to, body, headers={"content-type": media_type})
    assert refused.problem()["type"] == "/problems/unsupported-media-type"
    assert refused.status == 415


async def test_every_json_media_type_is_accepted(site: ASite) -> None:
    to = await prepare_route(site, "post")
    body = json.dumps(to.good).encode()
    for media_type in ("application/json; charset=utf-8", "APPLICATION/JSON", "application/vnd.cms+json"):
        assert (await send(site, to, body, headers={"content-type": media_type})).status == 201


async def test_a_missing_truncated_or_compressed_body_is_refused(site: ASite, name: str) -> None:
    to = await prepare_route(site, name)
    whole = json.dumps(to.good).encode()
    if name not in OPTIONAL:
        assert (await send(site, to, b"")).problem()["type"] == "/problems/malformed-json"
    for end in range(1, len(whole)):
        assert (await send(site, to, whole[:end])).problem()["status"] == 400
    assert (await send(site, to, whole[:5], ends=False)).problem()["status"] == 400
    packed = await send(site, to, gzip.compress(whole), headers={"content-encoding": "gzip"})
    assert packed.problem()["status"] in {400, 415}


async def test_without_a_body_close_is_immediate_and_reopen_is_permanent(site: ASite) -> None:
    thread = await a_thread(site, article="a")
    assert (await ask_site(site, "POST", "/threads/a/close", by="host")).json()["state"] == "closed"
    assert (await ask_site(site, "POST", "/threads/a/reopen", by="host")).json()["closing"]["kind"] == "never"
    assert (await thread.read())["state"] == "open"


async def test_deeply_nested_json_is_refused_in_every_member(site: ASite, name: str) -> None:
    to = await prepare_route(site, name)
    for opening, closing in (("[", "]"), ('{"a":', "}")):
        deep = opening * 5_000 + "1" + closing * 5_000
        assert (await send(site, to, deep.encode())).problem()["status"] in {400, 422}
        for field in to.good:
            body = json.dumps({**to.good, field: None}).replace("null", deep).encode()
            assert (await send(site, to, body)).problem()["status"] in {400, 422}


async def test_of_a_repeated_member_the_last_one_counts(site: ASite) -> None:
    to = await prepare_route(site, "post")
    answer = await send(site, to, b'{"body": "One.", "body": "Two.", "author": {"name": "Ada"}}')
    if answer.status == 201:
        assert answer.json()["comment"]["body"] == "Two."
    else:
        answer.problem()


async def test_text_that_nfc_lengthens_over_the_limit_is_refused_with_its_pointer(site: ASite) -> None:
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
    decided = {"action": "spam", "comments": [{"id": comment["id"], "revision": 1}], "note": grown * 500}
    answer = await send_json(site, "POST", "/decisions", decided, by="moderator")
    assert answer.status == 200 or answer.problem()["pointer"] == "/note"
    assert (await other.post(grown * 10_000)).status_code == 201
