"""What readers hear of a thread while they look at it."""

from datetime import timedelta

from service.platform import clock
from tests.builders import ASite, AThread, Json, a_comment, a_site, a_thread, decide
from tests.integrations.articles.articles import send_event, share_webhook_secret
from tests.reading.streams.listening import Heard, listening


def names(heard: list[Heard]) -> list[str]:
    return [each.event for each in heard]


async def edit(site: ASite, posted: Json, body: str) -> None:
    path = f"/comments/{posted['comment']['id']}"
    response = await site.call("PATCH", path, by=posted["author_token"], json={"body": body})
    assert response.status_code == 200, response.text


async def take_back(site: ASite, posted: Json) -> None:
    path = f"/comments/{posted['comment']['id']}"
    assert (await site.call("DELETE", path, by=posted["author_token"])).status_code == 204


async def report(site: ASite, posted: Json) -> None:
    response = await site.call("POST", f"/comments/{posted['comment']['id']}/reports", json={"reason": "spam"})
    assert response.status_code in {201, 202, 204}, response.text


async def end_of(thread: AThread) -> int:
    """The sequence of a change that every reader hears of, so that nothing before it is still to come."""
    sequence: int = (await thread.close()).json()["sequence"]
    return sequence


async def test_a_reply_is_heard_as_every_reader_sees_it(site: ASite) -> None:
    thread = await a_thread(site)
    async with listening(thread) as listener:
        posted = await a_comment(thread, "Trams at *last*.", email="ada@example.org")
        heard = await listener.hear()
    page = await thread.page()
    assert heard.event == "comment.published"
    assert heard.data["comment"] == page["comments"][0]
    assert heard.data["comment"]["id"] == posted["comment"]["id"]
    assert heard.data["thread"] == {name: page["thread"][name] for name in heard.data["thread"]}
    assert set(heard.data["thread"]) == {
        *("article", "state", "reply_count", "label", "heading", "notice", "close_reason", "sequence")
    }


async def test_an_edit_is_heard_with_its_new_words(site: ASite) -> None:
    thread = await a_thread(site)
    posted = await a_comment(thread, "Trams at lats.")
    async with listening(thread) as listener:
        await edit(site, posted, "Trams at last.")
        heard = await listener.hear()
    assert (heard.event, heard.data["comment"]["html"]) == ("comment.edited", "<p>Trams at last.</p>")
    assert heard.data["thread"]["reply_count"] == 1


async def test_a_comment_that_leaves_public_view_is_told_by_its_id_alone(site: ASite) -> None:
    thread = await a_thread(site)
    posted = [await a_comment(thread, f"Words {number}.") for number in range(4)]
    async with listening(thread) as listener:
        for action, each in zip(("reject", "spam", "delete"), posted, strict=False):
            await decide(site, action, each["comment"])  # type: ignore[arg-type]  # they are actions
        await take_back(site, posted[3])
        heard = [await listener.hear() for _ in posted]
    assert names(heard) == ["comment.removed"] * 4
    assert [each.data["comment"] for each in heard] == [{"id": each["comment"]["id"]} for each in posted]
    assert [each.data["thread"]["reply_count"] for each in heard] == [3, 2, 1, 0]


async def test_a_comment_that_comes_back_is_published_to_its_readers(site: ASite) -> None:
    thread = await a_thread(site)
    posted = await a_comment(thread)
    [gone] = await decide(site, "reject", posted["comment"])
    async with listening(thread) as listener:
        await decide(site, "restore", gone)
        heard = await listener.hear()
    assert (heard.event, heard.data["comment"]["state"]) == ("comment.published", "published")


async def test_closing_and_reopening_are_heard_at_once(site: ASite) -> None:
    thread = await a_thread(site)
    async with listening(thread) as listener:
        await thread.close(reason="Late.")
        closed = await listener.hear()
        await thread.reopen()
        reopened = await listener.hear()
    assert (closed.event, reopened.event) == ("thread.closed", "thread.reopened")
    told = closed.data["thread"]
    assert (told["state"], told["notice"], told["close_reason"]) == ("closed", "Comments are closed.", "Late.")
    assert (reopened.data["thread"]["state"], reopened.data["thread"]["notice"]) == ("open", None)


