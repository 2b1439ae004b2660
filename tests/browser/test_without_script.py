"""Readers read and write on our own page in a browser that runs no script."""

from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import Locator, Page, expect

from tests.browser.a_browser import Visits
from tests.browser.page_checks import barriers, focused, photograph
from tests.builders import REFERENCE_TITLE, ASite, AThread, a_comment, a_thread, decide

pytestmark = pytest.mark.slow
Show = Callable[[AThread], Awaitable[Page]]


@pytest.fixture
def show(visits: Visits, origin: str) -> Show:
    """Shows the page of a thread to a reader whose browser runs no script."""

    async def show(thread: AThread) -> Page:
        page = await visits.begin(script=False)
        await page.goto(address(origin, thread))
        return page

    return show


def address(origin: str, thread: AThread) -> str:
    return f"{origin}/{thread.site.slug}/{thread.article}"


def comment(page: Page, words: str) -> Locator:
    """The comment with these words, without its answers."""
    return page.locator("li > article", has_text=words)


async def write(page: Page, body: str, *, name: str | None = None) -> None:
    """Fill in the form and send it."""
    if name is not None:
        await page.get_by_label("Name").fill(name)
    await page.get_by_label("Your reply").fill(body)
    await page.locator(".send button").first.click()


async def test_the_reference_thread_is_its_two_lines_and_one_reply(site: ASite, show: Show) -> None:
    thread = await a_thread(site, url="https://gazette.example/moscow")
    await a_comment(thread, "Dialogue is a *beginning*.", name="Irina")
    await thread.close()
    page = await show(thread)
    await expect(page.get_by_role("heading", level=1)).to_have_text(f"One reply on “{REFERENCE_TITLE}”")
    await expect(page.get_by_text("Comments are closed.")).to_be_visible()
    await expect(comment(page, "Irina").locator("em")).to_have_text("beginning")
    await expect(page.get_by_role("button")).to_have_count(0)
    await expect(page.get_by_role("link", name="Reply to Irina")).to_have_count(0)


async def test_readers_reply_to_each_other(site: ASite, show: Show, visits: Visits) -> None:
    thread = await a_thread(site)
    ada, grace = await show(thread), await show(thread)
    await write(ada, "Twelve minutes to the station.", name="Ada")
    await expect(ada.get_by_role("status")).to_have_text("Your reply is published.")
    await expect(ada.get_by_role("heading", level=1)).to_contain_text("One reply on")
    await grace.reload()
    await grace.get_by_role("link", name="Reply to Ada").click()
    await expect(grace.get_by_role("heading", name="Reply to Ada")).to_be_in_viewport()
    await expect(grace.get_by_label("Your reply")).to_be_focused()
    await write(grace, "And forty before.", name="Grace")
    await ada.reload()
    await ada.get_by_role("link", name="Reply to Grace").click()
    await expect(ada.get_by_label("Name")).to_have_value("Ada")  # as she signed last
    await write(ada, "Quite.")
    answers = [ada.locator(f"ol.comments {'> li > details > ol ' * depth}> li > article .author") for depth in range(3)]
    for name, answer in zip(("Ada", "Grace", "Ada"), answers, strict=True):
        await expect(answer).to_have_text(name)
    await expect(comment(ada, "Quite.")).to_be_in_viewport()


async def test_the_prompt_above_the_comments_leads_to_the_form_and_the_form_back(site: ASite, show: Show) -> None:
    thread = await a_thread(site)
    for number in range(60):
        await a_comment(thread, f"Number {number}.")
    page = await show(thread)
    await page.get_by_role("link", name="Write a reply").first.click()
    await expect(page.get_by_label("Your reply")).to_be_in_viewport()
    await page.get_by_role("link", name="Back to the replies").click()
    await expect(page.get_by_role("heading", level=1)).to_be_in_viewport()
    await write(page, "At the end.", name="Ada")
    await expect(comment(page, "At the end.")).to_be_in_viewport()
    await expect(page.get_by_role("status")).to_have_text("Your reply is published.")
    await expect(page.get_by_role("status")).to_be_in_viewport()
    await expect(page.locator("li:has(> article:has-text('At the end.')) > .message")).to_have_count(1)


async def test_a_preview_shows_the_text_and_keeps_what_was_typed(site: ASite, show: Show) -> None:
    thread = await a_thread(site)
    page = await show(thread)
    await page.get_by_label("Name").fill("Ada")
    await page.get_by_label("Your reply").fill("I *agree*.")
    await page.get_by_role("button", name="Preview").click()
    await expect(page.locator(".preview em")).to_have_text("agree")
    assert await thread.pages() == []
    await expect(page.get_by_label("Name")).to_have_value("Ada")
    await page.get_by_role("button", name="Post reply").click()
    await expect(comment(page, "I agree.")).to_be_visible()


