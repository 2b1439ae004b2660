"""An admin changes settings, makes a key and adds a moderator in a browser, without a script, also on a phone."""

import pytest
from playwright.async_api import expect

from tests.browser.a_browser import Scheme, Visits
from tests.browser.desk.a_desk import a_desk
from tests.browser.page_checks import barriers, overflowing, photograph
from tests.builders import ASite

pytestmark = pytest.mark.slow

PATHS = (
    "settings",
    "settings/sections",
    "settings/sections?section=sport",
    "settings/moderators",
    "settings/keys",
    "settings/secrets",
)


async def test_an_admin_sets_up_a_site_without_a_script(site: ASite, visits: Visits, origin: str) -> None:
    page = await a_desk(site, visits, origin, "settings", role="admin", script=False)
    await page.get_by_label("Publish comments at once").select_option("hold")
    await page.get_by_label("The days after publication").fill("never")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("Write a whole number from 0 to 36,500.")).to_be_visible()
    await page.get_by_label("The days after publication").fill("14")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("status").filter(has_text="Saved.")).to_be_visible()
    await page.get_by_role("link", name="API keys").click()
    await page.get_by_role("button", name="Create a key").click()
    await expect(page.locator("code.secret")).to_contain_text("ork_")
    await photograph(page, "desk-key")
    await page.get_by_role("link", name="Moderators", exact=True).click()
    await page.get_by_label("Name").fill("Tom")
    await page.get_by_label("Only these sections").last.fill("sport\ncity")
    await page.get_by_role("button", name="Add a moderator").click()
    await expect(page.get_by_text("This is the password.")).to_be_visible()
    await page.locator("tr", has_text="Tom").locator("summary").click()
    await photograph(page, "desk-moderators-change")
    await page.locator("tr", has_text="Tom").get_by_role("button", name="Remove").click()
    await expect(page.get_by_role("status").filter(has_text="Saved.")).to_be_visible()
    settings = (await site.call("GET", "/settings", by="admin")).json()
    assert (settings["mode"], settings["close_after_days"]) == ("hold", 14)


@pytest.mark.parametrize(("scheme", "size"), [("light", (1100, 900)), ("dark", (360, 740))])
async def test_the_pages_of_settings_are_accessible(
    site: ASite, visits: Visits, origin: str, scheme: Scheme, size: tuple[int, int]
) -> None:
    page = await a_desk(site, visits, origin, "settings", role="admin", scheme=scheme, size=size)
    for path in PATHS:
        await page.goto(f"{origin}/desk/{site.slug}/{path}")
        assert await barriers(page) == [], path
        assert await overflowing(page) == [], path
        await photograph(page, f"desk-{path.replace('/', '-')}-{scheme}")
    await page.goto(f"{origin}/desk/{site.slug}/settings/secrets")
    await page.get_by_role("button", name="Set").nth(1).click()
    await expect(page.get_by_text("The Akismet key comes from Akismet")).to_be_visible()
    assert await barriers(page) == []
