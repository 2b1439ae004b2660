"""Debian's Chromium, and pages that record every fault.

A missing Chromium is installed if possible; otherwise the test is skipped, and in CI it fails.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Literal

from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Dialog,
    Error,
    Page,
    Request,
    async_playwright,
    expect,
)

from tests.browser.a_host_page import WATCH
from tests.installing import debian_program

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--font-render-hinting=none",
    # No name is looked up: without a network, a page that asks another origin would wait for the answer.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
]
# Fonts for all our languages, so that screenshots are readable.
PACKAGES = {"chromium": ["chromium", "fonts-noto-core", "fonts-droid-fallback"], "java": ["default-jre-headless"]}
PATIENCE = 15_000  # milliseconds
UNANSWERED = "Failed to load resource"  # an error response is no fault of the page
Scheme = Literal["light", "dark"]
Size = tuple[int, int]
WIDE: Size = (1100, 900)
NARROW: Size = (320, 640)
MAGNIFIED: Size = (640, 400)  # a window of 1280 × 800 at 200 %


def program(name: Literal["chromium", "java"]) -> str:
    """Return the path of a program; see the top of the file."""
    return debian_program(name, PACKAGES[name])


@asynccontextmanager
async def a_browser() -> AsyncIterator[Browser]:
    """Chromium, without a window."""
    path = program("chromium")
    expect.set_options(timeout=PATIENCE)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        try:
            yield browser
        finally:
            await browser.close()


class Visits:
    """Opens pages, each reader in a browser of their own, and records their ``faults``.

    A fault is a dialog, an uncaught error, an error in the console (a breach of the Content-Security-Policy is one), or
    a request to an origin that is not in ``origins``.
    """

    def __init__(self, browser: Browser, stack: AsyncExitStack, origins: set[str]) -> None:
        self._browser, self._stack, self.origins = browser, stack, origins
        self.faults: list[str] = []

    async def begin(
        self,
        *,
        script: bool = True,
        size: Size = WIDE,
        scheme: Scheme = "light",
        language: str = "en",
        magnified: int = 1,
    ) -> Page:
        """Open a page in a new browser, without history."""
        context = await self._browser.new_context(
            java_script_enabled=script,
            viewport={"width": size[0], "height": size[1]},
            device_scale_factor=magnified,
            color_scheme=scheme,
            locale=language,
            reduced_motion="reduce",
        )
        self._stack.push_async_callback(context.close)
        return await self.another(context)

    async def another(self, context: BrowserContext) -> Page:
        """Open one more page in the same browser."""
        context.set_default_timeout(PATIENCE)
        page = await context.new_page()
        await page.add_init_script(WATCH)
        page.on("dialog", self._close)
        page.on("pageerror", lambda error: self.faults.append(f"error: {error}"))
        page.on("console", self._listen)
        page.on("request", self._follow)
        return page

    async def _close(self, dialog: Dialog) -> None:
        self.faults.append(f"dialog: {dialog.message}")
        with suppress(Error):  # the page that had it may be gone
            await dialog.dismiss()

    def _listen(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "assert"} and not message.text.startswith(UNANSWERED):
            self.faults.append(f"console: {message.text}")

    def _follow(self, request: Request) -> None:
        if not request.url.startswith(tuple(f"{origin}/" for origin in self.origins)) and request.url != "about:blank":
            self.faults.append(f"request: {request.url[:500]}")
