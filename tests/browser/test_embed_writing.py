"""Writing in a host's page: replies are shown at once, removed if refused, never lost."""

import asyncio
import re
from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import Locator, Page, Route, expect

from tests.browser.a_browser import NARROW, Visits
from tests.browser.a_host_page import ARTICLE, AHost, events_of, the_embed
from tests.browser.page_checks import barriers, overflowing, photograph, tab_to
from tests.builders import ASite, AThread, a_comment, a_thread, decide
from tests.platform.access.a_host import SECRET, a_token, share_secret

pytestmark = pytest.mark.slow
POST = "**/comments"
Show = Callable[[AThread], Awaitable[Page]]


@pytest.fixture
def show(host: AHost, visits: Visits) -> Show:
    """Shows a thread to a new reader, in a host's page."""

    async def show(thread: AThread) -> Page:
        page = await visits.begin()
        await page.goto(host.write(ARTICLE, the_embed(thread)))
        await expect(page.locator(".heading")).to_be_visible()
        return page

    return show


def comment(page: Page, words: str) -> Locator:
    """The comment with these words, without its answers."""
    return page.locator("li > article", has_text=words)


async def write(page: Page, body: str, *, name: str | None = None, below: str | None = None) -> None:
    """Fill in the form, below a comment or below them all, and send it."""
    form = page.locator(f"li:has(> article:has-text('{below}')) > form" if below else "section > form")
    if name is not None:
        await form.get_by_label("Name").fill(name)
    await form.get_by_label("Your reply").fill(body)
    await form.get_by_role("button", name="Post reply").click()


async def test_a_reply_is_shown_at_once_and_published(site: ASite, show: Show) -> None:
    thread, let_go = await a_thread(site), asyncio.Event()
    page = await show(thread)

    async def hold(route: Route) -> None:
        await let_go.wait()
        await route.continue_()

    await page.route(POST, hold)
    await write(page, "By a *form*.", name="Ada")
    await expect(comment(page, "By a *form*.")).to_contain_text("Sending…")
    assert await thread.pages() == []
    await photograph(page, "embed-sending")
    let_go.set()
    await expect(page.get_by_text("Your reply is published.")).to_be_visible()
    await expect(comment(page, "By a form.").locator("em")).to_have_text("form")
    await expect(comment(page, "By a form.")).to_be_focused()
    await expect(page.locator(".heading")).to_contain_text("One reply on")
    await expect(page.locator(".comments > li")).to_have_count(1)
    assert [detail["state"] for detail in await events_of(page, "posted")] == ["published"]
    assert (await events_of(page, "count"))[-1] == {"reply_count": 1, "label": "One reply"}


async def test_readers_reply_to_each_other_and_are_remembered(site: ASite, show: Show) -> None:
    thread = await a_thread(site)
    await a_comment(thread, "Twelve minutes.", name="Grace")
    page = await show(thread)
    await page.get_by_role("link", name="Reply to Grace").click()
    await expect(page.get_by_role("heading", name="Reply to Grace")).to_be_visible()
    await write(page, "And forty before.", name="Ada", below="Twelve minutes.")
    await expect(page.get_by_text("Your reply is published.")).to_be_visible()
    await page.get_by_role("link", name="Reply to Ada").click()
    await write(page, "Quite.", below="And forty before.")
    await expect(comment(page, "Quite.")).to_be_focused()
    assert [each["depth"] for each in await thread.pages()] == [0, 1, 2]
    await page.reload()
    await expect(comment(page, "And forty before.").get_by_role("link", name="Edit")).to_be_visible()
    await expect(comment(page, "Twelve minutes.").get_by_role("link", name="Edit")).to_have_count(0)


async def test_a_held_reply_says_so_at_once_and_on_return(site: ASite, show: Show) -> None:
    thread = await a_thread(site, mode="hold")
    page = await show(thread)
    await write(page, "Patience.", name="Ada")
    await expect(page.get_by_text("Your reply waits for a moderator.")).to_be_visible()
    await page.reload()
    await expect(comment(page, "Patience.")).to_contain_text("Only you see this yet.")
    await expect(page.locator(".heading")).to_contain_text("No replies on")
    await expect(comment(await show(thread), "Patience.")).to_have_count(0)


