"""Initials beside authors' names are decoration that everybody can read, in the embed and on pages, light and dark."""

import pytest
from playwright.async_api import expect

from tests.browser.a_browser import NARROW, Scheme, Visits
from tests.browser.a_host_page import AHost, the_embed
from tests.browser.page_checks import barriers, overflowing, photograph
from tests.builders import ASite, a_comment, a_thread

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_initials_stand_beside_names(
    site: ASite, host: AHost, visits: Visits, origin: str, scheme: Scheme
) -> None:
    thread = await a_thread(site)
    await site.set(avatars="initials", cors_origins=host.origin)
    for name in ("Ada", "Grace", "Jürgen", "Мария", "محمد", "मीरा", "山田", "Zoë", "Lin", "Kofi"):
        await a_comment(thread, f"By {name}.", name=name)
    page = await visits.begin(size=NARROW, scheme=scheme)
    for url in (host.write(the_embed(thread)), f"{origin}/{site.slug}/{thread.article}"):
        await page.goto(url)
        await expect(page.locator(".avatar")).to_have_text(["A", "G", "J", "М", "م", "म", "山", "Z", "L", "K"])
        assert len(set(await page.locator(".avatar").evaluate_all(BACKGROUNDS))) > 1
        assert (await page.locator(".comments > li header").first.aria_snapshot()).startswith('- heading "Ada"')
        assert await barriers(page) == []
        assert await overflowing(page) == []
        await photograph(page, f"avatars-{scheme}-{'embed' if host.origin in url else 'page'}")


BACKGROUNDS = "(all) => all.map((each) => getComputedStyle(each).backgroundColor)"
