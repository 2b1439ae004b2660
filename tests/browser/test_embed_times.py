"""Times in the embed: relative, with the exact one as a title, as the reader's region writes it."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import expect

from service.app import App
from tests.browser.a_browser import Visits
from tests.browser.a_host_page import AHost, the_embed
from tests.builders import ASite, a_comment, a_site, a_thread

pytestmark = pytest.mark.slow


async def test_a_time_is_relative_and_kept_up_to_date_then_the_date(site: ASite, host: AHost, visits: Visits) -> None:
    thread = await a_thread(site)
    comment = (await a_comment(thread))["comment"]
    page = await visits.begin(language="en-GB")
    await page.clock.install(time=datetime.now(UTC))
    await page.goto(host.write(the_embed(thread)))
    time = page.locator(".time time")
    await expect(time).to_have_text("now")
    for passed, text in (
        (timedelta(minutes=2), "2 minutes ago"),
        (timedelta(minutes=60), "1 hour ago"),
        (timedelta(hours=2), "3 hours ago"),
        (timedelta(days=2), "2 days ago"),
    ):
        await page.clock.fast_forward(int(passed.total_seconds() * 1000))
        await expect(time).to_have_text(text)
    await page.clock.fast_forward(5 * 86_400_000)
    at = datetime.fromisoformat(comment["created_at"])
    zone = timedelta(minutes=-await page.evaluate(f"new Date('{comment['created_at']}').getTimezoneOffset()"))
    await expect(time).to_have_text(f"{at + zone:%-d %B %Y}")
    await expect(time).to_have_attribute("title", f"{at + zone:%A, %-d %B %Y at %H:%M}")
    await expect(time).to_have_attribute("datetime", f"{at:%Y-%m-%dT%H:%M:%SZ}")


async def test_dates_follow_the_readers_region_else_the_sites(app: App, host: AHost, visits: Visits) -> None:
    async with a_site(app, locale="en-GB", cors_origins=host.origin) as site:
        thread = await a_thread(site)
        await a_comment(thread)
        for language, is_12_hours in (("en-US", True), ("en-AU", True), ("en-IE", False), ("en", False), ("sv", False)):
            page = await visits.begin(language=language)
            await page.goto(host.write(the_embed(thread)))
            title = await page.locator(".time time[data-shown]").get_attribute("title")
            assert title
            assert title.lower().endswith("m") == is_12_hours, (language, title)
