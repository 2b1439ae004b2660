"""The embed is readable in a host's page that sets no `color-scheme`, and spells its text as usual."""

import pytest
from playwright.async_api import Page, expect

from tests.browser.a_browser import Visits
from tests.browser.a_host_page import ARTICLE, AHost, the_embed
from tests.browser.page_checks import barriers, photograph
from tests.builders import ASite, AThread, a_comment, a_thread

pytestmark = pytest.mark.slow

DARK = "document.documentElement.classList.add('dark')"
# Ours, and the page's own.
LIGHT_TEXT, DARK_TEXT = "rgb(236, 235, 231)", "rgb(27, 27, 26)"
LIGHT_INK, DARK_INK = "rgb(238, 238, 238)", "rgb(34, 34, 34)"
SPELLING = {
    "letter-spacing": "normal",
    "word-spacing": "0px",
    "text-transform": "none",
    "text-indent": "0px",
    "font-style": "normal",
    "white-space": "normal",
    "text-align": "start",
    "text-shadow": "none",
    "font-variant": "normal",
    "font-feature-settings": "normal",
    "word-break": "normal",
    "hyphens": "manual",
    "line-height": "25.6px",
    "-webkit-text-fill-color": DARK_TEXT,
}


async def a_conversation(site: ASite) -> AThread:
    thread = await a_thread(site)
    above = None
    for number in range(10):
        above = (await a_comment(thread, f"Step {number}.", name=f"N{number}", below=above))["comment"]["id"]
    return thread


async def expect_text(page: Page, color: str) -> None:
    await expect(page.locator("section.thread")).to_have_css("color", color)


async def test_a_page_that_is_dark_by_class_has_a_dark_thread(site: ASite, host: AHost, visits: Visits) -> None:
    url = host.write(ARTICLE, the_embed(await a_conversation(site)), css="/by-class.css")
    page = await visits.begin(size=(360, 800))
    await page.add_init_script(f"addEventListener('DOMContentLoaded', () => {DARK})")
    await page.goto(url)
    await expect_text(page, LIGHT_INK)
    await photograph(page, "embed-dark-by-class")
    assert await barriers(page) == []
    await page.evaluate("document.documentElement.className = ''")
    await expect_text(page, DARK_INK)
    await page.evaluate("document.documentElement.className = 'fades'")
    await page.evaluate("document.documentElement.className = 'fades dark'")
    await expect_text(page, LIGHT_INK)  # after the transition


@pytest.mark.parametrize(("paper", "ink"), [("rgb(17, 17, 17)", "#ddd"), ("#3a3a3a", "#fff"), ("#ccc", "#111")])
async def test_a_pages_ink_and_paper_are_the_threads(
    site: ASite, host: AHost, visits: Visits, paper: str, ink: str
) -> None:
    thread, page = await a_conversation(site), await visits.begin()
    await site.set(cors_origins=host.origin, mode="hold")
    await page.goto(host.write(f"<div>{the_embed(thread)}</div>", css="/by-class.css"))
    await expect_text(page, DARK_INK)
    # The class of a wrapper is enough, and nothing else changes.
    await page.evaluate(
        """([paper, ink]) => {
          const sheet = new CSSStyleSheet();
          sheet.replaceSync(`.night, body:has(.night) { background: ${paper}; color: ${ink} }`);
          document.adoptedStyleSheets = [sheet];
          document.querySelector("div").className = "night";
        }""",
        [paper, ink],
    )
    own = await page.locator("main > div").evaluate("(it) => getComputedStyle(it).color")
    await expect_text(page, own)
    await page.get_by_role("link", name="Report").first.click()
    await page.get_by_label("Name").fill("Ada")
    await page.get_by_label("Your reply").fill("Patience.")
    await page.get_by_role("button", name="Post reply").click()
    await expect(page.locator(".held:not(.sending)")).to_be_visible()
    await photograph(page, f"embed-ink-{ink.strip('#')}")
    assert await barriers(page) == []


async def test_the_nearest_opaque_background_counts(site: ASite, host: AHost, visits: Visits) -> None:
    thread = await a_conversation(site)
    page = await visits.begin()
    await page.goto(host.write(f"<div>{the_embed(thread)}</div>", css="/by-class.css"))
    await expect_text(page, DARK_INK)
    style = "document.querySelector('div').style"
    for color, expected in (
        ("rgb(0 0 0 / 10%)", DARK_INK),
        ("rgb(20 30 60 / 95%)", LIGHT_TEXT),
        ("color(display-p3 .1 .1 .3)", LIGHT_TEXT),
        ("lab(95% 0 0)", DARK_INK),
        ("hsl(210 60% 15%)", LIGHT_TEXT),
    ):
        await page.evaluate(f"{style}.background = '{color}'; document.body.dataset.color = '{color}'")
        await expect_text(page, expected)
    await page.evaluate(f"{style} = 'color: #ddd'; document.body.style = 'background: none; color: #ddd'")
    await expect_text(page, LIGHT_TEXT)  # no background is known: the page's own text is light


async def test_a_page_that_sets_one_scheme_keeps_it(site: ASite, host: AHost, visits: Visits) -> None:
    thread = await a_conversation(site)
    page = await visits.begin()
    await page.goto(host.write(the_embed(thread), css="/by-class.css"))
    for scheme, background, expected in (("light", "#111", DARK_TEXT), ("dark", "#fff", LIGHT_TEXT)):
        await page.evaluate(f"document.body.style.background = '{background}'")
        await page.evaluate(f"document.documentElement.style.colorScheme = '{scheme}'")
        await expect_text(page, expected)


async def test_light_pages_are_as_before(site: ASite, host: AHost, visits: Visits) -> None:
    url = host.write(ARTICLE, the_embed(await a_conversation(site)), css="/by-class.css")
    page = await visits.begin(scheme="dark")  # the reader's choice is not the page's
    await page.goto(url)
    await expect_text(page, DARK_INK)
    await photograph(page, "embed-light-by-class")
    assert await barriers(page) == []


async def test_how_the_page_spells_its_text_stays_outside(site: ASite, host: AHost, visits: Visits) -> None:
    page = await visits.begin()
    await page.goto(host.write(the_embed(await a_conversation(site)), css="/spelled.css"))
    await expect(page.locator(".heading")).to_be_visible()
    for name, value in SPELLING.items():
        await expect(page.locator("section.thread")).to_have_css(name, value)
    await photograph(page, "embed-spelled")


async def test_images_that_a_script_made_of_emojis_are_text_again(
    site: ASite, host: AHost, visits: Visits, origin: str
) -> None:
    thread = await a_thread(site)
    await a_comment(thread, "Hooray 🎉 at last.")
    fragment = await site.call("GET", f"{thread.path}/comments.html", headers={"Host": origin.partition("//")[2]})
    image = '<img draggable="false" role="img" class="emoji" alt="🎉">'  # as wp-emoji.js does
    page = await visits.begin()
    await page.goto(host.write(the_embed(thread, content=fragment.text.replace("🎉", image))))
    await expect(page.get_by_text("Hooray 🎉 at last.")).to_be_visible()
    await expect(page.locator("img")).to_have_count(0)
