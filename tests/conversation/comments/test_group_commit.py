"""A post is published or held, once, at its place in the tree, or refused with its text returned."""

from datetime import timedelta
from uuid import uuid4

from tests.builders import ASite, Clock, a_comment, a_thread, decide, events_of

KEY = "8e03978e-40d5-43dd-bc93-6894a57f9324"


async def test_a_guests_reply_is_published_and_counted_and_has_an_event(site: ASite) -> None:
    thread = await a_thread(site, article="a1", url="https://gazette.example/a1")
    response = await thread.post("Well **said**.\nIndeed.", name=" Ada  Lovelace ", url="https://Ada.EXAMPLE:443/")
    posted = response.json()
    assert response.status_code == 201
    assert response.headers["location"] == f"/v1/sites/{site.slug}/comments/{posted['comment']['id']}"
    author = {"name": "Ada Lovelace", "url": "https://ada.example/", "role": "guest", "avatar": None}
    assert posted["comment"]["author"] == author
    assert posted["comment"]["html"] == "<p>Well <strong>said</strong>.<br>\nIndeed.</p>"
    assert (posted["thread"]["reply_count"], posted["thread"]["label"]) == (1, "One reply")
    event = (await events_of(site))[-1]
    assert (event["type"], event["sequence"], event["position"]) == ("comment.published", 2, 2)
    assert event["data"]["thread"]["reply_count"] == 1
    assert event["data"]["comment"]["id"] == posted["comment"]["id"]


async def test_an_email_is_never_shown_to_anyone(site: ASite) -> None:
    thread = await a_thread(site)
    posted = await thread.post(email="ada@example.com")
    read = await thread.page(by="moderator")
    assert "ada@example.com" not in posted.text + str(read) + str(await events_of(site))


async def test_a_reply_in_a_thread_in_mode_hold_is_pending_and_not_counted(site: ASite) -> None:
    thread = await a_thread(site, mode="hold")
    response = await thread.post()
    assert response.status_code == 202
    assert response.json()["comment"]["state"] == "pending"
    assert response.json()["thread"]["reply_count"] == 0
    assert await thread.pages() == []
    assert (await events_of(site))[-1]["type"] == "comment.held"


async def test_only_its_author_sees_a_pending_comment(site: ASite) -> None:
    thread = await a_thread(site)
    first = await a_comment(thread, "First.")
    await site.set(mode="hold")
    held = await a_comment(thread, "Held.", below=first["comment"]["id"])
    await site.set(mode="publish")
    await a_comment(thread, "Last.")
    path = f"/comments/{held['comment']['id']}"
    for somebody in (None, first["author_token"], "host"):
        assert [comment["html"] for comment in await thread.pages(by=somebody, limit=1)] == [
            "<p>First.</p>",
            "<p>Last.</p>",
        ]
        assert (await site.call("GET", path, by=somebody)).status_code == 404
    own = await thread.pages(by=held["author_token"], limit=1)
    assert [comment["state"] for comment in own] == ["published", "pending", "published"]
    assert (await site.call("GET", path, by=held["author_token"])).json()["comment"]["body"] == "Held."
    assert "Held." not in str(await events_of(site))


async def test_a_reply_follows_its_parent(site: ASite) -> None:
    thread = await a_thread(site)
    one = (await a_comment(thread, "1"))["comment"]["id"]
    two = (await a_comment(thread, "2"))["comment"]["id"]
    await a_comment(thread, "1.1", below=one)
    await a_comment(thread, "2.1", below=two)
    await a_comment(thread, "1.2", below=one)
    read = [(comment["html"][3:-4], comment["depth"]) for comment in await thread.pages(limit=2)]
    assert read == [("1", 0), ("1.1", 1), ("1.2", 1), ("2", 0), ("2.1", 1)]
    newest = [comment["html"][3:-4] for comment in await thread.pages(limit=2, order="newest")]
    assert newest == ["2", "2.1", "1", "1.1", "1.2"]


async def test_a_reply_deeper_than_the_site_allows_is_placed_at_the_last_level(site: ASite) -> None:
    await site.set(max_depth=2)
    thread = await a_thread(site)
    below = None
    for body in "abcde":
        below = (await a_comment(thread, body, below=below))["comment"]["id"]
    comments = await thread.pages()
    assert [comment["depth"] for comment in comments] == [0, 1, 2, 2, 2]
    assert [comment["parent_id"] for comment in comments] == [None, *(comment["id"] for comment in comments[:-1])]


