"""Akismet checks posts where the site uses it; its answer has the effect set, and it never delays a post for long."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import msgspec
import pytest
import structlog
from prometheus_client import REGISTRY

from service.app import App, create_app
from service.conversation.comments.akismet_check import AkismetCheck
from service.conversation.comments.remote_checks import RemoteChecks
from service.conversation.screening.akismet import Akismet
from service.platform.sites.edit_site import find_site
from service.platform.sites.site_lookup import Site
from service.platform.sites.site_secrets import set_secret
from service.settings import Settings
from tests.an_akismet import AnAkismet, Does, Says, an_akismet
from tests.builders import ASite, Clock, Json, a_comment, a_site, a_thread, set_rules
from tests.conftest import SECRET_KEY

KEY = "123YourAPIKey"
BLOG = "https://gazette.example/"
ASK: Json = {"akismet": "spam", "akismet_blog": BLOG}
LONG = 20.0  # seconds; no test waits this long


@pytest.fixture
async def akismet() -> AsyncIterator[AnAkismet]:
    async with an_akismet() as server:
        yield server


@pytest.fixture
async def shared_akismet(app: App) -> AsyncIterator[AnAkismet]:
    """An Akismet that the app calls for every site, with one key and a long timeout."""
    async with an_akismet() as server, using(app, Akismet(server.url, seconds=LONG)):
        yield server


@pytest.fixture
def logged() -> Iterator[list[Any]]:
    with structlog.testing.capture_logs() as lines:
        yield lines


@asynccontextmanager
async def using(app: App, akismet: Akismet, *, key: str | None = KEY) -> AsyncIterator[None]:
    """Make ``app`` use this ``akismet`` with this ``key``."""

    async def find_key(_site: Site) -> str | None:
        return key

    checks = app.state.remote_checks
    checks = RemoteChecks(app.state.database, AkismetCheck(akismet, find_key=find_key), checks.webhook)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(app, "state", msgspec.structs.replace(app.state, remote_checks=checks))
        yield
    await akismet.close()


async def findings_of(site: ASite, comment: Json) -> list[tuple[str, str, str | None]]:
    seen = await site.call("GET", f"/comments/{comment['id']}", by="moderator")
    return [(each["rule"], each["action"], each["matched"]) for each in seen.json()["comment"]["findings"]]


@pytest.mark.parametrize(
    ("says", "taken", "found"),
    [
        ("false", "spam", []),
        ("true", "spam", [("akismet", "spam", None)]),
        ("true", "hold", [("akismet", "hold", None)]),
        ("discard", "spam", [("akismet", "spam", "discard")]),
        ("discard", "hold", [("akismet", "hold", "discard")]),
    ],
)
async def test_akismets_answer_has_the_effect_set_by_the_site(
    site: ASite, shared_akismet: AnAkismet, says: Says, taken: str, found: list[tuple[str, str, str | None]]
) -> None:
    thread = await a_thread(site)
    await set_rules(site, akismet=taken, akismet_blog=BLOG)
    shared_akismet.says = says
    posted = await a_comment(thread)
    assert posted["comment"]["state"] == ("pending" if found else "published")
    decided = await site.call("GET", f"/comments/{posted['comment']['id']}", by="moderator")
    assert decided.json()["comment"]["state"] == (
        {"hold": "pending", "spam": "spam"}[found[0][1]] if found else "published"
    )
    assert posted["thread"]["reply_count"] == (not found)
    assert await findings_of(site, posted["comment"]) == found


async def test_akismet_gets_the_documented_fields_and_no_others(
    app: App, shared_akismet: AnAkismet, the_clock: Clock
) -> None:
    async with a_site(app, locale="pt-BR") as site:
        await set_rules(site, **ASK)
        thread = await a_thread(site, url="https://gazette.example/moscow")
        parent = await a_comment(thread)
        await site.call(
            "POST",
            f"{thread.path}/comments",
            json={
                "body": "Olá & *adeus* = 100 %",
                "author": {"name": "Zoë", "email": "zoe@example.org", "url": "https://zoe.example/"},
                "parent_id": parent["comment"]["id"],
                "form": {"honeypot": "", "seconds": 9},
            },
            headers={"User-Agent": "Browser/1.0", "Referer": "https://gazette.example/moscow?a=b"},
        )
    (request, first), (_, second) = shared_akismet.asked
    assert request == "POST /1.1/comment-check HTTP/1.1"
    assert shared_akismet.headers[0]["content-type"] == "application/x-www-form-urlencoded"
    assert second == {
        "api_key": KEY,
        "blog": BLOG,
        "blog_lang": "pt_br",
        "blog_charset": "UTF-8",
        "user_ip": "127.0.0.1",
        "user_agent": "Browser/1.0",
        "referrer": "https://gazette.example/moscow?a=b",
        "permalink": "https://gazette.example/moscow",
        "comment_type": "reply",
        "comment_author": "Zoë",
        "comment_author_email": "zoe@example.org",
        "comment_author_url": "https://zoe.example/",
        "comment_content": "Olá & *adeus* = 100 %",
        "comment_date_gmt": "2026-11-24T12:00:00+00:00",
        "honeypot_field_name": "honeypot",
        "honeypot": "",
    }
    assert first["comment_type"] == "comment"
    assert not {"honeypot", "comment_author_email", "comment_author_url", "referrer"} & first.keys()
    assert shared_akismet.connections == 1
    assert "cookie" not in shared_akismet.headers[1]


@pytest.mark.parametrize(
    ("host", "sent"),
    [
        ("2001:db8:1:2:3:4:5:6", ["2001:db8:1:2:3:4:5:6"]),
        ("::ffff:192.0.2.7", ["192.0.2.7"]),
        ("a-proxy-that-lies", []),
    ],
)
async def test_akismet_gets_the_full_address(
    site: ASite, shared_akismet: AnAkismet, host: str, sent: list[str]
) -> None:
    await set_rules(site, **ASK)
    thread = await a_thread(site)
    transport = httpx2.ASGITransport(app=site.app, client=(host, 1))
    async with httpx2.AsyncClient(transport=transport, base_url="http://onereply.test") as site.client:
        assert (await thread.post()).status_code == (201 if sent else 202)
    assert [form["user_ip"] for _, form in shared_akismet.asked] == sent


async def test_answers_are_counted(site: ASite, shared_akismet: AnAkismet) -> None:
    await set_rules(site, **ASK)
    thread, before = await a_thread(site), counted()
    says: list[Says] = ["true", "discard", "false", "true", "error"]
    for shared_akismet.says in says:
        await thread.post()
    grown = {answer: number - before[answer] for answer, number in counted().items()}
    assert grown == {"spam": 2, "discard": 1, "ham": 1, "none": 1}


def counted() -> dict[str, float]:
    """Return the number of each answer so far."""
    answers = ("ham", "spam", "discard", "none")
    return {each: REGISTRY.get_sample_value("onereply_akismet_checks_total", {"answer": each}) or 0 for each in answers}


async def test_akismet_is_not_called_when_the_rule_is_off_or_the_thread_refuses_the_post(
    site: ASite, shared_akismet: AnAkismet
) -> None:
    thread, closed = await a_thread(site), await a_thread(site, closed=True)
    await a_comment(thread)
    await set_rules(site, **ASK)
    assert (await closed.post()).status_code == 409
    off = await a_thread(site, comments_on=False)
    assert (await off.post()).json()["type"] == "/problems/comments-off"
    embargoed = await a_thread(site, published_at="2999-01-01T00:00:00Z")
    assert (await embargoed.post()).status_code == 404
    embargoed.article = "nobody-registered-this"
    assert (await embargoed.post()).status_code == 404
    assert shared_akismet.asked == []


async def test_an_edit_is_not_sent_to_akismet(site: ASite, shared_akismet: AnAkismet) -> None:
    posted = await a_comment(await a_thread(site))
    await set_rules(site, **ASK)
    path = f"/comments/{posted['comment']['id']}"
    edited = await site.call("PATCH", path, by=posted["author_token"], json={"body": "Better said."})
    assert edited.json()["state"] == "published"
    assert shared_akismet.asked == []


async def test_a_post_over_the_rate_limit_is_not_sent_to_akismet(site: ASite, shared_akismet: AnAkismet) -> None:
    thread = await a_thread(site)
    await set_rules(site, **ASK)
    await site.set(post_limit_per_address="1/hour")
    assert (await thread.post(key="a-key-of-its-own-1")).status_code == 201
    assert (await thread.post("Another.", key="a-key-of-its-own-2")).status_code == 429
    assert (await thread.post(key="a-key-of-its-own-1")).status_code == 201
    assert len(shared_akismet.asked) == 1


@pytest.mark.parametrize("says", ["invalid", "garbage", "huge", "packed", "redirect", "limited", "error", "hang up"])
@pytest.mark.parametrize("set_so", ["hold", "publish"])
async def test_without_an_answer_a_post_is_held_or_published_as_set(
    site: ASite, shared_akismet: AnAkismet, says: Says, set_so: str
) -> None:
    thread = await a_thread(site)
    await set_rules(site, **ASK, on_akismet_failure=set_so)
    shared_akismet.says = says
    answer = await thread.post()
    assert answer.status_code == (202 if set_so == "hold" else 201)
    found = [("on_akismet_failure", "hold", None)] if set_so == "hold" else []
    assert await findings_of(site, answer.json()["comment"]) == found
    assert len(shared_akismet.asked) == 1


@pytest.mark.parametrize("does", ["hang", "trickle"])
async def test_a_hanging_akismet_times_out(app: App, site: ASite, akismet: AnAkismet, does: Does) -> None:
    thread = await a_thread(site)
    await set_rules(site, **ASK)
    akismet.says = does
    async with using(app, Akismet(akismet.url, seconds=0.05)):
        posted = await a_comment(thread)
    assert await findings_of(site, posted["comment"]) == [("on_akismet_failure", "hold", None)]


async def test_an_unreachable_akismet_holds_the_post(app: App, site: ASite) -> None:
    async with an_akismet() as gone:
        pass
    await set_rules(site, **ASK)
    async with using(app, Akismet(gone.url)):
        posted = await a_comment(await a_thread(site))
    assert await findings_of(site, posted["comment"]) == [("on_akismet_failure", "hold", None)]


async def test_a_hanging_akismet_does_not_delay_posts_of_other_sites(
    app: App, site: ASite, shared_akismet: AnAkismet
) -> None:
    await set_rules(site, **ASK)
    thread = await a_thread(site)
    shared_akismet.says = "hang"
    waiting = asyncio.create_task(thread.post())
    await shared_akismet.has_been_asked(1)
    async with a_site(app) as other:
        assert (await (await a_thread(other)).post()).status_code == 201
    assert (await thread.close()).status_code == 200
    assert not waiting.done()
    shared_akismet.release("false")
    assert (await waiting).json()["type"] == "/problems/thread-closed"


@pytest.mark.parametrize(("key", "set_so", "missing"), [(None, ASK, "key"), (KEY, {"akismet": "hold"}, "front page")])
async def test_a_missing_setting_holds_posts_and_the_log_names_it(
    site: ASite, logged: list[Any], key: str | None, set_so: Json, missing: str
) -> None:
    await set_rules(site, **set_so)
    async with an_akismet() as akismet, using(site.app, Akismet(akismet.url), key=key):
        posted = await a_comment(await a_thread(site))
    assert posted["comment"]["state"] == "pending"
    assert [line["missing"] for line in logged if line["event"] == "akismet-check-skipped"] == [missing]
    assert akismet.asked == []


async def test_a_hosts_post_for_a_reader_is_held_without_the_readers_address(
    site: ASite, shared_akismet: AnAkismet, logged: list[Any]
) -> None:
    await set_rules(site, **ASK)
    thread = await a_thread(site)
    assert (await thread.post(by="host")).status_code == 202
    assert [line["missing"] for line in logged if line["event"] == "akismet-check-skipped"] == ["reader's address"]
    await set_rules(site, **ASK, on_akismet_failure="publish")
    assert (await thread.post(by="host")).status_code == 201
    assert shared_akismet.asked == []


@pytest.mark.parametrize("says", ["true", "invalid", "garbage", "error", "hang up"])
async def test_neither_the_key_nor_the_comment_is_in_the_log(
    site: ASite, shared_akismet: AnAkismet, logged: list[Any], says: Says
) -> None:
    await set_rules(site, **ASK)
    thread = await a_thread(site)
    shared_akismet.says = says
    await a_comment(thread, "Unheard words", name="Ludmila", email="l@example.org")
    lines = [line for line in logged if "akismet" in line["event"]]
    assert len(lines) == (says != "true")
    assert not [word for word in (KEY, "Unheard", "Ludmila", "l@example.org", "127.0.0.1") if word in repr(logged)]


async def test_calls_use_the_sites_sealed_key(database_url: str, akismet: AnAkismet) -> None:
    app = create_app(Settings(secret_key=SECRET_KEY, database_url=database_url, akismet_url=akismet.url))
    async with app.router.lifespan_context(app), a_site(app) as site:
        await set_rules(site, **ASK)
        async with app.state.database.write() as connection:
            found = await find_site(connection, site.slug)
            await set_secret(connection, found, "akismet-key", KEY, secret_key=SECRET_KEY)
        app.state.gate.sites.evict(site.slug)
        assert (await (await a_thread(site)).post()).status_code in {201, 202}
    assert [form["api_key"] for _, form in akismet.asked] == [KEY]