async def test_authors_edit_and_delete_and_others_report(site: ASite, show: Show) -> None:
    thread = await a_thread(site)
    page = await show(thread)
    await write(page, "It is tru.", name="Ada")
    await page.get_by_role("link", name="Edit").click()
    form = page.locator("li > form")
    await expect(form.get_by_label("Your reply")).to_have_value("It is tru.")
    await form.get_by_label("Your reply").fill("It is true.")
    await form.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("Your changes are saved.")).to_be_visible()
    await expect(comment(page, "It is true.")).to_contain_text("edited")
    other = await show(thread)
    await other.get_by_role("link", name="Report").click()
    await other.get_by_label("It is spam or advertising").check()
    await other.get_by_role("button", name="Send report").click()
    await expect(other.get_by_text("Thank you. A moderator will look at it.")).to_be_visible()
    await page.get_by_role("link", name="Delete").click()
    await page.get_by_role("button", name="Delete").click()
    await expect(page.get_by_text("Your comment is deleted.")).to_be_visible()
    await expect(page.locator(".comments > li")).to_have_count(0)
    await expect(page.locator(".heading")).to_contain_text("No replies on")


async def test_a_refused_reply_is_removed_and_its_text_is_put_back(site: ASite, show: Show) -> None:
    thread = await a_thread(site)
    page = await show(thread)
    await page.get_by_label("Website").fill("mailto:ada@gazette.example")
    await write(page, "Well said.", name="Ada")
    website = page.get_by_label("Website")
    await expect(website).to_be_focused()
    await expect(website).to_have_accessible_description(re.compile("This must be a whole web address"))
    await expect(page.get_by_label("Your reply")).to_have_value("Well said.")
    await expect(page.locator(".comments > li")).to_have_count(0)
    await photograph(page, "embed-refused")
    await website.fill("")
    await page.get_by_role("button", name="Post reply").click()
    await expect(page.get_by_text("Your reply is published.")).to_be_visible()


async def test_offline_no_text_is_lost_and_no_reply_is_posted_twice(site: ASite, show: Show) -> None:
    thread = await a_thread(site)
    page = await show(thread)

    async def lose_the_answer(route: Route) -> None:
        await route.fetch()
        await route.abort()

    await page.route(POST, lose_the_answer)
    await write(page, "Once.", name="Ada")
    await expect(page.get_by_label("Your reply")).to_have_value("Once.")
    await expect(page.get_by_role("alert")).to_be_visible()
    await page.unroute(POST)
    await page.reload()
    await expect(page.get_by_label("Your reply")).to_have_value("Once.")
    await page.get_by_role("button", name="Post reply").click()
    await expect(page.get_by_text("Your reply is published.")).to_be_visible()
    assert [each["html"] for each in await thread.pages()] == ["<p>Once.</p>"]
    await expect(page.locator(".comments > li")).to_have_count(1)


@pytest.mark.parametrize("stage", ["no connection", "half an answer"])
async def test_a_reply_without_a_response_is_put_back_after_the_timeout(
    site: ASite, host: AHost, visits: Visits, stage: str
) -> None:
    thread, page = await a_thread(site), await visits.begin()
    # Nobody waits for them here.
    await page.add_init_script(
        """
        const timeout = AbortSignal.timeout.bind(AbortSignal), ask = fetch;
        AbortSignal.timeout = (time) => timeout(window.hurry && time === 20_000 ? 300 : time);
        window.half = (signal) => {
          const says = (body) => {
            body.enqueue(new Uint8Array([123]));
            signal.onabort = () => body.error(signal.reason);
          };
          return new Response(new ReadableStream({ start: says }), { status: 201 });
        };
        window.fetch = async (url, init) => window.hurry === "half an answer" ? half(init.signal) : ask(url, init);
        """
    )
    await page.goto(host.write(the_embed(thread)))
    await expect(page.locator(".heading")).to_be_visible()
    await page.route(POST, lambda _: None)
    await page.evaluate("(stage) => { window.hurry = stage }", stage)
    await write(page, "Is anybody there?", name="Ada")
    await expect(page.get_by_label("Your reply")).to_have_value("Is anybody there?")
    await expect(page.get_by_role("alert")).to_have_text(re.compile("What you wrote is still here"))
    await expect(page.locator(".comments > li")).to_have_count(0)