async def test_a_held_reply_is_marked_as_held_only_for_its_author(site: ASite, show: Show) -> None:
    thread = await a_thread(site, mode="hold")
    page = await show(thread)
    await write(page, "Patience.", name="Ada")
    await expect(page.get_by_role("status")).to_have_text("Your reply waits for a moderator.")
    await page.goto(page.url.partition("?")[0])
    await expect(comment(page, "Patience.")).to_contain_text("Only you see this yet.")
    await expect(page.get_by_role("heading", level=1)).to_contain_text("No replies on")
    other = await show(thread)
    await expect(comment(other, "Patience.")).to_have_count(0)


async def test_an_author_edits_and_deletes_a_comment(site: ASite, show: Show) -> None:
    page = await show(await a_thread(site))
    await write(page, "It is tru.", name="Ada")
    await page.get_by_role("link", name="Edit").click()
    await expect(page.get_by_label("Your reply")).to_be_focused()
    await write(page, "It is true.")
    await expect(page.get_by_role("status")).to_have_text("Your changes are saved.")
    await expect(comment(page, "It is true.")).to_contain_text("edited")
    await page.get_by_role("link", name="Delete").click()
    await page.get_by_role("link", name="Cancel").click()
    await page.get_by_role("link", name="Delete").click()
    await expect(page.get_by_role("heading", name="Delete your comment for good?")).to_be_in_viewport()
    await page.get_by_role("button", name="Delete").click()
    await expect(page.get_by_role("status")).to_have_text("Your comment is deleted.")
    await expect(page.get_by_role("heading", level=1)).to_contain_text("No replies on")


async def test_a_reader_reports_a_comment(site: ASite, show: Show) -> None:
    thread = await a_thread(site)
    posted = (await a_comment(thread, "Buy this!"))["comment"]
    page = await show(thread)
    await page.get_by_role("link", name="Report").click()
    await page.get_by_label("It is spam or advertising").check()
    await page.get_by_label("Anything to add?").fill("The third today.")
    await page.get_by_role("button", name="Send report").click()
    await expect(page.get_by_role("status")).to_have_text("Thank you. A moderator will look at it.")
    told = (await site.call("GET", f"/comments/{posted['id']}/reports", by="moderator")).json()
    assert [(each["reason"], each["note"]) for each in told["reports"]] == [("spam", "The third today.")]


async def test_errors_are_shown_at_their_fields_and_no_text_is_lost(site: ASite, show: Show) -> None:
    thread = await a_thread(site)
    page = await show(thread)
    typed = {"Name": "Ada", "E-mail": "ada@gazette.example", "Website": "mailto:ada@gazette.example"}
    for label, value in typed.items():
        await page.get_by_label(label).fill(value)
    await write(page, "Two lines\n\nand <more>.")
    website = page.get_by_label("Website")
    await expect(website).to_be_focused()
    await expect(website).to_have_accessible_description(
        "This must be a whole web address that begins with http:// or https://, of at most 2,000 bytes."
    )
    for label, value in typed.items():
        await expect(page.get_by_label(label)).to_have_value(value)
    await expect(page.get_by_label("Your reply")).to_have_value("Two lines\n\nand <more>.")
    await website.fill("https://ada.example")
    await page.get_by_role("button").first.click()
    await expect(comment(page, "and <more>.").get_by_role("link", name="Ada", exact=True)).to_have_attribute(
        "href", "https://ada.example"
    )


async def test_a_thread_that_closes_during_typing_returns_the_text(site: ASite, show: Show) -> None:
    thread = await a_thread(site)
    page = await show(thread)
    await thread.close()
    await write(page, "A long\nanswer.", name="Ada")
    await expect(page.get_by_role("alert")).to_have_text(
        "Comments have just been closed. What you wrote is still here."
    )
    await expect(page.get_by_label("Your reply")).to_have_value("A long\nanswer.")
    await expect(page.get_by_label("Your reply")).to_have_attribute("readonly", "")
    await expect(page.get_by_role("button")).to_have_count(0)


async def test_a_reply_to_a_removed_comment_may_become_a_comment_on_the_article(site: ASite, show: Show) -> None:
    thread = await a_thread(site)
    first = (await a_comment(thread, "First.", name="Grace"))["comment"]
    page = await show(thread)
    await page.get_by_role("link", name="Reply to Grace").click()
    await decide(site, "reject", first)
    await write(page, "My answer.", name="Ada")
    await expect(page.get_by_role("alert")).to_have_text("The comment you are answering is no longer there.")
    await page.get_by_role("button").first.click()
    await expect(comment(page, "My answer.")).to_be_visible()


async def test_a_long_thread_can_be_paged_in_both_orders(site: ASite, show: Show) -> None:
    thread = await a_thread(site)
    for number in range(60):
        await a_comment(thread, f"Number {number}.")
    page = await show(thread)
    await expect(comment(page, "Number")).to_have_count(50)
    await page.get_by_role("link", name="More replies").click()
    await expect(comment(page, "Number")).to_have_count(10)
    await page.get_by_role("link", name="Earlier replies (50)").click()
    await expect(comment(page, "Number 0.")).to_be_visible()
    await page.get_by_role("link", name="Newest first").click()
    await expect(comment(page, "Number").first).to_contain_text("Number 59.")


