"""What screen readers say: the accessibility tree of a small thread reads like a conversation."""

import re
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.browser.a_browser import Visits
from tests.browser.a_host_page import AHost, the_embed
from tests.builders import REFERENCE_TITLE, ASite, AThread, a_comment, a_thread

pytestmark = pytest.mark.slow

CONVERSATION = """\
- region "2 replies on “Trams”":
  - heading "2 replies on “Trams”" [level=ABOVE]
  - paragraph:
    - link "Write a reply"
  - navigation "Order of the replies":
    - text: Oldest first
    - link "Newest first"
  - list:
    - listitem:
      - article "Ada TIME":
        - heading "Ada" [level=LEVEL]
        - link "TIME"
        - paragraph: Twelve minutes.
        - link "Reply to Ada"
        - link "Report the reply by Ada"
        - link "Share (Ada)"
      - group:
        - text: One reply
        - list:
          - listitem:
            - article "Grace TIME":
              - heading "Grace" [level=LEVEL]
              - link "TIME"
              - paragraph: And back?
              - link "Reply to Grace"
              - link "Report the reply by Grace"
              - link "Share (Grace)"
"""
# The place of the focused element on the page, by line and within it.
PLACE = """() => {
  const focused = document.activeElement.shadowRoot?.activeElement;
  const box = focused?.getBoundingClientRect();
  return box ? [Math.round((box.top + scrollY) / 24), box.left] : null;
}"""
FORM = """\
  - heading "Write a reply" [level=LEVEL]
"""


async def a_conversation(site: ASite) -> AThread:
    thread = await a_thread(site, title="Trams")
    first = (await a_comment(thread, "Twelve minutes.", name="Ada"))["comment"]
    await a_comment(thread, "And back?", name="Grace", below=first["id"])
    return thread


async def assert_conversation(page: Page, *, level: int, shares: bool = True) -> None:
    """Check the accessibility tree: without URLs and the texts of links, with TIME for each time.

    ``shares`` is whether it has links to share a comment.
    """
    tree = await page.locator("section.thread").aria_snapshot()
    texts = r"\n\s+- (?:/url: .*|text: (?:Reply|Report|Share)|time: .*)"
    spoken = re.sub(texts, "", re.sub(r"now|\w+ \d+, \d{4}, [\d:]+\s[AP]M UTC", "TIME", tree)) + "\n"
    spoken = re.sub(r"(- link .*):\n", r"\1\n", spoken)
    conversation = CONVERSATION if shares else re.sub(r"\n.*Share.*", "", CONVERSATION)
    for part in (conversation, FORM):
        expected = part.replace("ABOVE", str(level - 1)).replace("LEVEL", str(level))
        assert expected in spoken, spoken


async def test_the_page_reads_like_a_conversation(site: ASite, origin: str, visits: Visits) -> None:
    thread, page = await a_conversation(site), await visits.begin(script=False)
    await page.goto(f"{origin}/{site.slug}/{thread.article}")
    await assert_conversation(page, level=2, shares=False)


async def test_the_embed_reads_like_a_conversation(site: ASite, host: AHost, visits: Visits) -> None:
    thread, page = await a_conversation(site), await visits.begin()
    await page.goto(host.write(the_embed(thread)))
    await expect(page.locator("time[data-shown]")).to_have_count(2)
    await assert_conversation(page, level=3)


async def test_the_host_sets_the_level_of_the_comments_headings(site: ASite, host: AHost, visits: Visits) -> None:
    thread, page = await a_conversation(site), await visits.begin()
    for given, level in (("", 3), ("5", 5), ("2", 2), ("1", 3), ("x", 3)):
        await page.goto(host.write(the_embed(thread, **{"heading-level": given})))
        await expect(page.locator("time[data-shown]")).to_have_count(2)
        assert await headings(page) == {
            REFERENCE_TITLE: 1,
            "2 replies on “Trams”": level - 1,
            **dict.fromkeys(("Ada", "Grace", "Write a reply"), level),
        }


async def headings(page: Page) -> dict[str, int]:
    """Return the level of each heading by its name, as Chromium tells screen readers."""
    session = await page.context.new_cdp_session(page)
    nodes: list[dict[str, Any]] = (await session.send("Accessibility.getFullAXTree"))["nodes"]
    found = [node for node in nodes if node.get("role", {}).get("value") == "heading" and not node["ignored"]]
    levels = [{each["name"]: each["value"]["value"] for each in node["properties"]}["level"] for node in found]
    return {node["name"]["value"]: level for node, level in zip(found, levels, strict=True)}


async def test_the_links_of_an_own_comment_say_so(site: ASite, host: AHost, visits: Visits) -> None:
    thread, page = await a_conversation(site), await visits.begin()
    await page.goto(host.write(the_embed(thread)))
    await page.get_by_label("Name").fill("Mary")
    await page.get_by_label("Your reply").fill("Mine.")
    await page.get_by_role("button", name="Post reply").click()
    own = page.get_by_role("article", name="Mary now")
    await expect(own.get_by_role("link", name="Edit your comment", exact=True)).to_have_text("Edit")
    await expect(own.get_by_role("link", name="Delete your comment", exact=True)).to_have_text("Delete")


async def test_the_focus_goes_down_the_conversation(site: ASite, host: AHost, visits: Visits) -> None:
    thread, page = await a_conversation(site), await visits.begin()
    await page.goto(host.write(the_embed(thread)))
    await expect(page.locator("time[data-shown]")).to_have_count(2)
    places = []
    for _ in range(30):
        await page.keyboard.press("Tab")
        place = await page.evaluate(PLACE)
        if place is None:
            break
        places.append(place)
    assert len(places) > 12
    assert places == sorted(places)