async def test_drafts_survive_a_reload_offline_and_a_closed_thread(site: ASite, show: Show) -> None:
    thread = await a_thread(site)
    await a_comment(thread, "Twelve minutes.", name="Grace")
    page = await show(thread)
    await page.locator("section > form").get_by_label("Your reply").fill("To the article.")
    await page.get_by_role("link", name="Reply to Grace").click()
    await page.locator("li > form").get_by_label("Your reply").fill("To Grace.")
    await page.reload()
    await expect(page.locator("section > form").get_by_label("Your reply")).to_have_value("To the article.")
    await expect(page.locator("li > form").get_by_label("Your reply")).to_have_value("To Grace.")
    await page.context.set_offline(True)
    await write(page, "To the article.", name="Ada")
    await expect(page.get_by_text("There is no connection.")).to_be_visible()
    await expect(page.locator("section > form").get_by_label("Your reply")).to_have_value("To the article.")
    await thread.close()
    await page.context.set_offline(False)
    await page.reload()
    await expect(page.get_by_text("Comments are closed.")).to_be_visible()
    await expect(page.get_by_text("What you wrote is kept on this device.")).to_be_visible()
    await expect(page.locator("textarea:visible")).to_have_value("To Grace.\n\nTo the article.")
    await expect(page.locator("textarea:visible")).to_have_attribute("readonly", "")


async def test_a_reply_to_a_removed_comment_may_become_a_comment_on_the_article(site: ASite, show: Show) -> None:
    thread = await a_thread(site)
    first = (await a_comment(thread, "First.", name="Grace"))["comment"]
    page = await show(thread)
    await page.route("**/stream*", lambda route: route.abort())
    await page.reload()
    await page.get_by_role("link", name="Reply to Grace").click()
    await decide(site, "reject", first)
    await write(page, "My answer.", name="Ada", below="First.")
    await expect(page.get_by_text("The comment you are answering is no longer there.")).to_be_visible()
    await page.locator("li > form").get_by_role("button", name="Post reply").click()
    await expect(page.get_by_text("Your reply is published.")).to_be_visible()
    assert [each["html"] for each in await thread.pages()] == ["<p>My answer.</p>"]


@pytest.mark.parametrize("way", ["attribute", "function"])
async def test_a_signed_in_reader_posts_without_a_name(site: ASite, host: AHost, visits: Visits, way: str) -> None:
    await share_secret(site, SECRET)
    thread, page, token = await a_thread(site), await visits.begin(), a_token(site.slug)
    if way == "attribute":
        await page.goto(host.write(the_embed(thread, token=token)))
    else:
        await page.goto(host.write(the_embed(thread)))
        await page.evaluate(f"document.querySelector('comment-thread').getToken = async () => '{token}'")
    await expect(page.get_by_text("You reply as Ada Byron.")).to_be_visible()
    await expect(page.get_by_label("Name")).to_have_count(0)
    await write(page, "Signed in.")
    await expect(comment(page, "Signed in.").locator(".author")).to_have_text("Ada Byron")
    await expect(comment(page, "Signed in.").get_by_role("link", name="Edit")).to_be_visible()


async def test_a_rejected_token_dispatches_an_event(site: ASite, host: AHost, visits: Visits) -> None:
    thread, page = await a_thread(site), await visits.begin()
    await page.goto(host.write(the_embed(thread, token="eyJ.of.nobody")))
    await expect(page.get_by_label("Name")).to_be_visible()
    assert await events_of(page, "token-rejected") == [None]


async def test_the_next_action_clears_earlier_messages(site: ASite, show: Show) -> None:
    thread = await a_thread(site)
    for number in range(3):
        await a_comment(thread, f"Number {number}.", name=f"Grace {number}")
    page = await show(thread)
    await comment(page, "Number 1.").get_by_role("link", name="Report").click()
    await page.get_by_label("It is spam or advertising").check()
    await page.get_by_role("button", name="Send report").click()
    reported = page.get_by_text("Thank you. A moderator will look at it.")
    await expect(reported).to_be_visible()
    await photograph(page, "embed-reported")
    article, below = await comment(page, "Number 1.").bounding_box(), await reported.bounding_box()
    assert article
    assert below
    assert below["y"] - (article["y"] + article["height"]) >= 8  # what marks the comment ends before
    await page.get_by_role("link", name="Reply to Grace 0").click()
    await expect(reported).to_have_count(0)
    await write(page, "My own.", name="Ada")
    published = page.get_by_text("Your reply is published.")
    await expect(published).to_be_visible()
    await page.get_by_role("link", name="Delete").click()
    await expect(page.get_by_role("heading", name="Delete your comment for good?")).to_be_visible()
    await expect(published).to_have_count(0)


async def test_closing_the_thread_clears_messages(site: ASite, show: Show) -> None:
    thread = await a_thread(site)
    page = await show(thread)
    await write(page, "The last one.", name="Ada")
    await expect(page.get_by_text("Your reply is published.")).to_be_visible()
    await thread.close()
    await expect(page.get_by_text("Comments are closed.")).to_be_visible()
    await expect(page.get_by_text("Your reply is published.")).to_have_count(0)


