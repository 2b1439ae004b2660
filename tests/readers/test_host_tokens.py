"""Whom the host signs in posts under the name that the host gives; a token with anything wrong about it is refused, and
nobody is told what it was."""

import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest
from joserfc import jws
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from sqlalchemy import select
from starlette.applications import Starlette

from service.comments.model import CommentRow
from service.sites.changing import find_site
from service.threads.model import ThreadRow
from tests.builders import ASite, Clock, Json, a_comment, a_site, a_thread, events_of
from tests.readers.a_host import SECRET, a_token, segment, share_secret


@pytest.fixture
async def site(app: Starlette) -> AsyncIterator[ASite]:
    """A site whose host signs with :data:`SECRET`."""
    async with a_site(app) as site:
        await share_secret(site, SECRET)
        yield site


async def is_refused(site: ASite, token: str) -> bool:
    """Whether ``token`` is refused in the one way in which all are; else it must sign somebody in."""
    response = await site.call("GET", "/counts?article=a", by=token)
    if response.status_code == 200:
        return False
    problem: Json = response.json()
    assert (response.status_code, problem["type"]) == (401, "/problems/unauthenticated"), problem
    assert problem["detail"] == "This host token is not valid here."
    assert 'error="invalid_token"' in response.headers["www-authenticate"]
    return True


async def test_a_reader_whom_the_host_signs_in_posts_under_the_hosts_name_for_them(site: ASite) -> None:
    thread = await a_thread(site)
    token = a_token(site.slug, picture="https://gazette.example/ada.png", email="ada@example.org")
    posted = await site.call("POST", f"{thread.path}/comments", by=token, json={"body": "Well said."})
    assert posted.status_code == 201, posted.text
    author = {"name": "Ada Byron", "url": None, "role": "reader", "avatar": "https://gazette.example/ada.png"}
    assert posted.json()["comment"]["author"] == author
    assert posted.json()["author_token"] is None
    [comment] = await thread.pages()
    assert comment["author"] == author
    [event] = [event for event in await events_of(site) if event["type"] == "comment.published"]
    assert event["data"]["comment"]["author"] == author
    assert "ada@example.org" not in str(await events_of(site))


async def test_what_they_say_of_themselves_is_passed_over_but_for_their_own_page(site: ASite) -> None:
    thread = await a_thread(site)
    posted = await a_comment(
        thread, by=a_token(site.slug), name="The Editor", email="nonsense", url="https://ada.example/"
    )
    assert posted["comment"]["author"] == {
        "name": "Ada Byron",
        "url": "https://ada.example/",
        "role": "reader",
        "avatar": None,
    }


async def test_without_a_name_in_the_token_the_typed_one_is_taken(site: ASite) -> None:
    thread = await a_thread(site)
    for nameless in (
        a_token(site.slug, without="name"),
        a_token(site.slug, name=" \u200b"),
        a_token(site.slug, name=7),
    ):
        assert (await a_comment(thread, by=nameless, name=" Countess "))["comment"]["author"]["name"] == "Countess"
        refused = await site.call("POST", f"{thread.path}/comments", by=nameless, json={"body": "Hello."})
        assert (refused.status_code, refused.json()["pointer"]) == (422, "/author")


async def test_a_guest_without_a_name_is_asked_for_one(site: ASite) -> None:
    thread = await a_thread(site)
    for post in ({"body": "Hello."}, {"body": "Hello.", "author": None}):
        refused = await site.call("POST", f"{thread.path}/comments", json=post)
        assert refused.status_code == 422
        assert (refused.json()["type"], refused.json()["pointer"]) == ("/problems/invalid-field", "/author")
        assert refused.json()["detail"] == "Please say under which name to post."


async def test_a_name_is_cleaned_and_cut_and_a_picture_that_is_no_web_address_is_left_out(site: ASite) -> None:
    thread = await a_thread(site)
    token = a_token(
        site.slug, name="  Ada\u202e\n Byron " + "x" * 200, picture="javascript:alert(1)", email="no address"
    )
    author = (await a_comment(thread, by=token))["comment"]["author"]
    assert author["name"].startswith("Ada Byron x") and len(author["name"]) == 100
    assert author["avatar"] is None
    for picture in ("https://a.example/" + "x" * 2000, "https://user:pass@a.example/a.png", "/a.png", 7, None):
        token = a_token(site.slug, picture=picture)
        assert (await a_comment(thread, by=token))["comment"]["author"]["avatar"] is None


