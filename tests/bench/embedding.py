"""The embed in Chromium with a CPU slowed down four times: time to ready with 50 comments, and layout shift."""

from pathlib import Path
from statistics import median

from playwright.sync_api import Browser, sync_playwright

from tests.bench.a_service import ORIGIN

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
SLOWED = 4
RUNS = 10
WATCH = """
window.moved = 0;
new PerformanceObserver((list) => {
  for (const shift of list.getEntries()) if (!shift.hadRecentInput) moved += shift.value;
}).observe({ type: "layout-shift", buffered: true });
window.settled = new Promise((settle) => {
  addEventListener("onereply:ready", () => {
    window.ready = performance.now();
    setTimeout(settle, 500); // include late layout shifts
  });
});
"""
LOADED = "performance.getEntriesByType('resource').find((each) => each.name.endsWith('/embed.js')).responseEnd"


def report(article: str) -> str:
    """A line with the results for ``article``, or the reason why it can't be measured."""
    if not CHROMIUM.exists():
        return "The embed is not measured: there is no Chromium at /usr/bin/chromium."
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        runs = [_run(browser, f"{ORIGIN}/bench/{article}/embed") for _ in range(RUNS)]
        browser.close()
    ready, moved = median(run[0] for run in runs), max(run[1] for run in runs)
    return (
        f"The embed, Chromium slowed {SLOWED}×, 50 comments: ready {ready:.0f} ms after its script is there "
        f"(median of {RUNS}, 300 asked); cumulative layout shift {moved:.3f} at most (0.05 asked)."
    )


def _run(browser: Browser, url: str) -> tuple[float, float]:
    """Milliseconds until ready, and the cumulative layout shift, with an empty cache."""
    context = browser.new_context(viewport={"width": 1000, "height": 800}, bypass_csp=True)
    page = context.new_page()
    page.add_init_script(WATCH)
    context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": SLOWED})
    page.goto(url)
    page.evaluate("settled")
    measured: tuple[float, float] = page.evaluate(f"[ready - {LOADED}, moved]")
    context.close()
    return measured[0], measured[1]
