"""A page of another origin can't write through its visitors' browsers; other clients and listed origins can."""

import json

import msgspec
import pytest

from service.routes import OPEN_ROUTES, SITE_ROUTES
from tests.builders import ASite, a_comment, a_thread
from tests.permissions.test_cells import BODIES
from tests.platform.http.by_hand import Answer, ask
from tests.reading.pages.html_forms import forms_in

GAZETTE, EVIL = "https://gazette.example", "https://evil.example"
WRITES = [(method, path) for method, path, *_ in SITE_ROUTES if method != "GET"]
FORMS = [path for method, path, _ in OPEN_ROUTES if method != "GET"]
HOST = {"host": "onereply.test"}
# What browsers send for a page of another origin. “Sec-Fetch-Site” is sent only to https and this machine.
FOREIGN = [
    {"sec-fetch-site": "cross-site", "origin": EVIL},
    {"sec-fetch-site": "same-site", "origin": "https://other.onereply.test"},
    {"sec-fetch-site": "cross-site"},
    {"origin": EVIL},
    {"origin": "null"},
    {"origin": "http://["},
    {"origin": "http://onereply.test.evil.example"},
    {"origin": "http://onereply.test:8001"},
    {"origin": ""},
]
ALLOWED: list[dict[str, str]] = [
    {},  # not a browser
    {"sec-fetch-site": "same-origin", "origin": "http://behind.a.proxy"},
    {"sec-fetch-site": "cross-site", "origin": GAZETTE},
    {"sec-fetch-site": "none"},
    {"origin": GAZETTE},
    {"origin": "http://onereply.test"},
    {"origin": "https://onereply.test"},  # TLS ends before the service
]


async def write(site: ASite, method: str, path: str, headers: dict[str, str], *, comment: str) -> Answer:
    """Send a valid write without a key."""
    names = ("comment", "measure", "ban", "endpoint", "key", "moderator", "reader")
    ids = dict.fromkeys(names, comment) | {"article": "a"}
    body = json.dumps(BODIES.get(f"{method} {path}", {})).encode()
    sent = {**HOST, "content-type": "application/json", **headers}
    return await ask(site.app, method, f"/v1/sites/{site.slug}{path.format(**ids)}", headers=sent, body=body)


async def test_every_write_by_a_page_of_another_origin_is_refused(site: ASite) -> None:
    thread = await a_thread(site, article="a")
    comment = (await a_comment(thread))["comment"]["id"]
    await site.set(cors_origins=GAZETTE)
    for method, path in WRITES:
        for headers in FOREIGN:
            answer = await write(site, method, path, headers, comment=comment)
            assert answer.problem()["type"] == "/problems/origin-not-allowed", (method, path, headers)
            assert answer.status == 403
        for headers in ALLOWED:
            answer = await write(site, method, path, headers, comment=comment)
            assert answer.status < 300 or answer.problem()["type"] != "/problems/origin-not-allowed", (path, headers)
    reports = await site.call("GET", f"/comments/{comment}/reports", by="moderator")
    assert len(reports.json()["reports"]) == 1  # of one address
    assert len(await thread.pages()) == 1 + len(ALLOWED)


async def test_no_form_of_another_origin_is_applied(site: ASite) -> None:
    """Listed origins may use the API, which has no cookies; a form is sent with its reader's cookie."""
    thread = await a_thread(site, article="a")
    comment = (await a_comment(thread))["comment"]["id"]
    await site.set(cors_origins="*")
    for path in FORMS:
        url = path.format(site=site.slug, article="a", comment=comment)
        for headers in FOREIGN:
            typed = {"name": "Ada", "body": "Hello.", "reason": "spam"}
            page = await site.client.post(url, data=typed, headers=headers)
            if path.endswith("/appeal"):  # for its author, who is unknown without the cookie
                assert page.status_code == 404
            else:
                assert page.status_code == 200
                assert forms_in(page)
    reports = await site.call("GET", f"/comments/{comment}/reports", by="moderator")
    assert reports.json()["reports"] == []
    assert len(await thread.pages()) == 1


async def test_a_site_may_allow_writes_from_every_origin(site: ASite) -> None:
    await a_thread(site, article="a")
    await site.set(cors_origins="*")
    for headers in FOREIGN:
        answer = await write(site, "POST", "/threads/{article}/comments", headers, comment="")
        assert answer.status == 201


@pytest.mark.parametrize("base_url", ["https://comments.example", "https://Comments.example:443"])
async def test_behind_a_proxy_the_base_url_is_the_own_origin(
    site: ASite, base_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await a_thread(site, article="a")
    monkeypatch.setattr(site.app, "state", msgspec.structs.replace(site.app.state, base_url=base_url))
    answer = await write(site, "POST", "/counts", {"origin": "https://comments.example"}, comment="")
    assert answer.status == 200


async def test_a_body_without_its_content_type_is_refused(site: ASite) -> None:
    """A page can send such a body to another origin without asking."""
    thread = await a_thread(site, article="a")
    body = json.dumps(BODIES["POST /threads/{article}/comments"]).encode()
    url, form = f"/v1/sites/{site.slug}{thread.path}/comments", f"/{site.slug}/a/comments"
    for sent in ({}, {"content-type": ""}, {"content-type": "text/plain"}):
        assert (await ask(site.app, "POST", url, headers={**HOST, **sent}, body=body)).status == 415
        assert (await ask(site.app, "POST", form, headers={**HOST, **sent}, body=b"name=Ada&body=x")).status == 415
    assert await thread.pages() == []
