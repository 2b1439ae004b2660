"""Changes of a thread that readers get live."""

from datetime import timedelta

from service.platform import clock
from tests.builders import ASite, AThread, Json, a_comment, a_site, a_thread, decide
from tests.integrations.articles.articles import send_event, share_webhook_secret
from tests.reading.streams.stream_client import StreamMessage, open_stream


def names(received: list[StreamMessage]) -> list[str]:
    return [each.event for each in received]


async def edit(site: ASite, posted: Json, body: str) -> None:
    path = f"/comments/{posted['comment']['id']}"
    response = await site.call("PATCH", path, by=posted["author_token"], json={"body": body})
    assert response.status_code == 200, response.text


async def delete(site: ASite, posted: Json) -> None:
    path = f"/comments/{posted['comment']['id']}"
    assert (await site.call("DELETE", path, by=posted["author_token"])).status_code == 204


async def report(site: ASite, posted: Json) -> None:
    response = await site.call("POST", f"/comments/{posted['comment']['id']}/reports", json={"reason": "spam"})
    assert response.status_code in {201, 202, 204}, response.text


async def end_of(thread: AThread) -> int:
    """Close the thread and return its sequence: the last event, after which no other is pending."""
    sequence: int = (await thread.close()).json()["sequence"]
    return sequence


async def test_a_reply_is_streamed_as_every_reader_sees_it(site: ASite) -> None:
    thread = await a_thread(site)
    async with open_stream(thread) as listener:
        posted = await a_comment(thread, "Trams at *last*.", email="ada@example.org")
        received = await listener.next_message()
    page = await thread.page()
    assert received.event == "comment.published"
    assert received.data["comment"] == page["comments"][0]
    assert received.data["comment"]["id"] == posted["comment"]["id"]
    assert received.data["thread"] == {name: page["thread"][name] for name in received.data["thread"]}
    assert set(received.data["thread"]) == {
        *("article", "state", "reply_count", "label", "heading", "notice", "closes_at", "close_reason", "sequence")
    }


async def test_an_edit_is_streamed_with_its_new_text(site: ASite) -> None:
    thread = await a_thread(site)
    posted = await a_comment(thread, "Trams at lats.")
    async with open_stream(thread) as listener:
        await edit(site, posted, "Trams at last.")
        received = await listener.next_message()
    assert (received.event, received.data["comment"]["html"]) == ("comment.edited", "<p>Trams at last.</p>")
    assert received.data["thread"]["reply_count"] == 1


async def test_a_featured_comment_is_streamed_with_its_badge(site: ASite) -> None:
    thread = await a_thread(site)
    posted = await a_comment(thread)
    async with open_stream(thread) as listener:
        [featured] = await decide(site, "feature", posted["comment"])
        shown = await listener.next_message()
        await decide(site, "unfeature", featured)
        hidden = await listener.next_message()
    assert (shown.event, shown.data["comment"]["featured"]) == ("comment.edited", True)
    assert (hidden.event, "featured" in hidden.data["comment"]) == ("comment.edited", False)


async def test_a_removed_comment_is_streamed_by_its_id_only(site: ASite) -> None:
    thread = await a_thread(site)
    posted = [await a_comment(thread, f"Words {number}.") for number in range(4)]
    async with open_stream(thread) as listener:
        for action, each in zip(("reject", "spam", "delete"), posted, strict=False):
            await decide(site, action, each["comment"])  # type: ignore[arg-type]  # they are actions
        await delete(site, posted[3])
        received = [await listener.next_message() for _ in posted]
    assert names(received) == ["comment.removed"] * 4
    assert [each.data["comment"] for each in received] == [{"id": each["comment"]["id"]} for each in posted]
    assert [each.data["thread"]["reply_count"] for each in received] == [3, 2, 1, 0]


async def test_a_restored_comment_is_streamed_as_published(site: ASite) -> None:
    thread = await a_thread(site)
    posted = await a_comment(thread)
    [gone] = await decide(site, "reject", posted["comment"])
    async with open_stream(thread) as listener:
        await decide(site, "restore", gone)
        received = await listener.next_message()
    assert (received.event, received.data["comment"]["state"]) == ("comment.published", "published")


