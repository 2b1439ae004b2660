"""An admin makes, tests and resends webhooks in a browser, without a script, also on a phone."""

import pytest
from playwright.async_api import expect

from tests.browser.a_browser import Scheme, Visits
from tests.browser.desk.a_desk import a_desk
from tests.browser.page_checks import barriers, overflowing, photograph
from tests.builders import ASite, a_thread
from tests.integrations.endpoints.a_receiver import a_receiver, an_answer
from tests.integrations.endpoints.deliveries import a_worker, an_endpoint

pytestmark = pytest.mark.slow


async def test_an_admin_makes_and_tests_an_endpoint_without_a_script(site: ASite, visits: Visits, origin: str) -> None:
    page = await a_desk(site, visits, origin, "webhooks", role="admin", script=False)
    async with a_receiver(lambda _: an_answer(200, b"Thank you")) as host:
        await page.get_by_label("Address").fill("https://")
        await page.get_by_label("Description").fill("Our CMS")
        await page.get_by_label("Address").fill(host.origin)
        await page.get_by_role("button", name="Add an endpoint").click()
        await expect(page.locator("code.secret")).to_contain_text("whsec_")
        await page.get_by_role("button", name="Send a test message").click()
        await expect(page.get_by_text("Thank you")).to_be_visible()
        await photograph(page, "desk-webhook-tested")
        await page.get_by_role("button", name="Pause").click()
        await expect(page.get_by_role("button", name="Resume")).to_be_visible()
        await page.locator("summary", has_text="Delete").click()
        await page.get_by_role("button", name="Delete").click()
        await expect(page.get_by_text("The endpoint is deleted.")).to_be_visible()


@pytest.mark.parametrize(("scheme", "size"), [("light", (1100, 900)), ("dark", (360, 740))])
async def test_the_pages_of_webhooks_are_accessible(
    site: ASite, visits: Visits, origin: str, scheme: Scheme, size: tuple[int, int]
) -> None:
    async with a_receiver(lambda _: an_answer(500)) as host, a_worker(site, schedule=[]) as worker:
        endpoint, _ = await an_endpoint(site, f"{host.origin}/{'hooks/' * 12}", description="Our CMS")
        await an_endpoint(site, host.origin, types=["comment.*"])
        for _ in range(3):
            await a_thread(site)
        await worker.until(lambda: len(host.received) == 3)
        await worker.work()
        page = await a_desk(site, visits, origin, "webhooks", role="admin", scheme=scheme, size=size)
        for path in ("webhooks", f"webhooks/{endpoint}", f"webhooks/{endpoint}/deliveries/1"):
            opened = await page.goto(f"{origin}/desk/{site.slug}/{path}")
            assert opened is not None
            assert opened.status == 200
            for summary in await page.locator("main summary").all():
                await summary.click()
            assert await barriers(page) == [], path
            assert await overflowing(page) == [], path
            await photograph(page, f"desk-{path.replace(endpoint, 'one').replace('/', '-')}-{scheme}")
