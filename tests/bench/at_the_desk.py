"""The desk's queue among many comments: the server's time, what the first load weighs, and a key to the next card.

``python -m tests.bench.reviewing`` and ``make bench`` call it on the database that they have filled.
"""

import asyncio
from http.cookies import SimpleCookie
from math import ceil
from pathlib import Path
from statistics import median
from time import perf_counter
from urllib.parse import urlencode
from urllib.request import HTTPRedirectHandler, Request, build_opener

from playwright.sync_api import Page, sync_playwright

from service.desk.sign_in.session_cookie import COOKIE
from service.platform.access.moderator_accounts import add_moderator
from service.platform.access.passwords import Passwords
from service.platform.sites.edit_site import find_site
from service.platform.storage.engine import Database
from tests.bench.embedding import ARGUMENTS, CHROMIUM, SLOWED

NAME, PASSWORD = "Bench", "only for measuring, never for real use"
CALLS, KEYS = 100, 20
DESK = "/desk/bench"
# Milliseconds from a key until the focus is on another card and the browser has painted it.
TO_NEXT = """async (key) => {
  const before = document.activeElement, began = performance.now();
  before.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
  while (document.activeElement === before) {
    if (performance.now() - began > 5000) throw new Error(`“${key}” does not lead to another card`);
    await new Promise(requestAnimationFrame);
  }
  await new Promise(requestAnimationFrame);
  return performance.now() - began;
}"""


async def add_account(url: str) -> None:
    """Add the moderator to the site."""
    database = Database(url)
    password_hash = await Passwords().hash(PASSWORD)
    async with database.write() as connection:
        site = await find_site(connection, "bench")
        await add_moderator(connection, site.id, NAME, role="moderator", password_hash=password_hash)
    await database.close()


def report(url: str, origin: str, *, size: int) -> str:
    """A line with the results; ``url`` is that of the database behind ``origin``."""
    asyncio.run(add_account(url))
    token = _sign_in(origin)
    _queue_page(origin, token)
    seconds = sorted(_seconds_of_queue(origin, token) for _ in range(CALLS))
    middle, p95 = (seconds[ceil(share * CALLS) - 1] * 1000 for share in (0.5, 0.95))
    queue = f"the desk's queue of 25 cards among {size:,} comments: median {middle:.0f} ms, p95 {p95:.0f} ms"
    return f"{queue}; {_in_browser(origin, token)}"


class _Stay(HTTPRedirectHandler):
    """Follows no redirect: its answer sets the cookie."""

    def http_error_303(self, req, fp, code, msg, headers):  # type: ignore[no-untyped-def]  # urllib's own is untyped
        return fp


def _sign_in(origin: str) -> str:
    form = urlencode({"name": NAME, "password": PASSWORD}).encode()
    with build_opener(_Stay).open(Request(f"{origin}{DESK}/sign-in", data=form)) as answer:
        cookies = SimpleCookie("; ".join(answer.headers.get_all("set-cookie")))
    return cookies[COOKIE].value


def _queue_page(origin: str, token: str) -> bytes:
    with build_opener().open(Request(f"{origin}{DESK}/queue", headers={"Cookie": f"{COOKIE}={token}"})) as answer:
        page: bytes = answer.read()
    return page


def _seconds_of_queue(origin: str, token: str) -> float:
    began = perf_counter()
    assert _queue_page(origin, token).count(b'<li id="card-') == 25
    return perf_counter() - began


def _in_browser(origin: str, token: str) -> str:
    if not Path(CHROMIUM).exists():
        return "the browser is not measured: there is no Chromium at /usr/bin/chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        context = browser.new_context(viewport={"width": 1100, "height": 900}, bypass_csp=True)
        context.add_cookies([{"name": COOKIE, "value": token, "url": f"{origin}{DESK}/"}])
        page = context.new_page()
        weight = _weight_of_first_load(page, f"{origin}{DESK}/queue")
        page.locator(".card > article:focus").wait_for()
        context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": SLOWED})
        to_next = [page.evaluate(TO_NEXT, "s" if number % 2 else "j") for number in range(KEYS)]
        browser.close()
    return (
        f"first load {weight / 1000:.1f} kB compressed (60 asked); Chromium slowed {SLOWED}×, from a key to the next "
        f"card: median {median(to_next):.0f} ms, slowest of {KEYS} {max(to_next):.0f} ms (100 asked)"
    )


def _weight_of_first_load(page: Page, address: str) -> int:
    """The bytes of the page and all that it loads, headers included."""
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    received: list[float] = []
    session.on("Network.loadingFinished", lambda event: received.append(event["encodedDataLength"]))
    page.goto(address, wait_until="networkidle")
    return int(sum(received))