async def test_a_link_to_a_comment_leads_to_its_page_and_to_it(
    site: ASite, show: Show, visits: Visits, origin: str
) -> None:
    thread = await a_thread(site)
    posted = [(await a_comment(thread, f"Number {number}."))["comment"]["id"] for number in range(60)]
    page = await visits.begin(script=False)
    await page.goto(f"{origin}/{site.slug}/comments/{posted[50]}")
    await expect(comment(page, "Number 50.")).to_be_in_viewport()
    await comment(page, "Number 59.").locator(".time").click()
    await expect(comment(page, "Number 59.")).to_be_in_viewport()


async def test_a_form_from_another_site_is_reviewed_first(site: ASite, visits: Visits, origin: str) -> None:
    thread = await a_thread(site)
    page = await visits.begin(script=False)
    fields = '<input name="name" value="Ada"><input name="body" value="Not mine.">'
    form = f'<form method="post" action="{address(origin, thread)}/comments">{fields}<button>Win!</button></form>'
    await page.set_content(form)
    await page.get_by_role("button").first.click()
    await expect(page.get_by_role("status")).to_have_text("Please look over what you wrote, then send it.")
    assert await thread.pages() == []
    assert await focused(page) is None


async def test_a_reply_quotes_its_parent_below_what_was_typed(site: ASite, show: Show) -> None:
    thread = await a_thread(site)
    await a_comment(thread, "Twelve minutes,\nat *most*.\n\nOr more & more.", name="Grace")
    page = await show(thread)
    await page.get_by_role("link", name="Reply to Grace").click()
    await page.get_by_label("Name").fill("Ada")
    await page.get_by_label("Your reply").fill("Forty!")
    await page.get_by_role("button", name="Quote").click()
    text = page.get_by_label("Your reply")
    await expect(text).to_have_value("> Twelve minutes,\n> at most.\n>\n> Or more & more.\n\nForty!")
    await expect(text).to_be_focused()
    await photograph(page, "page-quote")
    await expect(page.get_by_label("Name")).to_have_value("Ada")
    await page.get_by_role("button", name="Post reply").click()
    await expect(comment(page, "Forty!").locator("blockquote p")).to_have_count(2)


async def test_the_order_is_carried_on_through_forms(site: ASite, show: Show) -> None:
    thread = await a_thread(site)
    for name in ("Ada", "Grace"):
        await a_comment(thread, f"By {name}.", name=name)
    page = await show(thread)
    await page.get_by_role("link", name="Newest first").click()
    await page.get_by_role("link", name="Reply to Ada").click()
    await expect(page.locator(".author").first).to_have_text("Grace")
    await page.get_by_role("link", name="Cancel").click()
    await expect(page.locator(".author").first).to_have_text("Grace")
    await page.get_by_role("link", name="Reply to Ada").click()
    await write(page, " ", name="Bo")
    await expect(page.locator(".field-error")).to_be_visible()
    await expect(page.locator(".author").first).to_have_text("Grace")
    await write(page, "An answer.")
    await expect(page.get_by_role("status")).to_have_text("Your reply is published.")
    await expect(page.locator(".author")).to_have_text(["Grace", "Ada", "Bo"])


async def test_another_person_can_write(site: ASite, show: Show) -> None:
    thread = await a_thread(site, mode="hold")
    page = await show(thread)
    await expect(page.get_by_role("button", name="Not you?")).to_have_count(0)
    await write(page, "Patience.", name="Ada")
    await page.goto(page.url.partition("?")[0])
    await expect(page.get_by_label("Name")).to_have_value("Ada")
    await page.get_by_label("Your reply").fill("Mine, not hers.")
    await photograph(page, "page-not-you")
    await page.get_by_role("button", name="Not you?").click()
    await expect(page.get_by_label("Name")).to_have_value("")
    await expect(page.get_by_label("Your reply")).to_have_value("Mine, not hers.")
    await expect(comment(page, "Patience.")).to_have_count(0)
    await page.get_by_label("Name").fill("Grace")
    await page.get_by_label("Website").press("Enter")
    await expect(comment(page, "Mine, not hers.")).to_contain_text("Only you see this yet.")
    await expect(comment(page, "Patience.")).to_have_count(0)


async def test_enter_in_a_field_sends_the_form_also_of_a_remembered_guest(site: ASite, show: Show) -> None:
    page = await show(await a_thread(site))
    await write(page, "First.", name="Ada")
    await page.get_by_label("Your reply").fill("Second.")
    await page.get_by_label("Name").press("Enter")
    await expect(comment(page, "Second.")).to_contain_text("Ada")


async def test_axe_finds_nothing_in_the_forms_of_a_remembered_guest(site: ASite, visits: Visits, origin: str) -> None:
    thread, page = await a_thread(site), await visits.begin()  # axe is a script
    await page.goto(address(origin, thread))
    await write(page, "First.", name="Ada")
    await expect(page.get_by_role("button", name="Not you?")).to_be_visible()
    assert await barriers(page) == []
    await page.get_by_role("link", name="Reply to Ada").click()
    await expect(page.get_by_role("button", name="Quote")).to_be_visible()
    assert await barriers(page) == []
