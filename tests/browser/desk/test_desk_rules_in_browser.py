"""An editor tries and saves rules in a browser, without a script, on a phone, in the dark."""

import pytest
from playwright.async_api import expect

from tests.browser.a_browser import Visits
from tests.browser.desk.a_desk import a_desk
from tests.browser.page_checks import barriers, overflowing, photograph
from tests.builders import ASite, a_comment, a_thread, decide, set_rules

pytestmark = pytest.mark.slow


async def a_site_with_rules(site: ASite) -> None:
    rules = {"max_links": 2, "classifier": "hold", "honeypot": True, "shadow": ["max_capitals"]}
    await set_rules(site, hold_words=["swindle"], **rules)
    thread = await a_thread(site)
    posted = [(await a_comment(thread, f"A swindle and a crook, {number}."))["comment"] for number in range(3)]
    await a_comment(thread, "The crook of the matter.")
    await decide(site, "publish", posted[0])
    await decide(site, "reject", posted[1])


async def test_rules_are_tried_and_saved_without_a_script(site: ASite, visits: Visits, origin: str) -> None:
    await a_site_with_rules(site)
    page = await a_desk(site, visits, origin, "rules", script=False)
    await photograph(page, "desk-rules")
    await page.get_by_label("Hold comments that contain one of these words").fill("swindle\ncrook")
    await page.get_by_label("Hold comments with more characters than this").fill("900")
    await page.get_by_role("button", name="Try on the last").click()
    await expect(page.get_by_role("heading", name="Tried on comments")).to_be_visible()
    await expect(page.get_by_role("link", name="The crook of the matter.")).to_be_visible()
    await photograph(page, "desk-rules-tried")
    await page.get_by_label("Hold comments with more characters than this").fill("x")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("Write a whole number from 1 to 10,000.")).to_be_visible()
    await photograph(page, "desk-rules-wrong")
    await page.get_by_label("Hold comments with more characters than this").fill("900")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("Saved. The rules apply")).to_be_visible()
    rules = (await site.call("GET", "/rules", by="moderator")).json()
    assert (rules["hold_words"], rules["max_length"], rules["shadow"]) == (["swindle", "crook"], 900, ["max_capitals"])


@pytest.mark.parametrize(("scheme", "size"), [("light", (1100, 900)), ("dark", (360, 740))])
async def test_the_pages_of_rules_are_accessible(
    site: ASite, visits: Visits, origin: str, scheme: str, size: tuple[int, int]
) -> None:
    await a_site_with_rules(site)
    page = await a_desk(site, visits, origin, "rules", role="admin", scheme=scheme, size=size)
    for path in ("rules", "rules?list=hold_words", "rules?section=sport", "rules/agreement?rule=hold_words"):
        await page.goto(f"{origin}/desk/{site.slug}/{path}")
        assert await barriers(page) == []
        assert await overflowing(page) == []
        await photograph(page, f"desk-{path.partition('?')[2] or 'rules'}-{scheme}")
    await page.goto(f"{origin}/desk/{site.slug}/rules")
    for name, value in (("max_links", "x"), ("hold_words", "swindle")):
        await page.locator(f"[name={name}]").fill(value)
    await page.get_by_role("button", name="Try on the last").click()
    await expect(page.get_by_role("alert")).to_be_visible()
    assert await barriers(page) == []
    await page.locator("[name=max_links]").fill("0")
    await page.get_by_role("button", name="Try on the last").click()
    await expect(page.get_by_role("heading", name="Tried on comments")).to_be_visible()
    assert await barriers(page) == []
    assert await overflowing(page) == []
    await photograph(page, f"desk-rules-tried-{scheme}")
