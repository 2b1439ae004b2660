"""``/docs`` tells the whole contract, and every type of problem has a page of its own."""

import re
from html import unescape
from html.parser import HTMLParser

import pytest

from service.reading.docs.reference import contract, curl, operations, webhooks, who_may
from tests.builders import ASite

TYPES = contract()["components"]["schemas"]["Problem"]["properties"]["type"]["enum"]
VOID = {"meta", "link", "wbr", "br", "hr", "img", "input"}


class Reading(HTMLParser):
    """What a page holds: ids, links, text; elements that are closed out of turn are an error."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
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
        if tag == "a" and (href := given.get("href")):
            self.links.append(href)
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


async def read(site: ASite, path: str) -> Reading:
    answer = await site.client.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; style-src 'self'")
    return Reading(answer.text)


async def test_every_operation_with_its_parameters_is_told(site: ASite) -> None:
    docs = await read(site, "/docs")
    for operation in operations():
        assert operation["operationId"] in docs.ids
        assert operation["path"] in docs.text
        assert unescape(operation["summary"]) in docs.text
        assert curl(operation) in docs.text
        assert all(parameter["name"] in docs.text for parameter in operation["parameters"])


async def test_every_webhook_with_its_headers_answers_and_example_is_told(site: ASite) -> None:
    docs = await read(site, "/docs")
    for webhook in webhooks():
        assert webhook["operationId"] in docs.ids
        assert webhook["type"] in docs.text
        assert f"Example: {webhook['type']}" in docs.text
        # These are told once, above all of them.
        assert webhook["parameters"] == webhooks()[0]["parameters"]
        assert webhook["responses"] == webhooks()[0]["responses"]
    assert all(parameter["name"] in docs.text for parameter in webhooks()[0]["parameters"])


def test_who_may_call_and_by_what_is_told_of_every_operation_that_needs_something() -> None:
    told = {each["operationId"]: (who_may(each), curl(each)) for each in operations()}
    assert told["getSession"][0] == "a moderator who is logged in (session)"
    assert 'Bearer $SESSION"' in told["getSession"][1]
    assert 'Bearer $TOKEN"' in told["patchComment"][1]
    assert 'Bearer $KEY"' in told["getRules"][1]
    for operation in operations():
        assert ("anyone" in told[operation["operationId"]][0]) == ({} in (operation["security"] or [{}]))


async def test_every_schema_with_its_members_is_told(site: ASite) -> None:
    docs = await read(site, "/docs")
    for name, schema in contract()["components"]["schemas"].items():
        assert f"schema-{name}" in docs.ids
        assert all(member in docs.text for member in schema.get("properties", {}))


async def test_every_link_within_the_page_leads_somewhere_and_nowhere_twice(site: ASite) -> None:
    docs = await read(site, "/docs")
    assert len(set(docs.ids)) == len(docs.ids)
    for link in docs.links:
        if link.startswith("#"):
            assert link[1:] in docs.ids, link
        elif not link.startswith("https://"):
            assert (await site.client.get(link)).status_code == 200, link


async def test_the_pages_have_no_script_and_no_style_of_their_own(site: ASite) -> None:
    for path in ("/docs", "/problems/thread-closed"):
        assert (await read(site, path)).names & {"script", "style"} == set()


@pytest.mark.parametrize("uri", TYPES)
async def test_the_type_of_each_problem_is_the_address_of_its_page(site: ASite, uri: str) -> None:
    page = await read(site, uri)
    assert uri in page.text
    docs = await read(site, "/docs")
    assert all(link.partition("#")[2] in docs.ids for link in page.links if link.startswith("/docs#"))


async def test_a_problem_that_nobody_has_is_not_there(site: ASite) -> None:
    assert (await site.client.get("/problems/none")).status_code == 404


async def test_the_reference_is_asked_for_again_by_its_tag(site: ASite) -> None:
    first = await site.client.get("/docs")
    again = await site.client.get("/docs", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert re.fullmatch(r"public, max-age=\d+", again.headers["cache-control"])