@pytest.mark.parametrize("lines", [1, 60])
async def test_the_top_of_a_new_comment_is_in_view(site: ASite, host: AHost, visits: Visits, lines: int) -> None:
    thread = await a_thread(site)
    await a_comment(thread)
    page = await visits.begin(size=(800, 700))
    await page.goto(host.write(ARTICLE, the_embed(thread)))
    await write(page, "A line.\n\n" * lines, name="Grace")
    await expect(page.get_by_text("Your reply is published.")).to_have_count(1)
    await expect(page.locator("article", has_text="A line.").locator(".author")).to_be_in_viewport(ratio=1)
    await photograph(page, f"embed-posted-{lines}")


async def test_the_top_of_a_new_reply_is_in_view(site: ASite, host: AHost, visits: Visits) -> None:
    thread = await a_thread(site)
    for number in range(6):
        await a_comment(thread, f"Number {number}.", name=f"Grace {number}")
    page = await visits.begin(size=(800, 700))
    await page.goto(host.write(ARTICLE, the_embed(thread)))
    await page.add_style_tag(url="/unanchored.css")
    await page.get_by_role("link", name="Reply to Grace 2").click()
    await write(page, "An answer.", name="Ada", below="Number 2.")
    await expect(page.get_by_text("Your reply is published.")).to_have_count(1)
    assert (
        await comment(page, "An answer.").locator(".author").evaluate("(each) => each.getBoundingClientRect().top") >= 8
    )
    await photograph(page, "embed-answered")


async def test_a_narrow_window_works_by_keyboard(site: ASite, host: AHost, visits: Visits) -> None:
    thread = await a_thread(site)
    await a_comment(thread, "Twelve minutes.", name="Grace")
    page = await visits.begin(size=NARROW)
    await page.goto(host.write(the_embed(thread)))
    await expect(page.locator(".heading")).to_be_visible()
    await tab_to(page, "Reply to Grace")
    await page.keyboard.press("Enter")
    reply = page.locator("li > form").get_by_label("Your reply")
    await expect(reply).to_be_focused()
    await page.keyboard.type("And forty before.")
    for _ in range(3):
        await page.keyboard.press("Shift+Tab")
    await page.keyboard.type("Ada")
    assert await overflowing(page) == []
    await photograph(page, "embed-reply-narrow")
    await tab_to(page, "Post reply")
    await page.keyboard.press("Enter")
    await expect(comment(page, "And forty before.")).to_be_focused()
    await tab_to(page, "Edit your comment")
    await page.keyboard.press("Enter")
    await expect(reply).to_have_value("And forty before.")
    await tab_to(page, "Cancel")
    await page.keyboard.press("Enter")
    await expect(comment(page, "And forty before.").get_by_role("link", name="Edit")).to_be_focused()


async def test_another_person_can_write(site: ASite, show: Show) -> None:
    thread = await a_thread(site, mode="hold")
    page = await show(thread)
    forget = page.get_by_role("button", name="Not you?")
    await expect(forget).to_have_count(0)
    await write(page, "Patience.", name="Ada")
    await expect(page.locator(".held:not(.sending)")).to_be_visible()
    await page.reload()
    await page.get_by_label("Your reply").fill("Mine, not hers.")
    await photograph(page, "embed-not-you")
    assert await barriers(page) == []
    await forget.click()
    await expect(comment(page, "Patience.")).to_have_count(0)
    await expect(forget).to_have_count(0)
    name = page.get_by_label("Name")
    await expect(name).to_have_value("")
    await expect(name).to_be_focused()
    await expect(page.get_by_label("Your reply")).to_have_value("Mine, not hers.")
    stored = await page.evaluate("JSON.stringify({ ...localStorage })")
    assert "Ada" not in stored
    await name.fill("Grace")
    await name.press("Enter")
    await expect(page.locator(".held:not(.sending)")).to_contain_text("Mine, not hers.")
    await expect(page.locator(".held")).to_have_count(1)


async def test_enter_in_a_field_sends_the_form_also_of_a_remembered_guest(site: ASite, show: Show) -> None:
    page = await show(await a_thread(site))
    await page.get_by_label("Name").fill("Ada")
    await page.reload()
    await expect(page.get_by_role("button", name="Not you?")).to_be_visible()
    await page.get_by_label("Your reply").fill("Second.")
    await page.get_by_label("Name").press("Enter")
    await expect(comment(page, "Second.")).to_contain_text("Ada")
    await expect(page.get_by_role("button", name="Post reply")).to_be_visible()