async def test_closing_and_reopening_are_streamed_at_once(site: ASite) -> None:
    thread = await a_thread(site)
    async with open_stream(thread) as listener:
        await thread.close(reason="Late.")
        closed = await listener.next_message()
        await thread.reopen()
        reopened = await listener.next_message()
    assert (closed.event, reopened.event) == ("thread.closed", "thread.reopened")
    data = closed.data["thread"]
    assert (data["state"], data["notice"], data["close_reason"]) == (
        "closed",
        "Comments are closed.",
        "Late.",
    )
    assert (reopened.data["thread"]["state"], reopened.data["thread"]["notice"]) == ("open", None)


async def test_a_new_title_is_streamed(site: ASite) -> None:
    thread = await a_thread(site)
    async with open_stream(thread) as listener:
        await site.call("PUT", thread.path, by="host", json={"title": "Trams"})
        received = await listener.next_message()
    assert (received.event, received.data["thread"]["heading"]) == ("thread.updated", "No replies on “Trams”")
    assert "reload" not in received.data


async def test_comments_that_are_not_public_are_not_streamed(site: ASite) -> None:
    thread = await a_thread(site, mode="hold")
    async with open_stream(thread) as listener:
        held = [await a_comment(thread, f"Secret {number}.") for number in range(5)]
        await edit(site, held[0], "Secret still.")
        await delete(site, held[1])
        await decide(site, "reject", held[2]["comment"])
        await decide(site, "spam", held[3]["comment"])
        await decide(site, "delete", held[4]["comment"])
        received = await listener.read_until(await end_of(thread))
    assert names(received) == ["thread.closed"]
    assert "ecret" not in str(received)


async def test_a_report_is_not_streamed(site: ASite) -> None:
    thread = await a_thread(site)
    posted = await a_comment(thread)
    async with open_stream(thread) as listener:
        await report(site, posted)
        [kept] = await decide(site, "publish", posted["comment"])
        assert kept["state"] == "published"
        received = await listener.read_until(await end_of(thread))
    assert names(received) == ["thread.closed"]


async def test_labels_are_in_the_readers_language(site: ASite) -> None:
    thread = await a_thread(site)
    async with open_stream(thread) as english, open_stream(thread, accept_language="de-CH, de") as german:
        await a_comment(thread)
        labels = [(await each.next_message()).data["thread"]["label"] for each in (english, german)]
    assert labels == ["One reply", "Eine Antwort"]
    assert german.headers["content-language"] == "de"


async def test_the_stream_ends_when_its_article_is_withdrawn(site: ASite) -> None:
    await share_webhook_secret(site)
    thread = await a_thread(site)
    async with open_stream(thread) as listener:
        assert (await send_event(site, "withdrawn", thread.article)).status_code == 200
        received = await listener.read_to_end()
    assert [(each.event, each.data) for each in received] == [("thread.gone", {"article": thread.article})]
    async with open_stream(thread) as later:
        assert later.status == 404


async def test_the_stream_ends_when_its_article_is_put_under_embargo(site: ASite) -> None:
    thread = await a_thread(site)
    async with open_stream(thread) as listener:
        tomorrow = (clock.now() + timedelta(days=1)).isoformat()
        await site.call("PUT", thread.path, by="host", json={"published_at": tomorrow})
        assert names(await listener.read_to_end()) == ["thread.gone"]


async def test_a_moved_article_keeps_its_streams(site: ASite) -> None:
    await share_webhook_secret(site)
    thread = await a_thread(site)
    async with open_stream(thread) as listener:
        moved = f"{thread.article}-moved"
        assert (await send_event(site, "updated", moved, previous_article=thread.article)).status_code == 200
        received = await listener.next_message()
        assert (received.event, received.data["thread"]["article"]) == ("thread.updated", moved)
        await a_comment(AThread(site, moved))
        assert (await listener.next_message()).event == "comment.published"


async def test_only_events_of_the_thread_are_streamed(site: ASite) -> None:
    thread, other = await a_thread(site), await a_thread(site)
    async with a_site(site.app) as elsewhere:
        far = await a_thread(elsewhere, article=thread.article)
        async with open_stream(thread) as listener, open_stream(other), open_stream(far):
            for each in (other, far, thread):
                await a_comment(each, f"In {each.site.slug}/{each.article}.")
            received = await listener.read_until(await end_of(thread))
    assert names(received) == ["comment.published", "thread.closed"]
    assert received[0].data["comment"]["html"] == f"<p>In {site.slug}/{thread.article}.</p>"


async def test_a_stream_is_neither_cached_nor_buffered(site: ASite) -> None:
    thread = await a_thread(site)
    async with open_stream(thread, accept_encoding="gzip") as listener:
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
