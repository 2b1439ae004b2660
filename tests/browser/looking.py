"""What somebody who looks at a page would notice, and pictures of it for somebody to look at."""

import os
from pathlib import Path
from typing import Any

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
FOLDER = os.environ.get("SCREENSHOTS")

# The elements that reach out of the window to the side, or that cut off what they hold.
OVERFLOWING = """() => {
  const room = document.documentElement.clientWidth;
  const all = [...document.querySelectorAll("body *")].filter((each) => !each.closest(".empty"));
  const wide = all.filter((each) => {
    const box = each.getBoundingClientRect();
    return box.width > 0 && (box.right > room + 1 || box.left < -1) && !each.closest("pre, .operation, table");
  });
  const scrolls = document.scrollingElement.scrollWidth > room;
  return scrolls ? [`scrolls to ${document.scrollingElement.scrollWidth} of ${room}`] : wide.map((each) =>
    each.outerHTML.slice(0, 120));
}"""

# What has the focus: its role in the page, and how it shows that it has it.
FOCUSED = """() => {
  let element = document.activeElement;
  while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
  if (!element || element === document.body) return null;
  const style = getComputedStyle(element), box = element.getBoundingClientRect();
  return {
    name: (element.getAttribute("aria-label") || element.innerText || element.name || "").trim(),
    tag: element.localName,
    outline: style.outlineStyle === "none" ? 0 : parseFloat(style.outlineWidth),
    inside: box.width > 0 && box.bottom > 0 && box.top < innerHeight && box.left >= 0 && box.right <= innerWidth + 1,
  };
}"""


async def photograph(page: Page, name: str) -> None:
    """Keep a picture in the folder that ``SCREENSHOTS`` names, if it names one; of long pages the first window."""
    if FOLDER:
        is_short = await page.evaluate("document.documentElement.scrollHeight < 20000")
        await page.screenshot(path=Path(FOLDER) / f"{name}.png", full_page=is_short)


async def barriers(page: Page) -> list[str]:
    """What axe finds in the page, and in the shadow roots in it, by the rules of WCAG 2.2 AA and good practice."""
    options = {"runOnly": {"type": "tag", "values": RULES}, "resultTypes": ["violations"]}
    found: dict[str, Any] = (await Axe().run(page, options=options)).response
    return [
        f"{rule['id']}: {rule['help']}: {node['html'][:200]} ({node.get('failureSummary', '')[:300]})"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]


async def overflowing(page: Page) -> list[str]:
    """What makes the page wider than its window."""
    found: list[str] = await page.evaluate(OVERFLOWING)
    return found


async def focused(page: Page) -> Any:
    """What has the focus: its ``name``, ``tag``, the width of its ``outline``, and whether it is in sight."""
    return await page.evaluate(FOCUSED)


async def tab_to(page: Page, name: str, *, most: int = 60) -> None:
    """Press Tab until what is called ``name`` has the focus, which must show at each step on the way."""
    met = []
    for _ in range(most):
        await page.keyboard.press("Tab")
        now = await focused(page)
        if now is None:
            continue  # the browser's own bar, then the page again
        assert now["outline"] >= 2, f"the focus does not show: {now}"
        assert now["inside"], f"the focus is out of sight: {now}"
        met.append(now["name"])
        if now["name"] == name:
            return
    raise AssertionError(f"“{name}” is not reached by Tab, only {met}")