@pytest.mark.parametrize(
    ("claims", "role"),
    [
        ({}, "reader"),
        ({"roles": ["subscriber"]}, "reader"),
        ({"roles": ["subscriber", "staff"]}, "staff"),
        ({"roles": [], "role": "staff"}, "staff"),
        ({"role": "staff"}, "staff"),
        ({"role": "staffer"}, "reader"),
        ({"roles": "staff"}, "staff"),
        ({"roles": {"staff": True}}, "reader"),
        ({"roles": [["staff"], {}, None]}, "reader"),
    ],
)
async def test_staff_is_who_the_host_says_is_staff(site: ASite, claims: Json, role: str) -> None:
    posted = await a_comment(await a_thread(site), by=a_token(site.slug, **claims))
    assert posted["comment"]["author"]["role"] == role


async def test_staff_may_do_no_more_than_other_readers(site: ASite) -> None:
    token = a_token(site.slug, roles=["staff", "admin", "moderator"])
    assert (await site.call("GET", "/queue", by=token)).status_code == 403
    assert (await site.call("PUT", "/threads/a", by=token, json={"title": "A"})).status_code == 403


async def test_the_same_person_is_the_same_reader_with_every_token_and_on_every_process(site: ASite) -> None:
    thread = await a_thread(site)
    comment = (await a_comment(thread, by=a_token(site.slug)))["comment"]
    path = f"/comments/{comment['id']}"
    later = a_token(site.slug, name="Ada, Countess of Lovelace", jti="another", roles=["staff"])
    edited = await site.call("PATCH", path, by=later, json={"body": "Better said."})
    assert (edited.status_code, edited.json()["body"]) == (200, "Better said.")
    for somebody_else in (a_token(site.slug, sub="Ada"), a_token(site.slug, sub="ada ")):
        assert (await site.call("DELETE", path, by=somebody_else)).status_code == 404
    assert (await site.call("DELETE", path, by=later)).status_code == 204


async def test_a_deletion_takes_the_picture_too(site: ASite) -> None:
    thread = await a_thread(site)
    token = a_token(site.slug, picture="https://gazette.example/ada.png")
    comment = (await a_comment(thread, by=token))["comment"]
    await site.call("DELETE", f"/comments/{comment['id']}", by=token)
    kept = select(CommentRow.author_name, CommentRow.author_email, CommentRow.author_avatar)
    async with site.app.state.database.read() as connection:
        row = (await connection.execute(kept.where(CommentRow.id == UUID(comment["id"])))).one()
    assert tuple(row) == ("", None, None)


async def test_the_same_sub_at_another_site_is_another_reader(site: ASite) -> None:
    async with a_site(site.app) as other:
        await share_secret(other, SECRET)
        await site.set(token_audience="readers")
        await other.set(token_audience="readers")
        token = a_token("readers")
        ids = []
        for each in (site, other):
            thread = await a_thread(each, mode="hold")
            await a_comment(thread, by=token)
            ids += [comment["id"] for comment in await thread.pages(by=token)]
            assert await thread.pages() == []
        assert len(ids) == 2
        readers = await reader_ids(site)
        assert readers.isdisjoint(await reader_ids(other)) and all(id_.version == 8 for id_ in readers)


async def reader_ids(site: ASite) -> set[Any]:

    async with site.app.state.database.read() as connection:
        found = await find_site(connection, site.slug)
        threads = select(ThreadRow.id).where(ThreadRow.site_id == found.id)
        return set(await connection.scalars(select(CommentRow.reader_id).where(CommentRow.thread_id.in_(threads))))


async def test_held_comments_show_to_whoever_is_signed_in_as_their_author(site: ASite) -> None:
    thread = await a_thread(site, mode="hold")
    await a_comment(thread, by=a_token(site.slug))
    assert [comment["state"] for comment in await thread.pages(by=a_token(site.slug))] == ["pending"]
    assert await thread.pages(by=a_token(site.slug, sub="eve")) == []


