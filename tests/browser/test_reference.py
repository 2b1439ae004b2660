"""``/docs`` in a browser: Scalar runs under the page's policy, talks to no other host, and fits narrow windows."""

import pytest
from playwright.async_api import expect

from service.reading.docs.reference import operations
from tests.browser.a_browser import NARROW, Scheme, Visits
from tests.browser.looking import overflowing, photograph

pytestmark = pytest.mark.slow
SCALAR_PATIENCE = 30_000  # milliseconds; it is four megabytes of script


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_scalar_breaks_no_policy_and_talks_to_no_other_host(visits: Visits, origin: str, scheme: Scheme) -> None:
    page = await visits.begin(scheme=scheme)
    await page.add_init_script(
        "window.broken = []; addEventListener('securitypolicyviolation', (event) => broken.push(event.blockedURI))"
    )
    operation = next(each for each in operations() if each["operationId"] == "getContract")
    await page.goto(f"{origin}/docs#{operation['anchor']}")
    await page.get_by_role("button", name="Test Request").first.click(timeout=SCALAR_PATIENCE)
    await expect(page.get_by_role("button", name="Send").first).to_be_visible(timeout=SCALAR_PATIENCE)
    await photograph(page, f"docs-try-it-{scheme}")
    assert await page.evaluate("broken") == []


async def test_a_link_leads_to_its_operation_and_the_page_fits_a_narrow_window(visits: Visits, origin: str) -> None:
    operation = next(each for each in operations() if each["operationId"] == "postComment")
    page = await visits.begin(size=NARROW)
    await page.goto(f"{origin}/docs#{operation['anchor']}")
    heading = page.get_by_role("heading", name=operation["summary"])
    await expect(heading).to_be_in_viewport(timeout=SCALAR_PATIENCE)
    await photograph(page, "docs-operation-narrow")
    assert await page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")


async def test_without_script_every_operation_is_listed(visits: Visits, origin: str) -> None:
    page = await visits.begin(script=False, size=NARROW)
    await page.goto(f"{origin}/docs")
    await photograph(page, "docs-without-script")
    for operation in operations():
        await expect(page.locator(f"[id='{operation['anchor']}']")).to_contain_text(operation["summary"])
    assert await overflowing(page) == []
