"""``/docs`` in a browser: Scalar runs under the page's policy, talks to no other host, and fits narrow windows."""

import pytest
from playwright.async_api import Page, expect

from service.reading.docs.contract import Json
from service.reading.docs.reference import operations
from tests.browser.a_browser import NARROW, WIDE, Scheme, Size, Visits
from tests.browser.gallery import SCRIPT_TIMEOUT
from tests.browser.page_checks import barriers, overflowing, photograph

pytestmark = pytest.mark.slow
SMALL = (360, 740)


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_scalar_breaks_no_policy_and_talks_to_no_other_host(visits: Visits, origin: str, scheme: Scheme) -> None:
    page = await _begin(visits, scheme=scheme)
    await page.add_init_script(
        "window.broken = []; addEventListener('securitypolicyviolation', (event) => broken.push(event.blockedURI))"
    )
    await page.goto(f"{origin}/docs#{_operation('getContract')['anchor']}")
    await page.get_by_role("button", name="Test Request").first.click()
    await page.get_by_role("button", name="Send").first.wait_for()
    await photograph(page, f"docs-try-it-{scheme}")
    assert await page.evaluate("broken") == []


@pytest.mark.parametrize("size", [WIDE, SMALL], ids=["wide", "small"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_nothing_in_an_operation_the_search_and_a_request(
    visits: Visits, origin: str, scheme: Scheme, size: Size
) -> None:
    page = await _begin(visits, scheme=scheme, size=size)
    operation = _operation("postComment")
    await page.goto(f"{origin}/docs#{operation['anchor']}")
    opener = page.get_by_role("button", name=f"Test Request (post {operation['path']})")
    await opener.wait_for()
    found = await _look(page, f"operation-{scheme}-{size[0]}")

    await page.keyboard.press("Control+k")
    await page.keyboard.type("appeal")
    await page.get_by_role("option").first.wait_for()
    found += await _look(page, f"search-{scheme}-{size[0]}")
    await page.keyboard.press("Escape")

    await opener.click()
    request = page.get_by_role("dialog")
    await request.get_by_role("button", name="Send").first.wait_for()
    found += await _look(page, f"request-{scheme}-{size[0]}")
    await request.get_by_role("button", name="Send").first.click()
    await request.get_by_role("textbox", name="Response body").get_by_text("/problems/").wait_for()
    found += await _look(page, f"response-{scheme}-{size[0]}")

    await request.get_by_role("button", name="Select Auth Type").last.click()
    await page.get_by_role("combobox", name="Filter the list").wait_for()
    found += await _look(page, f"authentication-{scheme}-{size[0]}")
    await page.keyboard.press("Escape")
    await expect(opener).to_be_focused()
    assert not found, "\n".join(found)


async def test_a_link_leads_to_its_operation_and_the_page_fits_a_narrow_window(visits: Visits, origin: str) -> None:
    operation = _operation("postComment")
    page = await _begin(visits, size=NARROW)
    await page.goto(f"{origin}/docs#{operation['anchor']}")
    heading = page.get_by_role("heading", name=operation["summary"])
    await expect(heading).to_be_in_viewport(timeout=SCRIPT_TIMEOUT)
    await photograph(page, "docs-operation-narrow")
    assert await page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")


async def test_without_script_every_operation_is_listed(visits: Visits, origin: str) -> None:
    page = await visits.begin(script=False, size=NARROW)
    await page.goto(f"{origin}/docs")
    await photograph(page, "docs-without-script")
    for operation in operations():
        await expect(page.locator(f"[id='{operation['anchor']}']")).to_contain_text(operation["summary"])
    assert await overflowing(page) == []


async def _begin(visits: Visits, *, scheme: Scheme = "light", size: Size = WIDE) -> Page:
    """Return a page that waits long enough for Scalar."""
    page = await visits.begin(scheme=scheme, size=size)
    page.set_default_timeout(SCRIPT_TIMEOUT)
    return page


def _operation(name: str) -> Json:
    return next(each for each in operations() if each["operationId"] == name)


async def _look(page: Page, name: str) -> list[str]:
    """Return what axe finds on the page as it is, and keep a picture of it."""
    await photograph(page, f"docs-{name}")
    return [f"{name}: {each}" for each in await barriers(page)]
