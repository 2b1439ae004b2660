"""Live changes in the embed: shown at once, without moving what readers look at."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from playwright.async_api import Page, expect

from service.platform import clock
from tests.browser.a_browser import Visits
from tests.browser.a_host_page import ARTICLE, AHost, a_host, the_embed
from tests.browser.breakable_proxy import a_breakable_proxy
from tests.browser.page_checks import barriers, photograph
from tests.builders import REFERENCE_TITLE, ASite, AThread, a_comment, a_thread, decide

pytestmark = pytest.mark.slow
Show = Callable[[AThread], Awaitable[Page]]


@pytest.fixture
def show(host: AHost, visits: Visits) -> Show:
    """Shows a thread to a new reader, in a host's page; their browser listens by the time that they see it."""

    async def show(thread: AThread) -> Page:
        page = await visits.begin()
        async with page.expect_response("**/stream*"):
            await page.goto(host.write(ARTICLE, the_embed(thread)))
        return page

    return show


async def test_two_readers_see_each_others_replies_and_nothing_moves(site: ASite, show: Show) -> None:
    thread = await a_thread(site)
    for number in range(8):
        await a_comment(thread, f"Number {number}.")
    ada, grace = await show(thread), await show(thread)
    await ada.locator("li", has_text="Number 5.").scroll_into_view_if_needed()
    where = await ada.locator("li", has_text="Number 5.").bounding_box()
    form = grace.locator("section > form")
    await form.get_by_label("Name").fill("Grace")
    await form.get_by_label("Your reply").fill("Have you seen the timetable?")
    await form.get_by_role("button").first.click()
    news = ada.get_by_role("button", name="One new reply")
    await expect(news).to_be_in_viewport()
    await expect(ada.locator(".heading")).to_have_text(f"9 replies on “{REFERENCE_TITLE}”")
    await expect(ada.get_by_text("Have you seen the timetable?")).to_have_count(0)
    await a_comment(thread, "And another.")
    await expect(ada.get_by_role("button", name="2 new replies")).to_be_visible()
    assert await ada.locator("li", has_text="Number 5.").bounding_box() == where
    await photograph(ada, "embed-news")
    assert await barriers(ada) == []
    await ada.get_by_role("button", name="2 new replies").click()
    await expect(ada.locator("article", has_text="Have you seen the timetable?")).to_be_focused()
    await expect(ada.locator(".comments > li")).to_have_count(10)
    await expect(ada.locator(".new-replies button")).to_be_hidden()


async def test_the_live_heading_keeps_a_title_with_quotation_marks_apart(site: ASite, show: Show) -> None:
    thread = await a_thread(site, title="The end of “politics”")
    page = await show(thread)
    for heading in ("No replies on “The end of ‘politics’”", "One reply on “The end of ‘politics’”"):
        await expect(page.locator(".heading")).to_have_text(heading)
        await expect(page.locator(".heading bdi")).to_have_text("The end of ‘politics’")
        await a_comment(thread)


async def test_a_live_heading_is_complete_for_any_title(site: ASite, show: Show) -> None:
    thread = await a_thread(site, title="e")
    page = await show(thread)
    await a_comment(thread)
    await expect(page.locator(".heading")).to_have_text("One reply on “e”")


async def test_new_replies_are_inserted_below_their_parent(site: ASite, show: Show) -> None:
    thread = await a_thread(site)
    first = (await a_comment(thread, "First."))["comment"]
    await a_comment(thread, "Second.")
    page = await show(thread)
    answer = (await a_comment(thread, "An answer.", below=first["id"]))["comment"]
    await a_comment(thread, "An answer to that.", below=answer["id"])
    await page.get_by_role("button", name="2 new replies").click()
    await expect(page.locator("li article")).to_contain_text(["First.", "An answer.", "An answer to that.", "Second."])


async def test_changed_and_removed_comments_change_in_place(site: ASite, show: Show) -> None:
    thread = await a_thread(site)
    posted = await a_comment(thread, "It is tru.")
    other = (await a_comment(thread, "Buy!"))["comment"]
    page = await show(thread)
    path = f"/comments/{posted['comment']['id']}"
    await site.call("PATCH", path, by=posted["author_token"], json={"body": "It is true."})
    await expect(page.locator(f"#comment-{posted['comment']['id']}")).to_contain_text("It is true.")
    await decide(site, "reject", other)
    await expect(page.locator("li article")).to_have_count(1)
    await expect(page.locator(".heading")).to_contain_text("One reply on")


async def test_a_thread_that_closes_during_typing_says_so_and_keeps_the_text(site: ASite, show: Show) -> None:
    thread = await a_thread(site)
    await a_comment(thread, "First.", name="Grace")
    page = await show(thread)
    await page.get_by_label("Your reply").fill("A long answer.")
    await page.get_by_role("link", name="Reply to Grace").click()
    await thread.close(reason="It is late.")
    await expect(page.get_by_text("Comments are closed. It is late.")).to_be_visible()
    words = page.locator("section > form").get_by_label("Your reply")
    await expect(words).to_have_value("A long answer.")
    await expect(words).to_have_attribute("readonly", "")
    told = page.locator("section > form").get_by_text("Comments have just been closed. What you wrote is still here.")
    await expect(told).to_be_visible()
    await expect(page.get_by_role("heading", name="Write a reply")).to_have_count(0)
    await expect(page.get_by_role("button", name="Post reply")).to_have_count(0)
    await expect(page.get_by_role("link", name="Reply to Grace")).to_have_count(0)
    await expect(page.locator("li > form")).to_be_hidden()  # nothing was typed there
    await photograph(page, "embed-closed-while-typing")
    assert await barriers(page) == []
    await thread.reopen()
    await expect(page.locator("section > form").get_by_role("button", name="Post reply")).to_be_visible()
    await expect(words).not_to_have_attribute("readonly", "")
    await expect(words).to_have_value("A long answer.")


