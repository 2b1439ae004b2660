"""Every page in every state: valid, without barriers, in any window, in light and dark, in any direction."""

import asyncio
import json
from pathlib import Path

import pytest

from tests.browser.a_browser import MAGNIFIED, NARROW, WIDE, Scheme, Size, Visits, program
from tests.browser.gallery import Picture
from tests.browser.page_checks import barriers, overflowing, photograph
from tests.installing import node_modules, run

pytestmark = pytest.mark.slow
OPTIONS = ("--errors-only", "--format", "json", "--exit-zero-always", "--stdout")
WINDOWS = {"wide": WIDE, "narrow": NARROW, "magnified": MAGNIFIED}


async def test_the_html_checker_finds_nothing(pictures: list[Picture], tmp_path: Path) -> None:
    for picture in pictures:
        (tmp_path / f"{picture.name}.html").write_text(picture.html)
    jar = node_modules(Path(__file__).parent) / "vnu-jar" / "build" / "dist" / "vnu.jar"
    checker = (program("java"), "-Xss1m", "-jar", jar, *OPTIONS, tmp_path)
    messages = json.loads(await asyncio.to_thread(run, checker))["messages"]
    found = [f"{Path(each['url']).stem}:{each['lastLine']} {each['message']}" for each in messages]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_nothing(pictures: list[Picture], visits: Visits, scheme: Scheme) -> None:
    page = await visits.begin(scheme=scheme)
    found = []
    for picture in pictures:
        if picture.name.startswith("errors-in-" if scheme == "light" else ("errors-in-", "language-")):
            continue  # the same pages in another language
        await picture.show(page)
        await photograph(page, f"{picture.name}-{scheme}")
        found += [f"{picture.name}: {each}" for each in await barriers(page)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(("window", "size"), WINDOWS.items(), ids=list(WINDOWS))
async def test_no_page_scrolls_sideways(pictures: list[Picture], visits: Visits, window: str, size: Size) -> None:
    page = await visits.begin(size=size, magnified=2 if size is MAGNIFIED else 1)
    found = []
    for picture in pictures:
        await picture.show(page)
        if size is not WIDE:
            await photograph(page, f"{picture.name}-{window}")
        found += [f"{picture.name}: {each}" for each in await overflowing(page)]
    assert not found, "\n".join(found)
