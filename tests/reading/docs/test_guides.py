"""The guides are served as pages, and every link and image in a document works."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import httpx2
import pytest

from service.app import create_app
from service.reading.docs.guides import FOLDER, ORDER, read_guide
from tests.conftest import an_installation
from tests.reading.docs.documents import ROOT, anchors_of, documents, links_of, read_page


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of an app whose database is never opened: the documentation needs none."""
    app = create_app(an_installation(f"sqlite:///{tmp_path}/unused.db"))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://onereply.test") as client:
        yield client
    await app.state.database.close()


def test_every_guide_is_listed() -> None:
    assert {path.stem for path in FOLDER.glob("*.md")} == set(ORDER)


@pytest.mark.parametrize("name", ["", *ORDER])
async def test_every_guide_is_served_with_all_that_it_links_to(client: httpx2.AsyncClient, name: str) -> None:
    url = f"/docs/guides/{name}"
    answer = await client.get(url)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    for link in read_page(answer.text).links:
        target = urlsplit(urljoin(url, link))
        if not target.netloc:
            linked = await client.get(target.path)
            assert linked.status_code == 200, link
            assert not target.fragment or target.fragment in read_page(linked.text).anchors, link


async def test_no_guide_has_script_or_style_of_its_own(client: httpx2.AsyncClient) -> None:
    for name in ("", *ORDER):
        answer = await client.get(f"/docs/guides/{name}")
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; style-src 'self';")
        assert "unsafe" not in policy
        assert not re.search(r"<script|<style| style=|raw HTML omitted|<!--", answer.text)


async def test_the_index_has_the_first_paragraph_of_every_guide(client: httpx2.AsyncClient) -> None:
    text = read_page((await client.get("/docs/guides/")).text).text
    for guide in map(read_guide, ORDER):
        assert guide.title in text
        assert guide.summary in text


def test_the_anchors_of_a_served_guide_are_those_of_a_code_host() -> None:
    for name in ORDER:
        _, *anchors = anchors_of(FOLDER / f"{name}.md")
        assert [heading.anchor for heading in read_guide(name).contents] == anchors
        assert len(set(anchors)) == len(anchors)


async def test_a_guide_is_revalidated_by_its_entity_tag(client: httpx2.AsyncClient) -> None:
    for path in ("/docs/guides/", "/docs/guides/install", "/docs/guides/thread.png"):
        first = await client.get(path)
        again = await client.get(path, headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert re.fullmatch(r"public, max-age=\d+", again.headers["cache-control"])


async def test_the_picture_is_small(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/docs/guides/thread.png")
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert len(answer.content) < 120_000


async def test_an_unknown_guide_is_the_404_page(client: httpx2.AsyncClient) -> None:
    for name in ("none", "install.md", "guides.py", "%2e%2e%2fguides.py"):
        answer = await client.get(f"/docs/guides/{name}")
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize("document", documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_of_a_document_works_on_a_code_host(document: Path) -> None:
    for link in links_of(document):
        path, _, anchor = link.partition("#")
        if not urlsplit(link).scheme:
            target = (document.parent / path).resolve() if path else document
            assert target.is_relative_to(ROOT), link
            assert target.exists(), link
            assert not anchor or anchor in anchors_of(target), link
