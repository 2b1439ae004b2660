"""Every page of the desk: valid HTML, without barriers, in light and dark, as wide as a phone and right to left."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from service.desk_routes import DESK_PAGES
from tests.browser.a_browser import Scheme, Visits, program
from tests.browser.desk.a_desk import a_desk
from tests.browser.page_checks import barriers, overflowing, photograph
from tests.browser.test_every_page import OPTIONS
from tests.builders import ASite, a_comment, a_thread, decide, set_rules
from tests.desk.test_desk_permissions import path_of
from tests.installing import node_modules, run

pytestmark = pytest.mark.slow
PARTS = ("/queue/newer", ".csv", ".jsonl", ".txt")  # of pages, and files
PAGES = [path for method, path, _, _ in DESK_PAGES if method == "GET" and not path.endswith(PARTS)]


async def addresses(site: ASite) -> list[str]:
    """The pages, of a site in which something has happened."""
    await set_rules(site, hold_words=["swindle"])
    thread = await a_thread(site, section="sport", title="Donaudampfschifffahrtsgesellschaft " * 3)
    held = (await a_comment(thread, "A swindle. " + "W" * 90, name="N" * 90))["comment"]
    await a_comment(thread, "Another swindle https://a.example/", below=None)
    await decide(site, "reject", held, reason="abuse", note="Rude. " * 20)
    await site.call("POST", "/endpoints", by="admin", json={"url": f"https://192.0.2.1/{'x' * 120}"})
    await site.sweep()
    paths = [await path_of(site, path) for path in PAGES]
    return [each for each in dict.fromkeys(paths) if "/0" not in each]


async def visited(site: ASite, visits: Visits, origin: str, scheme: Scheme, **window: Any) -> list[str]:
    """What is wrong with the pages in such a window."""
    page = await a_desk(site, visits, origin, role="admin", scheme=scheme, **window)
    found = []
    for path in await addresses(site):
        answer = await page.goto(f"{origin}/desk/{site.slug}/{path}")
        assert answer
        if answer.status >= 400:
            continue  # a page that needs a query
        await photograph(page, f"desk-{path.replace('/', '-')[:60]}-{scheme}-{window.get('language', 'en')}")
        found += [f"{path}: {each}" for each in [*await barriers(page), *await overflowing(page)]]
    return found


async def test_the_html_checker_finds_nothing_in_the_desk(
    site: ASite, visits: Visits, origin: str, tmp_path: Path
) -> None:
    page = await a_desk(site, visits, origin, role="admin")
    for number, path in enumerate(await addresses(site)):
        answer = await page.request.get(f"{origin}/desk/{site.slug}/{path}")
        (tmp_path / f"{number}-{path.replace('/', '-')[:40].replace('?', '-')}.html").write_text(await answer.text())
    jar = node_modules(Path(__file__).parents[1]) / "vnu-jar" / "build" / "dist" / "vnu.jar"
    checker = (program("java"), "-Xss1m", "-jar", jar, *OPTIONS, tmp_path)
    messages = json.loads(await asyncio.to_thread(run, checker))["messages"]
    found = [f"{Path(each['url']).stem}:{each['lastLine']} {each['message']}" for each in messages]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_nothing_in_the_desk(site: ASite, visits: Visits, origin: str, scheme: Scheme) -> None:
    found = await visited(site, visits, origin, scheme)
    assert not found, "\n".join(found)


@pytest.mark.parametrize("language", ["en", "ar"])
async def test_the_desk_fits_a_phone(site: ASite, visits: Visits, origin: str, language: str) -> None:
    found = await visited(site, visits, origin, "light", size=(360, 740), language=language)
    assert not found, "\n".join(found)