async def test_an_open_thread_says_when_it_closes_and_keeps_its_form(site: ASite, show: Show) -> None:
    closing = {"kind": "at", "at": (clock.now() + timedelta(days=2)).isoformat()}
    soon, later = await a_thread(site, closing=closing), await a_thread(site)
    for thread in (soon, later):
        page = await show(thread)
        await expect(page.locator("form.write textarea")).to_be_editable()
        if thread is later:
            await page.locator("form.write textarea").fill("Half a thought")
            await site.call("PUT", thread.path, by="host", json={"closing": closing})
        await expect(page.locator(".notice")).to_contain_text("Comments close on")
        await expect(page.locator("form.write textarea")).to_be_editable()
        await expect(page.locator(".error")).to_be_hidden()


async def test_a_held_reply_appears_to_all_once_it_is_published(site: ASite, show: Show) -> None:
    thread = await a_thread(site, mode="hold")
    ada, grace = await show(thread), await show(thread)
    form = ada.locator("section > form")
    await form.get_by_label("Name").fill("Ada")
    await form.get_by_label("Your reply").fill("Patience.")
    await form.get_by_role("button").first.click()
    await expect(ada.locator("article", has_text="Only you see this yet.")).to_be_visible()
    await ada.locator(".heading").focus()  # what the reader is in does not change
    [held] = (await site.call("GET", "/queue", by="moderator")).json()["comments"]
    await decide(site, "publish", held["comment"])
    await expect(ada.locator("article", has_text="Only you see this yet.")).to_have_count(0)
    await expect(ada.locator("article", has_text="Patience.")).to_be_visible()
    await expect(ada.get_by_role("button", name="One new reply")).to_have_count(0)
    await grace.get_by_role("button", name="One new reply").click()
    await expect(grace.locator("article", has_text="Patience.")).to_be_focused()


async def test_nothing_is_missed_or_repeated_when_the_connection_breaks(
    site: ASite, visits: Visits, origin: str
) -> None:
    async with a_breakable_proxy(origin) as line, a_host(line.origin) as host:
        await site.set(cors_origins=host.origin)
        visits.origins |= {line.origin, host.origin}
        thread, page = await a_thread(site), await visits.begin()
        async with page.expect_response("**/stream*"):
            await page.goto(host.write(the_embed(thread)))
        await a_comment(thread, "Heard.")
        await expect(page.get_by_role("button", name="One new reply")).to_be_visible()
        async with page.expect_event("requestfailed"):
            line.cut()
        await a_comment(thread, "While away.")
        async with page.expect_response("**/stream*", timeout=20_000) as connected:
            line.mend()
        assert "last-event-id" in (await connected.value).request.headers
        await page.get_by_role("button", name="2 new replies").click()
        await expect(page.locator("li article")).to_contain_text(["Heard.", "While away."])
        await expect(page.locator(".heading")).to_contain_text("2 replies on")


async def test_a_reply_form_shows_at_once_that_its_parent_was_removed(site: ASite, show: Show) -> None:
    thread = await a_thread(site)
    first = (await a_comment(thread, "First.", name="Grace"))["comment"]
    page = await show(thread)
    await page.get_by_role("link", name="Reply to Grace").click()
    form = page.locator("li > form")
    await form.get_by_label("Your reply").fill("My answer.")
    await decide(site, "reject", first)
    await expect(form.get_by_role("heading")).to_have_text("Write a reply")
    await expect(form.get_by_label("Your reply")).to_have_value("My answer.")
    await photograph(page, "embed-answered-is-gone")


async def test_a_page_in_the_background_holds_no_stream(site: ASite, show: Show) -> None:
    thread = await a_thread(site)
    page = await show(thread)
    async with page.expect_event("requestfailed", lambda request: "/stream" in request.url):
        await page.evaluate(VISIBILITY, True)
    await a_comment(thread)
    async with page.expect_response("**/stream*"):
        await page.evaluate(VISIBILITY, False)
    await expect(page.get_by_role("button", name="One new reply")).to_be_visible()


VISIBILITY = """(hidden) => {
  Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


async def test_many_threads_leave_connections_for_posts(site: ASite, host: AHost, visits: Visits) -> None:
    """Over HTTP/1.1 a browser has six connections to the service; only threads in sight or nearby hold one."""
    threads = [await a_thread(site) for _ in range(7)]
    page = await visits.begin()
    streams: list[str] = []
    page.on("request", lambda request: streams.append(request.url) if "/stream" in request.url else None)
    async with page.expect_response("**/stream*"):
        await page.goto(host.write(*(the_embed(thread) for thread in threads)))
    first = page.locator("comment-thread").first
    await first.get_by_label("Name").fill("Ada")
    await first.get_by_label("Your reply").fill("Is anybody there?")
    await first.get_by_role("button", name="Post reply").click()
    await expect(first.get_by_text("Your reply is published.")).to_be_visible()
    assert len(streams) < 6


async def test_a_withdrawn_thread_disappears_and_can_return(site: ASite, show: Show) -> None:
    thread = await a_thread(site)
    page = await show(thread)
    hidden = {"published_at": "2999-01-01T00:00:00Z"}
    await site.call("PUT", thread.path, by="host", json=hidden)
    await expect(page.get_by_text("The replies can’t be shown just now.")).to_be_visible()
    await site.call("PUT", thread.path, by="host", json={"published_at": None})
    await page.get_by_role("button", name="Try again").click()
    await expect(page.locator(".heading")).to_contain_text("No replies on")