async def test_another_title_is_heard(site: ASite) -> None:
    thread = await a_thread(site)
    async with listening(thread) as listener:
        await site.call("PUT", thread.path, by="host", json={"title": "Trams"})
        heard = await listener.hear()
    assert (heard.event, heard.data["thread"]["heading"]) == ("thread.updated", "No replies on “Trams”")
    assert "reload" not in heard.data


async def test_what_nobody_may_see_is_not_heard(site: ASite) -> None:
    thread = await a_thread(site, mode="hold")
    async with listening(thread) as listener:
        held = [await a_comment(thread, f"Secret {number}.") for number in range(5)]
        await edit(site, held[0], "Secret still.")
        await take_back(site, held[1])
        await decide(site, "reject", held[2]["comment"])
        await decide(site, "spam", held[3]["comment"])
        await decide(site, "delete", held[4]["comment"])
        heard = await listener.hear_until(await end_of(thread))
    assert names(heard) == ["thread.closed"]
    assert "ecret" not in str(heard)


async def test_that_somebody_reported_a_comment_is_not_heard(site: ASite) -> None:
    thread = await a_thread(site)
    posted = await a_comment(thread)
    async with listening(thread) as listener:
        await report(site, posted)
        [kept] = await decide(site, "publish", posted["comment"])
        assert kept["state"] == "published"
        heard = await listener.hear_until(await end_of(thread))
    assert names(heard) == ["thread.closed"]


async def test_what_is_told_is_in_the_readers_language(site: ASite) -> None:
    thread = await a_thread(site)
    async with listening(thread) as english, listening(thread, accept_language="de-CH, de") as german:
        await a_comment(thread)
        said = [(await each.hear()).data["thread"]["label"] for each in (english, german)]
    assert said == ["One reply", "Eine Antwort"]
    assert german.headers["content-language"] == "de"


async def test_the_stream_ends_when_its_article_is_withdrawn(site: ASite) -> None:
    await share_webhook_secret(site)
    thread = await a_thread(site)
    async with listening(thread) as listener:
        assert (await send_event(site, "withdrawn", thread.article)).status_code == 200
        heard = await listener.hear_all()
    assert [(each.event, each.data) for each in heard] == [("thread.gone", {"article": thread.article})]
    async with listening(thread) as later:
        assert later.status == 404


async def test_the_stream_ends_when_its_article_is_not_to_be_out_yet(site: ASite) -> None:
    thread = await a_thread(site)
    async with listening(thread) as listener:
        tomorrow = (clock.now() + timedelta(days=1)).isoformat()
        await site.call("PUT", thread.path, by="host", json={"published_at": tomorrow})
        assert names(await listener.hear_all()) == ["thread.gone"]


async def test_an_article_that_moves_takes_its_listeners_along(site: ASite) -> None:
    await share_webhook_secret(site)
    thread = await a_thread(site)
    async with listening(thread) as listener:
        moved = f"{thread.article}-moved"
        assert (await send_event(site, "updated", moved, previous_article=thread.article)).status_code == 200
        heard = await listener.hear()
        assert (heard.event, heard.data["thread"]["article"]) == ("thread.updated", moved)
        await a_comment(AThread(site, moved))
        assert (await listener.hear()).event == "comment.published"


async def test_only_the_threads_own_events_are_heard(site: ASite) -> None:
    thread, other = await a_thread(site), await a_thread(site)
    async with a_site(site.app) as elsewhere:
        far = await a_thread(elsewhere, article=thread.article)
        async with listening(thread) as listener, listening(other), listening(far):
            for each in (other, far, thread):
                await a_comment(each, f"In {each.site.slug}/{each.article}.")
            heard = await listener.hear_until(await end_of(thread))
    assert names(heard) == ["comment.published", "thread.closed"]
    assert heard[0].data["comment"]["html"] == f"<p>In {site.slug}/{thread.article}.</p>"


async def test_a_stream_is_kept_by_nobody_on_its_way(site: ASite) -> None:
    thread = await a_thread(site)
    async with listening(thread, accept_encoding="gzip") as listener:
        assert listener.status == 200
        assert listener.raw == b"retry: 2000\n\n"
    sent = listener.headers
    assert sent["content-type"] == "text/event-stream; charset=utf-8"
    assert (sent["cache-control"], sent["x-accel-buffering"]) == ("no-store", "no")
    assert "content-encoding" not in sent
    head = await site.call("HEAD", f"{thread.path}/stream")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"] == sent["content-type"]
    assert (await site.call("GET", "/threads/nowhere/stream")).status_code == 404
