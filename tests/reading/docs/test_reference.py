"""``/docs`` reaches every operation, also without JavaScript, and every type of problem has a page of its own."""

import re
from hashlib import sha256
from html import unescape
from html.parser import HTMLParser

import pytest

from service.reading.docs.contract import contract
from service.reading.docs.reference import operations
from service.reading.pages.static_files import FILES
from service.reading.pages.templates_engine import DOCS_POLICY, SAFE
from tests.builders import ASite
from tests.reading.pages.scalar_bundle import SHA256, VERSION

TYPES = contract()["components"]["schemas"]["Problem"]["properties"]["type"]["enum"]
VOID = {"meta", "link", "wbr", "br", "hr", "img", "input"}


class Reading(HTMLParser):
    """Parses a page: ids, links, scripts, text; wrongly nested elements are an error."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.loads: list[str] = []
        self.names: set[str] = set()
        self.text = ""
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.names |= {tag, *given}
        if identity := given.get("id"):
            self.ids.append(identity)
        if href := given.get("href"):
            (self.links if tag == "a" else self.loads).append(href)
        if source := given.get("src"):
            self.loads.append(source)
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


async def read(site: ASite, path: str) -> Reading:
    answer = await site.client.get(path)
    assert answer.status_code == 200
    return Reading(answer.text)


async def test_without_script_every_operation_is_listed_with_its_path(site: ASite) -> None:
    docs = await read(site, "/docs")
    for operation in operations():
        assert operation["anchor"] in docs.ids
        assert operation["path"] in docs.text
        assert unescape(operation["summary"]) in docs.text
    assert len(set(docs.ids)) == len(docs.ids)


async def test_without_script_the_contract_and_every_problem_are_one_link_away(site: ASite) -> None:
    docs = await read(site, "/docs")
    assert {"/openapi.json", *TYPES} <= set(docs.links)
    for link in docs.links:
        assert (await site.client.get(link)).status_code == 200, link


async def test_the_pages_load_only_their_own_files(site: ASite) -> None:
    for path in ("/docs", "/problems/thread-closed"):
        page = await read(site, path)
        assert page.loads
        for file in page.loads:
            assert file.startswith("/static/")
            assert (await site.client.get(file)).status_code == 200


async def test_no_policy_allows_inline_script_eval_or_other_hosts(site: ASite) -> None:
    docs = (await site.client.get("/docs")).headers["content-security-policy"]
    assert docs == DOCS_POLICY["content-security-policy"]
    sources = {source for directive in docs.split("; ") for source in directive.split(" ")[1:]}
    assert sources == {"'none'", "'self'", "'unsafe-inline'", "data:"}
    assert [each for each in docs.split("; ") if "unsafe" in each] == ["style-src 'self' 'unsafe-inline'"]
    problem = await site.client.get("/problems/thread-closed")
    assert problem.headers["content-security-policy"] == SAFE["content-security-policy"]
    assert "script-src" not in SAFE["content-security-policy"]
    for path in ("/docs", "/problems/thread-closed"):
        assert "style" not in (await read(site, path)).names


async def test_each_problem_type_is_the_address_of_its_page(site: ASite) -> None:
    anchors = {f"/docs#{operation['anchor']}" for operation in operations()}
    for uri in TYPES:
        page = await read(site, uri)
        assert uri in page.text
        assert {link for link in page.links if link.startswith("/docs#")} <= anchors


async def test_an_unknown_problem_is_not_found(site: ASite) -> None:
    assert (await site.client.get("/problems/none")).status_code == 404


async def test_the_reference_is_revalidated_by_its_entity_tag(site: ASite) -> None:
    for path in ("/docs", "/openapi.json", "/static/scalar.js"):
        first = await site.client.get(path)
        again = await site.client.get(path, headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert re.fullmatch(r"public, max-age=\d+", again.headers["cache-control"])


@pytest.mark.parametrize("coding", ["gzip", "identity"])
async def test_scalar_is_the_pinned_bundle_in_either_coding(site: ASite, coding: str) -> None:
    sent = await site.client.get("/static/scalar.js", headers={"Accept-Encoding": coding})
    assert sent.headers.get("content-encoding", "identity") == coding
    assert sent.headers["content-type"].startswith("text/javascript")
    assert sha256(sent.content).hexdigest() == SHA256, "`make docs-bundle` renews it"
    assert VERSION in sent.text


def test_the_licenses_of_scalar_are_served_beside_it() -> None:
    licenses = FILES["scalar-licenses.txt"].content().decode()
    assert licenses.startswith("@scalar/themes")
    assert "MIT License" in licenses
