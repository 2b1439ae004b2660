"""An admin sets the weekly opening hours on a phone."""

import re

import pytest
from playwright.async_api import expect

from tests.browser.a_browser import Visits
from tests.browser.desk.a_desk import a_desk
from tests.browser.page_checks import overflowing, photograph
from tests.builders import ASite

pytestmark = pytest.mark.slow
WIDE, PHONE = (1440, 900), (360, 740)


async def test_an_admin_sets_hours_and_an_impossible_zone_comes_back(site: ASite, visits: Visits, origin: str) -> None:
    page = await a_desk(site, visits, origin, "hours", role="admin", size=PHONE)
    await page.get_by_role("link", name=re.compile("^Change")).click()
    await page.get_by_label("By the week").check()
    for day in ("Monday", "Tuesday"):
        await page.get_by_label(day).fill("8-12, 13:30–22")
    await page.get_by_label("Accept no comments").check()
    await page.get_by_label("Time zone").fill("Europe/Atlantis")
    await page.get_by_role("button", name="Save").click()
    zone = page.get_by_label("Time zone")
    await expect(zone).to_have_attribute("aria-invalid", "true")
    await expect(zone).to_have_value("Europe/Atlantis")
    await expect(zone).to_be_focused()
    await expect(page.get_by_text("Write a time zone such as Europe/Berlin or UTC.")).to_be_visible()
    await expect(page.get_by_label("Monday")).to_have_value("8-12, 13:30–22")
    await expect(page.get_by_label("By the week")).to_be_checked()
    await expect(page.get_by_label("Accept no comments")).to_be_checked()
    await photograph(page, "desk-hours-refused-phone")
    assert await overflowing(page) == []
    await zone.fill("Europe/Berlin")
    await page.get_by_label("Tuesday").fill("from eight")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_label("Tuesday")).to_be_focused()
    await expect(page.get_by_text("Write hours such as")).to_be_visible()
    await page.get_by_label("Tuesday").fill("8-22")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("The hours are saved.")).to_be_visible()
    await expect(page.get_by_role("row", name="Monday")).to_contain_text("08:00-12:00, 13:30-22:00")
    await photograph(page, "desk-hours-phone")
    await page.set_viewport_size({"width": WIDE[0], "height": WIDE[1]})
    await photograph(page, "desk-hours-wide")
    settings = (await site.call("GET", "/settings", by="admin")).json()
    assert settings["opening_hours"] == "Mo 08:00-12:00,13:30-22:00; Tu 08:00-22:00"
    assert (settings["time_zone"], settings["outside_hours"]) == ("Europe/Berlin", "close")
    await page.get_by_role("link", name=re.compile("^Change")).click()
    await photograph(page, "desk-hours-form-wide")