async def test_a_reply_to_an_unpublished_comment_is_refused(site: ASite) -> None:
    thread, other = await a_thread(site), await a_thread(site)
    gone = await a_comment(thread)
    await decide(site, "reject", gone["comment"])
    elsewhere = await a_comment(other)
    for parent in (gone["comment"]["id"], elsewhere["comment"]["id"], str(uuid4())):
        refused = await thread.post("But…", below=parent)
        assert (refused.status_code, refused.json()["type"]) == (409, "/problems/parent-unavailable")
        assert refused.json()["draft"]["body"] == "But…"


async def test_a_retry_does_not_restore_a_deleted_comment(site: ASite) -> None:
    thread = await a_thread(site)
    posted = (await thread.post("What was said.", key=KEY)).json()
    await decide(site, "delete", posted["comment"])
    again = await thread.post("What was said.", key=KEY)
    assert (again.status_code, again.json()["comment"]["state"]) == (201, "deleted")
    assert "What was said" not in again.text and "Ada" not in again.text


async def test_a_retry_returns_the_same_comment_even_after_the_close(site: ASite) -> None:
    thread = await a_thread(site)
    first = await thread.post(key=KEY)
    await thread.close()
    again = await thread.post(key=KEY)
    assert (again.status_code, again.json()["comment"]) == (201, first.json()["comment"])
    assert again.json()["author_token"] == first.json()["author_token"]
    assert (await thread.read())["reply_count"] == 1


async def test_a_retry_of_a_held_comment_is_still_202(site: ASite) -> None:
    thread = await a_thread(site, mode="hold")
    first, again = await thread.post(key=KEY), await thread.post(key=KEY)
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json()["comment"] == again.json()["comment"]


async def test_a_short_key_does_not_return_the_token_again(site: ASite) -> None:
    thread = await a_thread(site)
    await thread.post(key="1")
    assert (await thread.post(key="1")).json()["author_token"] is None


async def test_a_key_with_another_comment_or_author_is_refused(site: ASite) -> None:
    thread = await a_thread(site)
    await thread.post("One.", key=KEY)
    for other in ({"body": "Two."}, {"body": "One.", "name": "Eve"}):
        refused = await thread.post(**other, key=KEY)
        assert (refused.status_code, refused.json()["type"]) == (422, "/problems/idempotency-key-reused")


async def test_a_key_is_stored_for_a_day_and_per_thread(site: ASite, the_clock: Clock) -> None:
    thread, other = await a_thread(site), await a_thread(site)
    first = await thread.post(key=KEY)
    assert (await other.post(key=KEY)).json()["comment"]["id"] != first.json()["comment"]["id"]
    the_clock.move(hours=24)
    assert (await thread.post(key=KEY)).json()["comment"]["id"] != first.json()["comment"]["id"]


async def test_the_key_of_a_refused_post_is_not_stored(site: ASite) -> None:
    thread = await a_thread(site, closed=True)
    assert (await thread.post(key=KEY)).status_code == 409
    await thread.reopen()
    assert (await thread.post(key=KEY)).status_code == 201


async def test_a_site_can_require_an_email(site: ASite) -> None:
    await site.set(require_email=True)
    thread = await a_thread(site)
    refused = await thread.post()
    assert (refused.status_code, refused.json()["pointer"]) == (422, "/author/email")
    assert (await thread.post(email="ada@example.com")).status_code == 201


async def test_with_comments_off_posts_are_refused_and_the_notice_says_so(site: ASite) -> None:
    thread = await a_thread(site, comments_on=False)
    refused = await thread.post()
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/comments-off")
    assert (await thread.read())["notice"] == "Comments are off."


async def test_an_embargoed_article_is_hidden_from_readers(site: ASite, the_clock: Clock) -> None:
    at = (the_clock.instant + timedelta(hours=1)).isoformat()
    thread = await a_thread(site, published_at=at, url="https://gazette.example/secret")
    by_url = "/threads?url=https://gazette.example/secret"
    for path in (thread.path, f"{thread.path}/comments", by_url):
        assert (await site.call("GET", path)).status_code == 404
        assert (await site.call("GET", path, by="host")).status_code == 200
    assert (await thread.post()).status_code == 404
    assert (await thread.post(by="host")).json()["type"] == "/problems/not-published-yet"
    counts = (await site.call("GET", "/counts", params={"article": thread.article})).json()["counts"]
    assert counts == [{"article": thread.article, "reply_count": 0, "label": "No replies", "state": None}]
    the_clock.move(hours=1)
    assert (await thread.post()).status_code == 201


async def test_the_author_token_identifies_the_reader_of_later_comments(site: ASite) -> None:
    thread = await a_thread(site)
    first = await a_comment(thread, "One.")
    second = await a_comment(thread, "Two.", by=first["author_token"])
    assert second["author_token"] == first["author_token"]
    assert (await a_comment(thread, "Three."))["author_token"] != first["author_token"]
