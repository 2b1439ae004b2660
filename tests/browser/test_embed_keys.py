"""Writing in the embed: keys, the length of a text, a website without a scheme, and what changes meanwhile."""

import re

import pytest
from playwright.async_api import Page, expect

from tests.browser.a_browser import Visits
from tests.browser.a_host_page import AHost, the_embed
from tests.browser.page_checks import barriers, photograph
from tests.builders import ASite, AThread, a_comment, a_thread, decide

pytestmark = pytest.mark.slow


async def show(visits: Visits, host: AHost, thread: AThread) -> Page:
    page = await visits.begin()
    async with page.expect_response("**/stream*"):
        await page.goto(host.write(the_embed(thread)))
    return page


async def test_ctrl_and_enter_post_and_a_bare_domain_gets_a_scheme(site: ASite, host: AHost, visits: Visits) -> None:
    thread = await a_thread(site)
    page = await show(visits, host, thread)
    await page.get_by_label("Name").fill("Ada")
    await page.get_by_label("Website").fill("ada.example/about")
    await page.get_by_label("Your reply").fill("By keys.")
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_text("Your reply is published.")).to_be_visible()
    assert [each["author"]["url"] for each in await thread.pages()] == ["https://ada.example/about"]


async def test_escape_closes_a_form_and_keeps_its_words(site: ASite, host: AHost, visits: Visits) -> None:
    thread = await a_thread(site)
    await a_comment(thread, "First.", name="Grace")
    page = await show(visits, host, thread)
    for link, field in (("Reply to Grace", "Your reply"), ("Report", "Anything to add? (optional)")):
        opens = page.locator("li .actions").get_by_role("link", name=link)
        typed = page.locator("li > form:visible").get_by_label(field)
        await opens.click()
        await typed.fill("Half a thought")
        await page.keyboard.press("Escape")
        await expect(typed).to_have_count(0)
        await expect(opens).to_be_focused()
        await opens.click()
        await expect(typed).to_have_value("Half a thought")
    await page.locator(".prompt a").click()
    await page.keyboard.type("To the article")
    await page.keyboard.press("Escape")
    await expect(page.locator(".prompt a")).to_be_focused()
    await expect(page.locator("section > form").get_by_label("Your reply")).to_have_value("To the article")


async def test_a_text_near_the_limit_is_counted_and_one_over_it_is_refused_whole(
    site: ASite, host: AHost, visits: Visits
) -> None:
    page = await show(visits, host, await a_thread(site))
    await page.get_by_label("Name").fill("Ada")
    words = page.get_by_label("Your reply")
    count = page.locator("section > form output")
    await words.fill("é" * 8_000)
    await expect(count).to_be_hidden()
    for length, shown in ((9_500, "9,500 / 10,000"), (10_001, "10,001 / 10,000")):
        await words.fill("é" * length)
        await expect(count).to_have_text(shown)
    await page.get_by_role("button", name="Post reply").click()
    await expect(words).to_have_accessible_description(re.compile("^At most 10,000 characters fit here."))
    await expect(words).to_have_value("é" * 10_001)


async def test_what_changes_is_shown_at_once_where_a_script_moved_the_focus(
    site: ASite, host: AHost, visits: Visits
) -> None:
    thread = await a_thread(site)
    posted = await a_comment(thread, "It is tru.")
    comment = posted["comment"]
    page = await show(visits, host, thread)
    await page.evaluate(f"location.hash = 'comment-{comment['id']}'")
    await expect(page.locator(f"#comment-{comment['id']} > article")).to_be_focused()
    path = f"/comments/{comment['id']}"
    await site.call("PATCH", path, by=posted["author_token"], json={"body": "It is true."})
    await expect(page.locator(f"#comment-{comment['id']}")).to_contain_text("It is true.")
    await expect(page.locator(f"#comment-{comment['id']} .edited")).to_have_text("edited")
    await decide(site, "reject", {"id": comment["id"], "revision": 2})
    await expect(page.locator(".comments > li")).to_have_count(0)
    await expect(page.locator(".heading")).to_contain_text("No replies on")


async def test_a_preview_is_shown_above_the_buttons_and_a_quotation_in_the_text(
    site: ASite, host: AHost, visits: Visits
) -> None:
    thread = await a_thread(site)
    await a_comment(thread, "One.\n\nTwo.", name="Grace")
    page = await show(visits, host, thread)
    await page.get_by_role("link", name="Reply to Grace").click()
    form = page.locator("li > form")
    await form.get_by_label("Your reply").fill("I *agree*.")
    await form.get_by_role("button", name="Quote").click()
    await expect(form.get_by_label("Your reply")).to_have_value("> One.\n> \n> Two.\n\nI *agree*.")
    await form.get_by_role("button", name="Preview").click()
    await expect(form.locator(".preview em")).to_have_text("agree")
    await expect(form.locator(".preview blockquote")).to_contain_text("Two.")
    assert len(await thread.pages()) == 1
    assert await barriers(page) == []
    await photograph(page, "embed-preview")
    await form.get_by_label("Your reply").fill(" ")
    await form.get_by_role("button", name="Preview").click()
    await expect(form.get_by_role("alert")).to_have_text("There must be something to read.")
    await expect(page.locator("section > form").get_by_role("button", name="Quote")).to_be_hidden()


async def test_all_forms_of_a_page_have_one_identity(site: ASite, host: AHost, visits: Visits) -> None:
    thread = await a_thread(site)
    await a_comment(thread, "First.", name="Grace")
    page = await show(visits, host, thread)
    await page.get_by_role("link", name="Reply to Grace").click()
    await page.locator("li > form").get_by_label("Name").fill("Ada")
    await page.locator("li > form").get_by_label("E-mail").fill("ada@gazette.example")
    article = page.locator("section > form")
    await expect(article.get_by_label("Name")).to_have_value("Ada")
    await expect(article.get_by_label("E-mail")).to_have_value("ada@gazette.example")
    await article.get_by_label("Name").fill("Ada B.")
    await expect(page.locator("li > form").get_by_label("Name")).to_have_value("Ada B.")