async def test_posting_twice_is_posting_once_also_when_the_name_changed_meanwhile(site: ASite) -> None:
    thread = await a_thread(site)
    first = await thread.post(by=a_token(site.slug), key="sixteen-letters-or-more")
    again = await thread.post(by=a_token(site.slug, name="A. B."), key="sixteen-letters-or-more")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json()["comment"] == first.json()["comment"]
    assert again.json()["author_token"] is None
    for somebody_else in (a_token(site.slug, sub="eve"), None):
        refused = await thread.post(name="Ada Byron", by=somebody_else, key="sixteen-letters-or-more")
        assert refused.json()["type"] == "/problems/idempotency-key-reused"


async def test_whom_the_host_signs_in_need_give_no_email(site: ASite) -> None:
    await site.set(require_email=True)
    thread = await a_thread(site)
    assert (await thread.post(by=a_token(site.slug))).status_code == 201
    assert (await thread.post()).status_code == 422


async def test_posts_are_limited_by_reader_whatever_their_token(site: ASite) -> None:
    await site.set(posts_per_reader="1/hour")
    thread = await a_thread(site)
    assert (await thread.post(by=a_token(site.slug))).status_code == 201
    assert (await thread.post(by=a_token(site.slug, jti="2"))).status_code == 429
    assert (await thread.post(by=a_token(site.slug, sub="eve"))).status_code == 201


async def test_a_token_is_for_its_time_give_or_take_a_minute(site: ASite, the_clock: Clock) -> None:
    now = int(the_clock.now().timestamp())
    good: list[Json] = [{"exp": now - 59}, {"exp": now + 0.5}, {"nbf": now + 59}, {"iat": now + 60}, {"exp": 10**9 * 5}]
    bad: list[Json] = [
        {"exp": now - 60},
        {"exp": 0},
        {"exp": -1},
        {"nbf": now + 61},
        {"iat": now + 61},
        {"exp": 10**400},
    ]
    assert not any([await is_refused(site, a_token(site.slug, **claims)) for claims in good])
    assert all([await is_refused(site, a_token(site.slug, **claims)) for claims in bad])
    token = a_token(site.slug)
    the_clock.move(seconds=3600 + 59)
    assert not await is_refused(site, token)
    the_clock.move(seconds=1)
    assert await is_refused(site, token)


@pytest.mark.parametrize("claim", ["sub", "exp", "aud"])
async def test_a_token_without_what_it_needs_is_refused(site: ASite, claim: str) -> None:
    assert await is_refused(site, a_token(site.slug, without=claim))


@pytest.mark.parametrize(
    "claims",
    [
        {"sub": ""},
        {"sub": "x" * 256},
        {"sub": 7},
        {"sub": None},
        {"exp": "tomorrow"},
        {"exp": None},
        {"exp": True},
        {"exp": [9]},
        {"iat": "yesterday"},
        {"nbf": {}},
        {"aud": 7},
        {"aud": None},
        {"aud": []},
        {"aud": ["elsewhere", 7]},
        {"aud": "elsewhere"},
        {"iss": 7},
    ],
    ids=str,
)
async def test_a_claim_that_does_not_fit_is_refused(site: ASite, claims: Json) -> None:
    assert await is_refused(site, a_token(site.slug, **claims))


async def test_the_audience_is_the_sites_slug_or_what_the_site_says(site: ASite) -> None:
    assert not await is_refused(site, a_token(site.slug, aud=["elsewhere", site.slug]))
    await site.set(token_audience="https://gazette.example/")
    assert await is_refused(site, a_token(site.slug))
    assert not await is_refused(site, a_token("https://gazette.example/"))


async def test_the_issuer_is_checked_where_the_site_names_one(site: ASite) -> None:
    assert not await is_refused(site, a_token(site.slug, iss="https://login.example/"))
    await site.set(token_issuer="https://gazette.example/")
    assert await is_refused(site, a_token(site.slug))
    assert await is_refused(site, a_token(site.slug, iss="https://login.example/"))
    assert not await is_refused(site, a_token(site.slug, iss="https://gazette.example/"))


async def test_only_hs256_is_taken_with_the_secret(site: ASite) -> None:
    for alg in ("HS384", "HS512"):
        assert await is_refused(site, a_token(site.slug, alg=alg))
    rsa, ec, okp = RSAKey.generate_key(2048), ECKey.generate_key("P-256"), OKPKey.generate_key("Ed25519")
    for alg, key in (("RS256", rsa), ("PS256", rsa), ("ES256", ec), ("EdDSA", okp), ("Ed25519", okp)):
        assert await is_refused(site, a_token(site.slug, alg=alg, key=key))  # type: ignore[arg-type]


