"""A reader signed in by the host posts under the host's name and is the same reader with every token."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from service.app import App
from service.conversation.comments.model import CommentRow
from service.conversation.threads.model import ThreadRow
from service.platform.sites.edit_site import find_site
from tests.builders import ASite, Json, a_comment, a_site, a_thread, events_of
from tests.platform.access.a_host import SECRET, a_token, share_secret


@pytest.fixture
async def site(app: App) -> AsyncIterator[ASite]:
    """A site whose host signs with :data:`SECRET`."""
    async with a_site(app) as site:
        await share_secret(site, SECRET)
        yield site


async def test_a_signed_in_reader_posts_under_the_hosts_name(site: ASite) -> None:
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
    assert event["data"]["comment"]["author"] == {**author, "subject": "ada"}
    assert "ada@example.org" not in str(await events_of(site))


async def test_a_signed_in_readers_own_fields_are_ignored_except_the_url(site: ASite) -> None:
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


async def test_without_a_name_in_the_token_the_typed_name_is_used(site: ASite) -> None:
    thread = await a_thread(site)
    for nameless in (
        a_token(site.slug, without="name"),
        a_token(site.slug, name=" \u200b"),
        a_token(site.slug, name=7),
    ):
        assert (await a_comment(thread, by=nameless, name=" Countess "))["comment"]["author"]["name"] == "Countess"
        refused = await site.call("POST", f"{thread.path}/comments", by=nameless, json={"body": "Hello."})
        assert (refused.status_code, refused.json()["pointer"]) == (422, "/author")


async def test_a_guest_must_give_a_name(site: ASite) -> None:
    thread = await a_thread(site)
    for post in ({"body": "Hello."}, {"body": "Hello.", "author": None}):
        refused = await site.call("POST", f"{thread.path}/comments", json=post)
        assert refused.status_code == 422
        assert (refused.json()["type"], refused.json()["pointer"]) == ("/problems/invalid-field", "/author")
        assert refused.json()["detail"] == "Please say under which name to post."


async def test_a_name_is_cleaned_and_truncated_and_an_invalid_picture_is_ignored(site: ASite) -> None:
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
async def test_the_hosts_token_decides_who_is_staff(site: ASite, claims: Json, role: str) -> None:
    posted = await a_comment(await a_thread(site), by=a_token(site.slug, **claims))
    assert posted["comment"]["author"]["role"] == role


async def test_staff_have_no_more_permissions_than_other_readers(site: ASite) -> None:
    token = a_token(site.slug, roles=["staff", "admin", "moderator"])
    assert (await site.call("GET", "/queue", by=token)).status_code == 403
    assert (await site.call("PUT", "/threads/a", by=token, json={"title": "A"})).status_code == 403


async def test_the_same_sub_is_the_same_reader_with_every_token(site: ASite) -> None:
    thread = await a_thread(site)
    comment = (await a_comment(thread, by=a_token(site.slug)))["comment"]
    path = f"/comments/{comment['id']}"
    later = a_token(site.slug, name="Ada, Countess of Lovelace", jti="another", roles=["staff"])
    edited = await site.call("PATCH", path, by=later, json={"body": "Better said."})
    assert (edited.status_code, edited.json()["body"]) == (200, "Better said.")
    for somebody_else in (a_token(site.slug, sub="Ada"), a_token(site.slug, sub="ada ")):
        assert (await site.call("DELETE", path, by=somebody_else)).status_code == 404
    assert (await site.call("DELETE", path, by=later)).status_code == 204


async def test_a_deletion_also_erases_the_picture(site: ASite) -> None:
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
        await site.set(jwt_audience="readers")
        await other.set(jwt_audience="readers")
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


async def test_pending_comments_are_visible_to_their_signed_in_author(site: ASite) -> None:
    thread = await a_thread(site, mode="hold")
    await a_comment(thread, by=a_token(site.slug))
    assert [comment["state"] for comment in await thread.pages(by=a_token(site.slug))] == ["pending"]
    assert await thread.pages(by=a_token(site.slug, sub="eve")) == []


async def test_a_retry_posts_once_also_if_the_name_has_changed(site: ASite) -> None:
    thread = await a_thread(site)
    first = await thread.post(by=a_token(site.slug), key="sixteen-letters-or-more")
    again = await thread.post(by=a_token(site.slug, name="A. B."), key="sixteen-letters-or-more")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json()["comment"] == first.json()["comment"]
    assert again.json()["author_token"] is None
    for somebody_else in (a_token(site.slug, sub="eve"), None):
        refused = await thread.post(name="Ada Byron", by=somebody_else, key="sixteen-letters-or-more")
        assert refused.json()["type"] == "/problems/idempotency-key-reused"


async def test_a_signed_in_reader_need_not_give_an_email(site: ASite) -> None:
    await site.set(require_email=True)
    thread = await a_thread(site)
    assert (await thread.post(by=a_token(site.slug))).status_code == 201
    assert (await thread.post()).status_code == 422


async def test_posts_are_limited_by_reader_across_tokens(site: ASite) -> None:
    await site.set(post_limit_per_reader="1/hour")
    thread = await a_thread(site)
    assert (await thread.post(by=a_token(site.slug))).status_code == 201
    assert (await thread.post(by=a_token(site.slug, jti="2"))).status_code == 429
    assert (await thread.post(by=a_token(site.slug, sub="eve"))).status_code == 201
