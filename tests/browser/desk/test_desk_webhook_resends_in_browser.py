"""An admin adds an endpoint, tests it, reads why a delivery failed, resends it and rotates the secret."""

import re

import pytest
from playwright.async_api import expect

from tests.browser.a_browser import Visits
from tests.browser.desk.a_desk import a_desk
from tests.browser.page_checks import overflowing, photograph
from tests.builders import ASite, a_thread
from tests.integrations.endpoints.a_receiver import a_receiver, an_answer
from tests.integrations.endpoints.deliveries import a_worker

pytestmark = pytest.mark.slow


async def test_a_failed_delivery_is_resent_and_the_secret_rotated(site: ASite, visits: Visits, origin: str) -> None:
    statuses = [200, 500, 204, 204]
    page = await a_desk(site, visits, origin, "webhooks", role="admin", size=(1440, 900))
    async with (
        a_receiver(lambda _: an_answer(statuses.pop(0), b"Thank you")) as host,
        a_worker(site, schedule=[]) as worker,
    ):
        await page.get_by_label("Address").fill(f"{host.origin}/hooks")
        await page.get_by_role("button", name="Add an endpoint").click()
        await expect(page.get_by_role("status")).to_contain_text(["whsec_", ""])
        await photograph(page, "desk-webhook-made-wide")
        await page.get_by_role("button", name="Send a test message").click()
        await expect(page.locator(".notice")).to_contain_text(re.compile(r"200\s*\d+ ms\s*Thank you"))
        await a_thread(site)
        await worker.until(lambda: len(host.received) == 2)
        await worker.work()
        await page.get_by_role("link", name="Failed", exact=True).click()
        await expect(page.locator(".deliveries tbody tr")).to_have_count(1)
        await photograph(page, "desk-webhook-failed-wide")
        await page.locator(".deliveries tbody th a").click()
        await expect(page.get_by_role("cell", name="500")).to_be_visible()
        await photograph(page, "desk-webhook-attempts-wide")
        await page.get_by_role("button", name="Resend").click()
        await expect(page.get_by_text("Resent: 1")).to_be_visible()
        await worker.until(lambda: len(host.received) == 3)
        await worker.work()
        await page.get_by_role("link", name="Delivered", exact=True).click()
        await expect(page.locator(".deliveries tbody tr")).to_have_count(1)
        await page.locator("summary", has_text="Rotate").click()
        await page.get_by_role("button", name="Rotate the secret").click()
        await expect(page.locator("code.secret")).to_contain_text("whsec_")
        await a_thread(site)
        await worker.until(lambda: len(host.received) == 4)
        assert len(host.received[3].headers["webhook-signature"].split()) == 2
        await page.set_viewport_size({"width": 360, "height": 740})
        await photograph(page, "desk-webhook-rotated-phone")
        assert await overflowing(page) == []
