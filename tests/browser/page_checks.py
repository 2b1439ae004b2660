"""Checks of a rendered page: accessibility, overflow, focus; and screenshots."""

import os
from pathlib import Path
from typing import Any

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
FOLDER = os.environ.get("SCREENSHOTS")

# The elements that overflow the window sideways.
OVERFLOWING = """() => {
  const room = document.documentElement.clientWidth;
  const all = [...document.querySelectorAll("body *")].filter((each) => !each.closest(".empty"));
  const wide = all.filter((each) => {
    const box = each.getBoundingClientRect();
    const scrolls = each.closest("pre, .operation, table, .bar nav, .tabs");
    return box.width > 0 && (box.right > room + 1 || box.left < -1) && !scrolls;
  });
  const scrolls = document.scrollingElement.scrollWidth > room;
  return scrolls ? [`scrolls to ${document.scrollingElement.scrollWidth} of ${room}`] : wide.map((each) =>
    each.outerHTML.slice(0, 120));
}"""

# The focused element, and how its focus is shown.
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
    """Save a screenshot in the folder ``SCREENSHOTS``, if it is set; of long pages only the first window."""
    if FOLDER:
        is_short = await page.evaluate("document.documentElement.scrollHeight < 20000")
        await page.screenshot(path=Path(FOLDER) / f"{name}.png", full_page=is_short)


async def barriers(page: Page) -> list[str]:
    """Return the violations that axe finds in the page and its shadow roots (WCAG 2.2 AA, best practices)."""
    options = {"runOnly": {"type": "tag", "values": RULES}, "resultTypes": ["violations"]}
    found: dict[str, Any] = (await Axe().run(page, options=options)).response
    return [
        f"{rule['id']}: {rule['help']}: {node['html'][:200]} ({node.get('failureSummary', '')[:300]})"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]


async def overflowing(page: Page) -> list[str]:
    """Return the elements that make the page wider than its window."""
    found: list[str] = await page.evaluate(OVERFLOWING)
    return found


async def focused(page: Page) -> Any:
    """Return the focused element: ``name``, ``tag``, the width of its ``outline``, and whether it is in view."""
    return await page.evaluate(FOCUSED)


async def tab_to(page: Page, name: str, *, max_steps: int = 60) -> None:
    """Press Tab until the element ``name`` has the focus, which must be visible at each step."""
    met = []
    for _ in range(max_steps):
        await page.keyboard.press("Tab")
        now = await focused(page)
        if now is None:
            continue  # the browser's own bar, then the page again
        assert now["outline"] >= 2, f"the focus is not visible: {now}"
        assert now["inside"], f"the focus is out of view: {now}"
        met.append(now["name"])
        if now["name"] == name:
            return
    raise AssertionError(f"“{name}” is not reached by Tab, only {met}")
