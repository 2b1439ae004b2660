"""A long thread in a host's page: what the reader folds, unfolds and chooses stays."""

import pytest
from playwright.async_api import expect

from tests.browser.a_browser import Visits
from tests.browser.a_host_page import AHost, the_embed
from tests.browser.page_checks import barriers, photograph
from tests.builders import ASite, a_comment, a_thread, decide
from tests.reading.pages.test_answered import a_chain

pytestmark = pytest.mark.slow


async def test_a_folded_conversation_stays_folded_until_a_link_leads_into_it(
    site: ASite, host: AHost, visits: Visits
) -> None:
    thread = await a_thread(site)
    ids = await a_chain(thread, 3)
    page = await visits.begin()
    url = host.write(the_embed(thread))
    async with page.expect_response("**/stream*"):
        await page.goto(url)
    await page.get_by_text("3 replies", exact=True).click()
    await expect(page.get_by_text("Step 1.")).to_be_hidden()
    await a_comment(thread, "A second one.", below=ids[0])
    await page.get_by_role("button", name="One new reply").click()
    await expect(page.get_by_text("A second one.")).to_be_visible()
    await page.get_by_text("4 replies", exact=True).click()
    await page.wait_for_function(
        "Object.entries(localStorage).some(([name, ids]) => /:folds:/.test(name) && ids !== '[]')"
    )
    await page.reload()
    await expect(page.get_by_text("4 replies", exact=True)).to_be_visible()
    await expect(page.get_by_text("Step 1.")).to_be_hidden()
    await expect(page.get_by_text("Step 0.")).to_be_visible()
    await photograph(page, "embed-folded")
    assert await barriers(page) == []
    await page.evaluate(f"location.hash = 'comment-{ids[3]}'")
    await expect(page.locator(f"#comment-{ids[3]} > article")).to_be_focused()
    await decide(site, "reject", {"id": ids[3], "revision": 1})
    await expect(page.get_by_text("3 replies", exact=True)).to_be_visible()


async def test_the_first_reply_to_a_comment_makes_a_conversation(site: ASite, host: AHost, visits: Visits) -> None:
    thread = await a_thread(site)
    ids = await a_chain(thread, 0)
    page = await visits.begin()
    async with page.expect_response("**/stream*"):
        await page.goto(host.write(the_embed(thread)))
    reply = (await a_comment(thread, "First.", below=ids[0]))["comment"]
    await page.get_by_role("button", name="One new reply").click()
    await expect(page.locator("summary")).to_have_text("One reply")
    await page.locator(".heading").focus()
    await decide(site, "reject", reply)
    await expect(page.locator("summary")).to_have_count(0)


async def test_the_order_is_kept_when_the_page_is_loaded_again(site: ASite, host: AHost, visits: Visits) -> None:
    thread = await a_thread(site)
    ids = [(await a_comment(thread, f"Number {number}."))["comment"]["id"] for number in range(3)]
    await decide(site, "feature", {"id": ids[1], "revision": 1})
    page = await visits.begin()
    async with page.expect_response("**/stream*"):
        await page.goto(host.write(the_embed(thread)))
    shown = page.locator(".comments > li .body")
    for order, numbers in (("Newest first", (2, 1, 0)), ("Editors’ picks (1)", (1,)), ("Oldest first", (0, 1, 2))):
        await page.get_by_role("link", name=order).click()
        await expect(page.locator(".order b")).to_have_text(order)
        await page.reload()
        await expect(page.locator(".order b")).to_have_text(order)
        await expect(shown).to_have_text([f"Number {number}." for number in numbers])
    await page.get_by_role("link", name="Editors’ picks (1)").click()
    await a_comment(thread, "New.")
    await page.get_by_role("button", name="One new reply").click()
    await expect(page.locator(".comments > li")).to_have_count(4)


async def test_a_very_long_comment_is_unfolded_by_mouse_and_keyboard(site: ASite, host: AHost, visits: Visits) -> None:
    thread = await a_thread(site)
    await a_comment(thread, "Many words. " * 400)
    page = await visits.begin()
    await page.goto(host.write(the_embed(thread)))
    body = page.locator(".comments .body")
    box = page.get_by_role("checkbox", name="Read more")
    assert await body.evaluate("(each) => each.scrollHeight > each.clientHeight + 100")
    await photograph(page, "embed-long-comment")
    assert await barriers(page) == []
    await box.focus()
    await page.keyboard.press("Space")
    assert await body.evaluate("(each) => each.scrollHeight === each.clientHeight")
    await page.reload()
    await page.get_by_text("Read more").click()
    assert await body.evaluate("(each) => each.scrollHeight === each.clientHeight")


