"""Only messages with a fresh signature of the site's host are accepted; hostile ones get a clear problem."""

import base64
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from tests.builders import ASite, Clock, Json, a_site, events_of
from tests.integrations.articles.articles import PATH, SECRET, article_event, send, share_webhook_secret, signed
from tests.samples import HAS_REAL, sample_cases

OTHER_SECRET = "whsec_" + "QUJD" * 10
PUBLISHED = msgspec.json.encode(
    {"type": "article.published", "timestamp": "2026-11-24T12:00:00Z", "data": {"article": "a", "title": "Tram"}}
)


@pytest.fixture(autouse=True)
async def shared(site: ASite) -> None:
    await share_webhook_secret(site)


async def refused(site: ASite, body: bytes, headers: dict[str, str]) -> Json:
    """The problem of a refused message, which must change nothing."""
    before = await events_of(site)
    response = await site.call("POST", PATH, content=body, headers=headers)
    assert 400 <= response.status_code < 500, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert await events_of(site) == before
    problem: Json = response.json()
    return problem


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
async def test_a_message_without_one_of_the_three_headers_is_refused(site: ASite, name: str) -> None:
    headers = signed(PUBLISHED)
    del headers[name]
    problem = await refused(site, PUBLISHED, headers)
    assert (problem["type"], problem["status"]) == ("/problems/invalid-signature", 401)
    assert name in problem["detail"]


def as_svix_signs(body: bytes, **given: Any) -> dict[str, str]:
    return {name.replace("webhook-", "svix-"): value for name, value in signed(body, **given).items()}


async def test_a_message_may_have_the_headers_of_svix(site: ASite) -> None:
    headers = as_svix_signs(PUBLISHED)
    for _ in range(2):
        assert (await site.call("POST", PATH, content=PUBLISHED, headers=headers)).status_code == 200
    assert [event["type"] for event in await events_of(site)] == ["thread.created"]
    both = as_svix_signs(PUBLISHED) | signed(PUBLISHED)
    assert (await site.call("POST", PATH, content=PUBLISHED, headers=both)).status_code == 200


async def test_headers_of_svix_are_checked_and_never_mixed_with_the_standard_ones(site: ASite) -> None:
    headers = as_svix_signs(PUBLISHED)
    for changed in (
        headers | {"svix-id": "another"},
        headers | {"svix-signature": "v1,"},
        headers | {"webhook-id": headers["svix-id"]},
        as_svix_signs(PUBLISHED, secret=OTHER_SECRET),
        as_svix_signs(PUBLISHED) | signed(PUBLISHED, secret=OTHER_SECRET),
        {name: value for name, value in headers.items() if name != "svix-timestamp"},
    ):
        assert (await refused(site, PUBLISHED, changed))["type"] == "/problems/invalid-signature"


@pytest.mark.parametrize("minutes", [-5.1, 5.1])
async def test_a_message_more_than_five_minutes_away_is_refused(site: ASite, the_clock: Clock, minutes: float) -> None:
    await share_webhook_secret(site)
    headers = signed(PUBLISHED, at=the_clock.now() + timedelta(minutes=minutes))
    assert "five minutes" in (await refused(site, PUBLISHED, headers))["detail"]
    late = signed(PUBLISHED, at=the_clock.now() + timedelta(minutes=minutes * 0.97))
    assert (await site.call("POST", PATH, content=PUBLISHED, headers=late)).status_code == 200


@pytest.mark.parametrize(
    "change",
    [
        {"webhook-id": "another"},
        {"webhook-timestamp": "soon"},
        {"webhook-timestamp": "9" * 30},
        {"webhook-signature": "v1,"},
        {"webhook-signature": "v1a," + "A" * 88},
        {"webhook-signature": "ж".encode()},
    ],
)
async def test_a_signature_of_another_message_is_refused(site: ASite, change: dict[str, Any]) -> None:
    problem = await refused(site, PUBLISHED, signed(PUBLISHED) | change)
    assert problem["type"] == "/problems/invalid-signature"


async def test_a_changed_body_or_another_secret_is_refused(site: ASite) -> None:
    assert (await refused(site, PUBLISHED + b" ", signed(PUBLISHED)))["type"] == "/problems/invalid-signature"
    headers = signed(PUBLISHED, secret=OTHER_SECRET)
    assert (await refused(site, PUBLISHED, headers))["type"] == "/problems/invalid-signature"


