"""Rate limits: requests over a limit get 429 with the draft and the time to retry."""

import time

import pytest
from starlette.requests import Request

from service.platform.http.request_origin import client_network
from service.platform.languages.messages import sentence
from tests.builders import ASite, a_comment, a_site, a_thread


async def test_a_post_over_the_limit_gets_its_draft_and_the_time_to_retry(site: ASite) -> None:
    await site.set(post_limit_per_address="2/hour")
    thread = await a_thread(site)
    for number in (1, 2):
        posted = await thread.post(f"Number {number}.")
        assert posted.status_code == 201
        assert posted.headers["ratelimit-policy"] == '"post-limit-per-address";q=2;w=3600'
        assert posted.headers["ratelimit"].startswith(f'"post-limit-per-address";r={2 - number};t=')
    refused = await thread.post("One more thing.")
    assert refused.status_code == 429
    problem = refused.json()
    assert problem["type"] == "/problems/rate-limited"
    assert problem["draft"]["body"] == "One more thing."
    assert 0 < int(refused.headers["retry-after"]) <= 3600
    assert refused.headers["ratelimit"].startswith('"post-limit-per-address";r=0;t=')
    assert (await thread.read())["reply_count"] == 2


async def test_posts_are_counted_by_reader(site: ASite) -> None:
    thread = await a_thread(site)
    token = (await a_comment(thread))["author_token"]
    other = (await a_comment(thread))["author_token"]
    await site.set(post_limit_per_reader="1/hour")
    assert (await thread.post("Again.", by=token)).status_code == 201
    assert (await thread.post("And again.", by=token)).status_code == 429
    assert (await thread.post("Somebody else.", by=other)).status_code == 201


async def test_an_edit_counts_as_a_post_and_gets_its_draft_over_the_limit(site: ASite) -> None:
    posted = await a_comment(await a_thread(site))
    await site.set(post_limit_per_reader="1/hour")
    path = f"/comments/{posted['comment']['id']}"
    assert (await site.call("PATCH", path, by=posted["author_token"], json={"body": "Better."})).status_code == 200
    refused = await site.call("PATCH", path, by=posted["author_token"], json={"body": "Best."})
    assert (refused.status_code, refused.json()["draft"]) == (429, {"body": "Best."})
    assert (await site.call("DELETE", path, by=posted["author_token"])).status_code == 204


async def test_an_idempotent_retry_is_answered_over_the_limit(site: ASite) -> None:
    await site.set(post_limit_per_address="1/hour")
    thread = await a_thread(site)
    first = await thread.post("Once.", key="a-key-that-is-long-enough")
    assert first.status_code == 201
    again = await thread.post("Once.", key="a-key-that-is-long-enough")
    assert (again.status_code, again.json()["comment"]) == (201, first.json()["comment"])
    assert (await thread.post("Twice.", key="another-key-that-is-long")).status_code == 429


async def test_the_host_posts_for_readers_without_the_limits_of_readers(site: ASite) -> None:
    await site.set(post_limit_per_address="1/hour", request_limit_per_address="1/hour")
    thread = await a_thread(site)
    for _ in range(3):
        assert (await thread.post(by="host")).status_code == 201


async def test_requests_are_counted_by_key(site: ASite) -> None:
    await site.set(request_limit_per_key="2/hour")
    listed = [await site.call("GET", "/threads", by="host") for _ in range(3)]
    assert [answer.status_code for answer in listed] == [200, 200, 429]
    assert listed[0].headers["ratelimit"].startswith('"request-limit-per-key";r=1;t=')
    assert (await site.call("GET", "/threads", by="admin")).status_code == 200


async def test_requests_without_a_key_are_counted_by_address(site: ASite) -> None:
    thread = await a_thread(site)
    await site.set(request_limit_per_address="2/hour")
    answers = [await site.call("GET", thread.path) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert "ratelimit" not in answers[0].headers, "it may be shared with others"


async def test_requests_with_invalid_keys_are_counted(site: ASite) -> None:
    await site.set(request_limit_per_address="2/hour")
    guessed = [await site.call("GET", "/threads", by=f"ork_{'0' * 12}_{'x' * 43}") for _ in range(3)]
    assert [answer.status_code for answer in guessed] == [401, 401, 429]


async def test_requests_with_keys_of_another_site_are_counted(site: ASite) -> None:
    await site.set(request_limit_per_address="2/hour")
    async with a_site(site.app) as other:
        keys = [*other.keys.values()][:1] * 3
        tried = [await site.call("GET", "/threads", by=key) for key in keys]
    assert [answer.status_code for answer in tried] == [403, 403, 429]


async def test_a_limit_ends_with_its_window(site: ASite, monkeypatch: pytest.MonkeyPatch) -> None:
    await site.set(post_limit_per_address="1/minute")
    thread = await a_thread(site)
    now = time.time()
    assert (await thread.post()).status_code == 201
    assert (await thread.post()).status_code == 429
    monkeypatch.setattr(time, "time", lambda: now + 61)
    assert (await thread.post()).status_code == 201


async def test_a_site_has_no_limits_by_default(site: ASite) -> None:
    thread = await a_thread(site)
    for _ in range(30):
        answer = await thread.post()
        assert answer.status_code == 201
        assert "ratelimit" not in answer.headers


async def test_the_sentence_is_in_the_readers_language(site: ASite) -> None:
    await site.set(request_limit_per_address="1/hour")
    await site.call("GET", "/threads/a")
    refused = await site.call("GET", "/threads/a", headers={"Accept-Language": "ru"})
    assert refused.headers["content-language"] == "ru"
    assert refused.json()["title"] == sentence("problem", "rate-limited", locale="ru")


@pytest.mark.parametrize(
    ("host", "counted"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:0db8:0001:0002"),
        ("2001:db8:1:2::9", "2001:0db8:0001:0002"),
        ("unknown", "unknown"),
    ],
)
def test_an_ipv6_64_counts_as_one_address(host: str, counted: str) -> None:
    assert client_network(Request({"type": "http", "client": (host, 1)})) == counted


def test_a_unix_socket_has_no_address() -> None:
    assert client_network(Request({"type": "http", "client": None})) is None
