"""A moderator's browser at the desk."""

from typing import Any

from playwright.async_api import Page

from service.platform.access.moderator_accounts import ModeratorRole
from tests.browser.a_browser import Visits
from tests.builders import PASSWORD, ASite, a_moderator


async def sign_in(page: Page, address: str, *, name: str = "Maria", password: str = PASSWORD) -> None:
    """Open ``address``, a page of the desk, and sign in there."""
    await page.goto(address)
    await page.locator("[name=name]").fill(name)
    await page.locator("[name=password]").fill(password)
    await page.locator("button.primary").click()
    await page.locator('form[action$="/sign-out"] button').wait_for()
    await page.wait_for_load_state()


async def a_desk(
    site: ASite,
    visits: Visits,
    origin: str,
    path: str = "queue",
    *,
    name: str = "Maria",
    role: ModeratorRole = "moderator",
    sections: tuple[str, ...] | None = None,
    **window: Any,
) -> Page:
    """Add a moderator, and return a page where they are signed in."""
    await a_moderator(site, name, role=role, sections=sections)
    page = await visits.begin(**window)
    await sign_in(page, f"{origin}/desk/{site.slug}/{path}", name=name)
    return page
