"""A moderator of one section sees only that section: its threads, log and readers."""

import pytest
from playwright.async_api import expect

from tests.browser.a_browser import Visits
from tests.browser.desk.a_desk import a_desk
from tests.browser.page_checks import overflowing, photograph
from tests.builders import ASite, a_comment, a_thread, decide, set_rules

pytestmark = pytest.mark.slow


async def test_a_moderator_of_a_section_sees_nothing_of_others(site: ASite, visits: Visits, origin: str) -> None:
    await set_rules(site, hold_words=["swindle"])
    articles = {}
    for section, name in (("sport", "Ada"), ("politics", "Grace")):
        thread = await a_thread(
            site, section=section, title=f"About {section}", url=f"https://gazette.example/{section}"
        )
        posted = await a_comment(thread, f"A {section} swindle.", name=name)
        await decide(site, "reject", posted["comment"], reason="abuse")
        await a_comment(thread, "Another swindle.", by=posted["author_token"])
        articles[section] = thread.article
    listed = (await site.call("GET", "/queue?state=any", by="moderator")).json()["comments"]
    [grace] = {each["reader_id"] for each in listed if each["comment"]["author"]["name"] == "Grace"}
    page = await a_desk(site, visits, origin, "threads", sections=("sport",), size=(360, 740))
    await expect(page.locator(".row .title")).to_have_text(["About sport"])
    for words in ("About", "https://gazette.example/politics", articles["politics"]):
        await page.get_by_role("searchbox").fill(words)
        await page.get_by_role("button", name="Apply").click()
        await expect(page.get_by_role("searchbox")).to_have_value(words)
        await expect(page.locator("main")).not_to_contain_text("About politics")
    await page.get_by_role("link", name="Log", exact=True).click()
    await expect(page.locator("tbody tr")).to_have_count(3)  # two held by a rule, one rejected
    await expect(page.locator("tbody")).not_to_contain_text(articles["politics"])
    await page.get_by_role("link", name="Readers").click()
    await page.get_by_role("searchbox").fill("swindle")
    await page.get_by_role("button", name="Search").click()
    await expect(page.locator(".row .title")).to_have_text(["Ada"])
    await photograph(page, "desk-section-readers-phone")
    assert await overflowing(page) == []
    for path in (f"threads/{articles['politics']}", f"readers/{grace}"):
        answer = await page.goto(f"{origin}/desk/{site.slug}/{path}")
        assert answer
        assert answer.status == 404
        await expect(page.locator("main")).not_to_contain_text("politics")
    await photograph(page, "desk-section-not-found-phone")
    await page.get_by_role("link", name="Overview").click()
    overview = page.locator("nav [aria-current]")
    await expect(overview).to_have_text("Overview")
    await expect(overview).to_be_in_viewport(ratio=0.9)
    await expect(page.locator("main")).not_to_contain_text("About politics")
    await photograph(page, "desk-section-overview-phone")
