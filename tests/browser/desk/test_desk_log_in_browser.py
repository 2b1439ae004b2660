"""A moderator filters and exports the log, and reads the transparency report and the overview."""

import asyncio
import csv
from pathlib import Path

import pytest
from playwright.async_api import Page, ViewportSize, expect

from tests.browser.a_browser import Visits
from tests.browser.desk.a_desk import a_desk
from tests.browser.page_checks import overflowing, photograph
from tests.builders import ASite, Json, a_comment, a_thread, decide, set_rules

pytestmark = pytest.mark.slow
PHONE: ViewportSize = {"width": 360, "height": 740}
DESKTOP: ViewportSize = {"width": 1440, "height": 900}


async def a_site_with_decisions(site: ASite) -> None:
    await set_rules(site, hold_words=["swindle"])
    for section, number in (("sport", 1), ("politics", 3)):
        thread = await a_thread(site, section=section, title=f"About {section}")
        posted: list[Json] = [(await a_comment(thread, f"A swindle, {each}."))["comment"] for each in range(number)]
        await decide(site, "reject", *posted, reason="abuse", note="Rude.")
        await decide(site, "publish", (await a_comment(thread, "A swindle or not."))["comment"])
        await a_comment(thread, "One more swindle.")
    await site.sweep()


async def downloaded(page: Page, name: str) -> list[dict[str, str]]:
    """The rows of the file that the link ``name`` downloads."""
    async with page.expect_download() as download:
        await page.get_by_role("link", name=name).click()
    file = await download.value
    assert file.suggested_filename.endswith(".csv")
    text = await asyncio.to_thread(Path(await file.path()).read_text, "utf-8-sig")
    return list(csv.DictReader(text.splitlines()))


async def test_the_log_is_filtered_and_exported_and_the_figures_are_right(
    site: ASite, visits: Visits, origin: str
) -> None:
    await a_site_with_decisions(site)
    page = await a_desk(site, visits, origin, "log", size=(1440, 900))
    await photograph(page, "desk-log-wide")
    await page.get_by_text("Filter", exact=True).click()
    await page.get_by_label("Action").select_option("reject")
    await page.get_by_label("Reason").select_option("abuse")
    await page.get_by_label("Section").fill("politics")
    await page.get_by_role("button", name="Apply").click()
    await expect(page.locator("tbody tr")).to_have_count(3)
    await expect(page.get_by_label("Section")).to_have_value("politics")
    await photograph(page, "desk-log-filtered-wide")
    rows = await downloaded(page, "Export CSV")
    assert {(row["action"], row["reason"], row["note"]) for row in rows} == {("reject", "abuse", "Rude.")}
    assert len(rows) == 3
    await page.set_viewport_size(PHONE)
    await photograph(page, "desk-log-filtered-phone")
    assert await overflowing(page) == []

    await page.get_by_role("link", name="Transparency report").click()
    await expect(page.get_by_role("row", name="Rejected").filter(has_text="politics")).to_contain_text("3")
    await photograph(page, "desk-transparency-phone")
    assert await overflowing(page) == []
    await page.set_viewport_size(DESKTOP)
    await photograph(page, "desk-transparency-wide")
    assert await downloaded(page, "Export CSV")

    await page.get_by_role("link", name="Overview").click()
    await expect(page.locator(".sums > div", has_text="Pending")).to_contain_text("2")
    await expect(page.locator("tbody tr", has_text="About politics")).to_contain_text("1")
    await photograph(page, "desk-overview-wide")
    await page.set_viewport_size(PHONE)
    await photograph(page, "desk-overview-phone")
    assert await overflowing(page) == []
    await page.get_by_role("link", name="Pending").click()
    await expect(page.locator(".card")).to_have_count(2)