async def test_a_site_without_a_secret_gives_the_same_problem_as_a_wrong_signature(site: ASite) -> None:
    wrong = await refused(site, PUBLISHED, signed(PUBLISHED, secret=OTHER_SECRET))
    async with a_site(site.app) as other:
        assert await refused(other, PUBLISHED, signed(PUBLISHED)) == wrong


async def test_a_replaced_secret_no_longer_verifies(site: ASite) -> None:
    await share_webhook_secret(site, OTHER_SECRET)
    assert (await refused(site, PUBLISHED, signed(PUBLISHED, secret=SECRET)))["status"] == 401
    assert (await send(site, PUBLISHED, secret=OTHER_SECRET)).status_code == 200


@pytest.mark.parametrize("message_id", ["x" * 257, "a b", "é"])
async def test_a_malformed_id_is_refused(site: ASite, message_id: str) -> None:
    headers: dict[str, Any] = signed(PUBLISHED, message_id=message_id)
    headers = {name: value.encode("latin-1") for name, value in headers.items()}
    problem = await refused(site, PUBLISHED, headers)
    assert (problem["type"], problem["header"]) == ("/problems/invalid-header", "webhook-id")


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"type": "article.liked"}, "/type"),
        ({"type": None}, "/type"),
        ({"timestamp": "yesterday"}, "/timestamp"),
        ({"timestamp": "2026-11-24T12:00:00"}, "/timestamp"),
        ({"timestamp": "0001-01-01T00:00:00Z"}, "/timestamp"),
        ({"data": []}, "/data"),
        ({"more": 1}, "/more"),
        ({"data": {"title": "Tram"}}, "/data/article"),
        ({"data": {"article": ".", "title": "Tram"}}, "/data/article"),
        ({"data": {"article": "", "title": "Tram"}}, "/data/article"),
        ({"data": {"article": "x" * 501, "title": "Tram"}}, "/data/article"),
        ({"data": {"article": 42, "title": "Tram"}}, "/data/article"),
        ({"data": {"article": "a", "previous_article": "a\n", "title": "Tram"}}, "/data/previous_article"),
        ({"data": {"article": "a", "title": "  "}}, "/data/title"),
        ({"data": {"article": "a", "title": "Tram", "url": "javascript:alert(1)"}}, "/data/url"),
        ({"data": {"article": "a", "title": "Tram", "closing": {"kind": "at"}}}, "/data/closing/at"),
        ({"data": {"article": "a", "title": "Tram", "updated_at": "9999-12-31T23:59:59-12:00"}}, "/data/updated_at"),
        ({"data": {"article": "a", "title": "Tram", "author": "Ada"}}, "/data/author"),
    ],
)
async def test_an_invalid_field_is_named_by_its_pointer(site: ASite, change: Json, pointer: str) -> None:
    body = msgspec.json.encode(article_event("published", title="Tram") | change)
    problem = await refused(site, body, signed(body))
    assert (problem["type"], problem["pointer"]) == ("/problems/invalid-field", pointer)


async def test_a_body_of_more_than_64_kib_is_refused_first(site: ASite) -> None:
    body = msgspec.json.encode(article_event("published", title="x" * 70_000))
    assert (await refused(site, body, signed(body)))["type"] == "/problems/content-too-large"


async def test_only_json_is_accepted(site: ASite) -> None:
    headers = signed(PUBLISHED) | {"content-type": "text/plain"}
    assert (await refused(site, PUBLISHED, headers))["type"] == "/problems/unsupported-media-type"


async def test_every_hostile_body_gets_a_problem(site: ASite) -> None:
    count = 0
    for sent in sample_cases("hostile/request-bodies.json"):
        await _unrecorded(site, bytes.fromhex(sent["hex"]))
        count += 1
    for _, encoded in sample_cases("hostile/json-parsing.json"):
        body = base64.b64decode(encoded)
        await _unrecorded(site, body)
        await _unrecorded(site, PUBLISHED.replace(b'"Tram"', body))
        count += 2
    assert count > (800 if HAS_REAL else 200)


async def _unrecorded(site: ASite, body: bytes) -> None:
    try:
        headers = signed(body)
    except UnicodeDecodeError:
        headers = signed(b"{}")
    response = await site.call("POST", PATH, content=body, headers=headers)
    assert response.status_code < 500, body