async def test_the_parent_of_any_comment_of_500_is_one_action_away(site: ASite, host: AHost, visits: Visits) -> None:
    thread = await a_thread(site)
    await site.set(max_depth=6, cors_origins=host.origin)
    ids: list[str] = []
    parents: dict[str, str] = {}
    for number in range(500):
        above = ids[number * 7 // 11] if number % 5 else None
        ids.append((await a_comment(thread, f"Number {number}.", name=f"N{number}", below=above))["comment"]["id"])
        if above:
            parents[ids[-1]] = above
    page = await visits.begin()
    url = host.write(the_embed(thread))
    for reply in list(parents)[7::57]:
        parent = parents[reply]
        await page.goto("about:blank")
        await page.goto(f"{url}#comment-{reply}")
        await expect(page.locator(f"#comment-{reply} > article")).to_be_focused()
        link = page.locator(f"#comment-{reply} > article .answered")
        if await link.is_visible():
            await link.click()
            await expect(page.locator(f"#comment-{parent} > article")).to_be_focused()
        else:  # it is the element right above
            above = await page.locator(f"#comment-{reply}").evaluate("(li) => li.parentElement.closest('li').id")
            assert above.endswith(parent)
    await photograph(page, "embed-500")


async def test_the_prompt_opens_the_form_and_the_message_is_at_the_new_reply(
    site: ASite, host: AHost, visits: Visits
) -> None:
    thread = await a_thread(site)
    for number in range(60):
        await a_comment(thread, f"Number {number}.")
    page = await visits.begin()
    await page.goto(host.write(the_embed(thread)))
    form, prompt = page.locator("section > form"), page.locator(".prompt a")
    await photograph(page, "embed-prompt")
    await prompt.click()
    await expect(form.get_by_label("Your reply")).to_be_focused()
    await expect(form).to_be_in_viewport()
    await expect(prompt).to_be_hidden()
    assert await form.evaluate("(form) => form.previousElementSibling.className") == "prompt"
    assert await barriers(page) == []
    await photograph(page, "embed-prompt-opened")
    await form.get_by_label("Name").fill("Ada")
    await form.get_by_label("Your reply").fill("From the top.")
    await form.get_by_role("button", name="Post reply").click()
    new = page.locator("li:has(> article:has-text('From the top.'))")
    await expect(new.locator("> article")).to_be_focused()
    await expect(new.locator("> .message")).to_have_text("Your reply is published.")
    await expect(new.locator("> .message")).to_be_in_viewport()
    await expect(prompt).to_be_visible()
    assert await form.evaluate("(form) => form.nextElementSibling") is None


async def test_from_the_form_the_reader_returns_to_where_they_were(site: ASite, host: AHost, visits: Visits) -> None:
    thread = await a_thread(site)
    ids = [(await a_comment(thread, f"Number {number}."))["comment"]["id"] for number in range(40)]
    page = await visits.begin(size=(360, 640))
    await page.goto(host.write(the_embed(thread)))
    await page.locator(f"#comment-{ids[20]}").scroll_into_view_if_needed()
    await expect(page.locator(".jump a")).to_be_in_viewport()
    await photograph(page, "embed-jump")
    await page.locator(".jump a").click()
    await expect(page.get_by_label("Your reply")).to_be_focused()
    await page.get_by_role("link", name="Back to the replies").click()
    where = await page.locator("article:focus").evaluate("(article) => article.parentElement.id.slice(8)")
    assert abs(ids.index(where) - 20) < 6
    await expect(page.locator("article:focus")).to_be_in_viewport()


async def test_after_a_deletion_the_count_and_the_list_agree(site: ASite, host: AHost, visits: Visits) -> None:
    thread = await a_thread(site)
    page = await visits.begin()
    await page.goto(host.write(the_embed(thread)))
    await page.get_by_label("Name").fill("Ada")
    await page.get_by_label("Your reply").fill("For a moment.")
    await page.get_by_role("button", name="Post reply").click()
    await page.get_by_role("link", name="Delete").click()
    await page.get_by_role("button", name="Delete").click()
    await expect(page.locator(".heading + .message")).to_have_text("Your comment is deleted.")
    await expect(page.locator(".heading")).to_be_focused()
    await expect(page.locator(".heading")).to_contain_text("No replies on")
