"""What a reader missed is told first, and nothing twice; as it is now, not as it was then."""

import pytest

from service.reading.streams import catch_up
from tests.builders import ASite, a_comment, a_thread, decide
from tests.integrations.articles.articles import send_event, share_webhook_secret
from tests.integrations.imports import exports
from tests.integrations.imports.test_import_archive import import_file
from tests.reading.streams.listening import listening
from tests.reading.streams.test_streams import edit, end_of, names, take_back


async def test_who_has_a_page_hears_what_happened_since(site: ASite) -> None:
    thread = await a_thread(site)
    await a_comment(thread, "Seen.")
    page = await thread.page()
    await a_comment(thread, "Missed.")
    async with listening(thread, query=f"sequence={page['thread']['sequence']}") as listener:
        missed = await listener.catch_up()
        await a_comment(thread, "Live.")
        live = await listener.hear()
    assert [each.data["comment"]["html"] for each in (*missed, live)] == ["<p>Missed.</p>", "<p>Live.</p>"]


async def test_who_was_cut_off_hears_the_rest_by_the_last_id(site: ASite) -> None:
    thread, other = await a_thread(site), await a_thread(site)
    async with listening(thread) as listener:
        await a_comment(thread, "Heard.")
        heard = await listener.hear()
    for number in range(3):
        await a_comment(other)
        await a_comment(thread, f"Missed {number}.")
    # The id says more exactly what the client has than the page that it once loaded.
    async with listening(thread, query="sequence=0", last_event_id=heard.id) as again:
        missed = await again.catch_up()
    assert [each.data["comment"]["html"] for each in missed] == [f"<p>Missed {number}.</p>" for number in range(3)]


async def test_who_has_heard_nothing_yet_can_be_cut_off_as_well(site: ASite) -> None:
    thread = await a_thread(site)
    await a_comment(thread, "Before.")
    async with listening(thread) as listener:
        assert await listener.catch_up() == []
        position = listener.parser.last_id
    await a_comment(thread, "Missed.")
    async with listening(thread, last_event_id=position) as again:
        assert [each.data["comment"]["html"] for each in await again.catch_up()] == ["<p>Missed.</p>"]


async def test_who_says_nothing_hears_only_what_happens_from_now_on(site: ASite) -> None:
    thread = await a_thread(site)
    await a_comment(thread, "Before.")
    async with listening(thread) as listener:
        assert names(await listener.hear_until(await end_of(thread))) == ["thread.closed"]


async def test_many_pages_of_events_are_told_in_order(site: ASite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catch_up, "_SINCE", catch_up._SINCE.limit(2))
    thread = await a_thread(site)
    start = thread.registered["sequence"]
    for number in range(5):
        await a_comment(thread, f"{number}.")
    async with listening(thread, query=f"sequence={start}") as listener:
        missed = await listener.catch_up()
    assert [each.data["thread"]["reply_count"] for each in missed] == [1, 2, 3, 4, 5]


async def test_words_that_were_taken_back_are_not_sent_to_who_comes_after(site: ASite) -> None:
    thread = await a_thread(site)
    start = thread.registered["sequence"]
    posted = [await a_comment(thread, f"Regretted {number}.") for number in range(3)]
    await take_back(site, posted[0])
    await decide(site, "reject", posted[1]["comment"])
    await edit(site, posted[2], "Better.")
    async with listening(thread, query=f"sequence={start}") as listener:
        missed = await listener.catch_up()
    assert "Regretted" not in str(missed)
    assert names(missed) == ["comment.published", "comment.removed", "comment.removed", "comment.edited"]
    assert missed[0].data["comment"]["html"] == missed[-1].data["comment"]["html"] == "<p>Better.</p>"


async def test_after_an_article_is_back_the_stream_goes_on_where_it_ended(site: ASite) -> None:
    await share_webhook_secret(site)
    thread = await a_thread(site)
    posted = await a_comment(thread)
    async with listening(thread) as listener:
        await send_event(site, "withdrawn", thread.article)
        [gone] = await listener.hear_all()
    await decide(site, "reject", posted["comment"])
    await send_event(site, "restored", thread.article)
    async with listening(thread, last_event_id=gone.id) as again:
        missed = await again.catch_up()
    assert names(missed) == ["comment.removed", "thread.updated"]
    assert missed[0].data["comment"] == {"id": posted["comment"]["id"]}


async def test_who_missed_that_an_article_went_and_came_back_hears_that_it_went(site: ASite) -> None:
    await share_webhook_secret(site)
    thread = await a_thread(site)
    for kind in ("withdrawn", "restored"):
        await send_event(site, kind, thread.article)
    async with listening(thread, query=f"sequence={thread.registered['sequence']}") as listener:
        assert names(await listener.hear_all()) == ["thread.gone"]


async def test_who_missed_too_much_is_told_to_read_the_thread_anew(
    site: ASite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catch_up, "MAX_MISSED", 2)
    thread = await a_thread(site)
    start = thread.registered["sequence"]
    for number in range(3):
        await a_comment(thread, f"{number}.")
    async with listening(thread, query=f"sequence={start}") as listener:
        [anew] = await listener.catch_up()
        await a_comment(thread, "Live.")
        live = await listener.hear()
    assert (anew.event, anew.data["reload"], anew.data["thread"]["reply_count"]) == ("thread.updated", True, 3)
    assert live.data["comment"]["html"] == "<p>Live.</p>"
    async with listening(thread, last_event_id=anew.id) as again, listening(thread, last_event_id="1") as old:
        assert names(await again.catch_up()) == ["comment.published"]
        assert [heard.data["reload"] for heard in await old.catch_up()] == [True]


async def test_what_an_import_brings_in_is_to_be_read_anew(site: ASite) -> None:
    thread = await a_thread(site, article="1")
    async with listening(thread) as listener:
        await import_file(site, exports.an_export(exports.an_item(exports.a_comment())).read())
        heard = await listener.hear()
    assert (heard.event, heard.data["reload"], heard.data["thread"]["reply_count"]) == ("thread.updated", True, 1)


@pytest.mark.parametrize("last_id", ["soon", "-1", "1.5", "9" * 30])
async def test_an_id_that_was_never_sent_is_refused(site: ASite, last_id: str) -> None:
    thread = await a_thread(site)
    answer = await site.call("GET", f"{thread.path}/stream", headers={"Last-Event-ID": last_id})
    assert (answer.status_code, answer.json()["header"]) == (400, "Last-Event-ID")


async def test_who_claims_to_be_ahead_hears_what_happens_from_now_on(site: ASite) -> None:
    thread = await a_thread(site)
    async with listening(thread, query="sequence=9999") as one, listening(thread, last_event_id="9" * 18) as other:
        await a_comment(thread)
        assert [(await each.hear()).event for each in (one, other)] == ["comment.published"] * 2