async def test_another_secret_or_none_signs_nobody_in(site: ASite) -> None:
    assert await is_refused(site, a_token(site.slug, key=OctKey.import_key(SECRET + "x")))
    async with a_site(site.app) as other:
        assert await is_refused(other, a_token(other.slug))


async def test_a_new_secret_makes_the_tokens_of_the_old_one_void(site: ASite) -> None:
    assert not await is_refused(site, a_token(site.slug))
    await share_secret(site, "quite another secret of enough characters")
    assert await is_refused(site, a_token(site.slug))


async def test_none_is_no_algorithm(site: ASite) -> None:
    _, payload, signature = a_token(site.slug).split(".")
    for alg in ("none", "None", "NONE", "nOnE", "", None, 0, ["HS256"], {"HS256": 1}):
        for signed in ("", signature):
            assert await is_refused(site, f"{segment({'alg': alg, 'typ': 'JWT'})}.{payload}.{signed}")
    assert await is_refused(site, f"{segment({'typ': 'JWT'})}.{payload}.{signature}")


async def test_what_a_token_says_about_its_own_key_is_passed_over_or_refused(site: ASite) -> None:
    mine = OctKey.generate_key(256)
    for header in ({"jwk": mine.as_dict()}, {"jku": "https://eve.example/jwks"}, {"kid": "../../dev/null"}):
        assert await is_refused(site, a_token(site.slug, key=mine, header=header))
    assert await is_refused(site, a_token(site.slug, header={"crit": ["b64"], "b64": True}))
    assert not await is_refused(site, a_token(site.slug, header={"kid": "any", "x": {"own": 1}, "typ": "at+jwt"}))


async def test_a_token_that_is_tampered_with_is_refused(site: ASite) -> None:
    header, payload, signature = a_token(site.slug).split(".")
    theirs = a_token(site.slug, sub="eve").split(".")[1]
    nested = b'{"alg": "HS256", "x": ' + b"[" * 2000
    other = "A" if signature[0] != "A" else "B"
    for token in (
        f"{header}.{theirs}.{signature}",
        f"{header}.{payload}.{other}{signature[1:]}",
        f"{header}.{payload}.{signature[:-1]}",
        f"{header}.{payload}.{signature}=",
        f"{header}.{payload}.",
        f"{header}..{signature}",
        f".{payload}.{signature}",
        "..",
        "a.b.c",
        f"{segment(b'not json')}.{payload}.{signature}",
        f"{segment([])}.{payload}.{signature}",
        f"{segment(b'[' * 2000)}.{payload}.{signature}",
        f"{segment(nested)}.{payload}.{signature}",
        f"{segment(bytes(range(128, 200)))}.{payload}.{signature}",
    ):
        assert await is_refused(site, token), token


@pytest.mark.parametrize(
    "payload",
    ["[]", "7", "null", '"ada"', "{", "", "[" * 1500, '{"x": ' + "[" * 2500, '{"sub": "\\ud800"}', "\x80"],
    ids=lambda payload: payload[:10],
)
async def test_a_payload_that_is_no_set_of_claims_is_refused_though_it_is_signed(site: ASite, payload: str) -> None:

    token = jws.serialize_compact({"alg": "HS256"}, payload.encode("latin-1"), OctKey.import_key(SECRET))
    assert await is_refused(site, token)


async def test_a_sub_that_no_text_can_hold_is_refused(site: ASite) -> None:

    claims = {"sub": "SUB", "exp": 10**12, "aud": site.slug}
    payload = json.dumps(claims).replace("SUB", "\\ud800")
    assert await is_refused(site, jws.serialize_compact({"alg": "HS256"}, payload, OctKey.import_key(SECRET)))


async def test_a_token_has_4096_characters_at_most(site: ASite) -> None:
    base = len(a_token(site.slug, padding=""))
    fits = a_token(site.slug, padding="x" * ((4096 - base) * 3 // 4 - 3))
    assert 4080 < len(fits) <= 4096
    assert not await is_refused(site, fits)
    assert await is_refused(site, a_token(site.slug, padding="x" * 3200))


async def test_what_is_wrong_with_a_token_counts_against_the_address(site: ASite) -> None:
    await site.set(calls_per_address="2/hour")
    answers = [(await site.call("GET", "/counts?article=a", by="a.b.c")).status_code for _ in range(3)]
    assert answers == [401, 401, 429]
