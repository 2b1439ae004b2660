"""A real host: an editor publishes in Wagtail's admin, and readers see the thread's lines under the article."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from click.testing import CliRunner
from standardwebhooks.webhooks import Webhook

from service.cli import main
from tests.contract.a_real_service import onereply
from tests.host.a_wagtail_site import WagtailSite, a_wagtail_site, until
from tests.promises.service_process import Server, serving

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("wagtail")]

TITLE = "Moscow conference calls for global counterterrorism dialogue"
ARTICLES, ENDPOINT = "whsec_" + "A" * 32, "whsec_" + "B" * 32
EMPTY = "from onereply.models import *; Thread.objects.all().delete(); ReceivedMessage.objects.all().delete()"


@dataclass(frozen=True)
class Joined:
    """One Reply and the Wagtail site, connected in both directions, and the headers of each kind of key."""

    wagtail: WagtailSite
    database_url: str
    client: httpx2.AsyncClient
    endpoint: str
    admin: dict[str, str]
    moderator: dict[str, str]
    host: dict[str, str]

    async def status_of(self, article: str) -> int:
        """The status that readers get for the thread."""
        return (await self.client.get(f"/threads/{article}")).status_code

    async def read(self, article: str) -> Any:
        """The thread, as readers see it."""
        return (await self.client.get(f"/threads/{article}")).raise_for_status().json()

    async def page_of(self, slug: str) -> str:
        """The page to which the link under an article leads."""
        link = re.search(
            r'href="(http://127.0.0.1:\d+/gazette/\d+)"', (await self.wagtail.reader.get(f"/{slug}/")).text
        )
        assert link
        return (await self.client.get(link[1])).raise_for_status().text

    async def post(self, article: str, body: str) -> Any:
        """Post a reader's comment."""
        post = {"author": {"name": "Ada"}, "body": body}
        answer = await self.client.post(f"/threads/{article}/comments", json=post)
        assert answer.status_code == 201, answer.text
        return answer.json()["comment"]

    async def moderate(self, path: str, **body: Any) -> None:
        """Send a moderator's request."""
        (await self.client.post(path, json=body, headers=self.moderator)).raise_for_status()

    async def deliver(self, event: dict[str, Any], *, secret: str = ENDPOINT) -> int:
        """Send ``event`` to Wagtail as One Reply does; return the status of the response."""
        body = json.dumps(event)
        answer = await self.wagtail.reader.post("/onereply/", content=body, headers=signed(body, secret))
        return answer.status_code

    async def status_of_an_article_event(self) -> int:
        """The status of an empty article event that Wagtail's secret signs."""
        headers = {"content-type": "application/json"} | signed("{}", ARTICLES)
        return (await self.client.post("/webhooks/articles", content="{}", headers=headers)).status_code

    async def command(self, *arguments: str, typed: str = "") -> None:
        """Run a command of One Reply."""
        await asyncio.to_thread(onereply, self.database_url, *arguments, typed=typed)


def signed(body: str, secret: str) -> dict[str, str]:
    """The headers of a message sent now, as in Standard Webhooks 1.0."""
    now, webhook_id = datetime.now(UTC), str(uuid4())
    signature = Webhook(secret).sign(webhook_id, now, body)
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": signature,
    }


@pytest.fixture(scope="module")
async def joined(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Joined]:
    """One Reply and Wagtail, connected; at the end neither has logged an error."""
    folder = tmp_path_factory.mktemp("host")
    database_url = f"sqlite:///{folder}/onereply.db"
    admin, moderator, host = await asyncio.to_thread(_set_up, database_url)
    async with serving(database_url, webhooks_allow_private="true") as server, _client(server) as client:
        variables = {
            "GAZETTE_COMMENTS_API": str(client.base_url).rstrip("/"),
            "GAZETTE_COMMENTS_PAGES": str(client.base_url.join("/gazette")),
            "GAZETTE_ARTICLE_SECRET": ARTICLES,
            "GAZETTE_ENDPOINT_SECRET": ENDPOINT,
        }
        async with a_wagtail_site(folder, **variables) as wagtail:
            endpoint = {"url": f"{wagtail.url}/onereply/", "secret": ENDPOINT}
            made = (await client.post("/endpoints", json=endpoint, headers=admin)).raise_for_status().json()
            path = f"/endpoints/{made['endpoint']['id']}"
            yield Joined(wagtail, database_url, client, path, admin, moderator, host)
        assert server.complaints() == []
    assert "Traceback" not in "".join(wagtail.log)


def _set_up(database_url: str) -> list[dict[str, str]]:
    """Migrate, add the site and keys; return the headers with the keys."""
    onereply(database_url, "migrate")
    onereply(database_url, "site", "add", "gazette", "--name", "The Gazette")
    onereply(database_url, "site", "secret", "gazette", "article-webhooks", "--set", typed=ARTICLES)
    keys = [onereply(database_url, "key", "add", "gazette", "--role", role) for role in ("admin", "moderator", "host")]
    return [{"Authorization": f"Bearer {key}"} for key in keys]


@asynccontextmanager
async def _client(server: Server) -> AsyncIterator[httpx2.AsyncClient]:
    async with server.client() as client:
        client.base_url = client.base_url.join("/v1/sites/gazette/")
        yield client


async def test_an_event_that_was_not_accepted_is_sent_later(joined: Joined) -> None:
    wagtail = joined.wagtail
    await joined.command("site", "secret", "gazette", "article-webhooks", "--remove")
    await until(joined.status_of_an_article_event, lambda status: status == 401)
    page = await wagtail.draft("tram", title="A new tram line")
    await wagtail.publish(page, "tram", title="A new tram line")
    await wagtail.shows("tram", "A new tram line", hides="repl")
    assert await joined.status_of(page) == 404
    await joined.command("site", "secret", "gazette", "article-webhooks", "--set", typed=ARTICLES)
    await until(joined.status_of_an_article_event, lambda status: status != 401)
    await wagtail.manage("send_article_events")
    await wagtail.shows("tram", "No replies on “A new tram line”")


async def test_existing_articles_are_registered_by_one_command(joined: Joined) -> None:
    wagtail = joined.wagtail
    page = await wagtail.draft("harbour", title="The harbour")
    await wagtail.publish(page, "harbour", title="The harbour")
    await wagtail.shows("harbour", "No replies on “The harbour”")
    await wagtail.manage(
        "shell", "-c", "from news.models import *; ArticlePage.objects.update(title='The old harbour')"
    )
    await wagtail.manage("send_article_events", "--all")
    await wagtail.shows("harbour", "No replies on “The old harbour”")


async def test_an_article_shows_each_change_of_its_thread(joined: Joined) -> None:
    wagtail = joined.wagtail
    page = await wagtail.draft("moscow", title=TITLE)
    assert await joined.status_of(page) == 404
    await wagtail.publish(page, "moscow", title=TITLE)
    await wagtail.shows("moscow", f"No replies on “{TITLE}”", ">No replies<", hides="Comments are closed.")
    assert (await joined.read(page))["title"] == TITLE
    await joined.post(page, "Dialogue is a start.")
    await wagtail.shows("moscow", f"One reply on “{TITLE}”", ">One reply<")
    second = await joined.post(page, "Who decides whom it is about?")
    await wagtail.shows("moscow", f"2 replies on “{TITLE}”", ">2 replies<")
    comments = [{"id": second["id"], "revision": second["revision"]}]
    await joined.moderate("/decisions", action="reject", comments=comments)
    await wagtail.shows("moscow", f"One reply on “{TITLE}”")
    await joined.moderate(f"/threads/{page}/close")
    await wagtail.shows("moscow", f"One reply on “{TITLE}”", "Comments are closed.")
    assert "Dialogue is a start." in await joined.page_of("moscow")


async def test_its_receiver_holds_to_the_three_rules(joined: Joined, tmp_path: Path) -> None:
    page = await joined.wagtail.draft("check", title="The check")
    await joined.wagtail.publish(page, "check", title="The check")
    (tmp_path / "secret").write_text(ENDPOINT)
    command = [
        *("webhooks", "check", f"{joined.wagtail.url}/onereply/", "--article", page),
        *("--shows", f"{joined.wagtail.url}/check/", "--secret-file", str(tmp_path / "secret")),
    ]
    result = await asyncio.to_thread(CliRunner().invoke, main, command)
    assert [line.rpartition(" ")[2] for line in result.output.splitlines()[1:]] == ["held."] * 3, result.output
    assert result.exit_code == 0


async def test_an_article_that_moves_keeps_its_thread(joined: Joined) -> None:
    wagtail = joined.wagtail
    section = await wagtail.draft("world", title="World")
    await wagtail.publish(section, "world", title="World")
    page = await wagtail.draft("moscow", title=TITLE, below=section)
    await wagtail.publish(page, "moscow", title=TITLE)
    await joined.post(page, "It begins.")
    first = (await joined.read(page))["url"]
    assert first.endswith("/world/moscow/")
    await wagtail.publish(page, "dialogue", title="A dialogue")
    await wagtail.shows("world/dialogue", "One reply on “A dialogue”")
    await wagtail.publish(section, "abroad", title="World")
    await wagtail.manage("send_article_events")
    await wagtail.shows("abroad/dialogue", "One reply on “A dialogue”")
    assert (await joined.read(page))["url"].endswith("/abroad/dialogue/")
    assert (await joined.client.get("/threads", params={"url": first})).json()["article"] == page


async def test_an_unpublished_article_hides_its_comments_and_a_published_one_shows_them_again(joined: Joined) -> None:
    wagtail = joined.wagtail
    page = await wagtail.draft("budget", title="The budget")
    await wagtail.publish(page, "budget", title="The budget")
    comment = await joined.post(page, "Too little, too late.")
    await wagtail.unpublish(page)
    assert await joined.status_of(page) == 404
    assert (await joined.client.get(f"/comments/{comment['id']}")).status_code == 404
    await wagtail.publish(page, "budget", title="The budget, corrected")
    assert await joined.status_of(page) == 200
    await wagtail.shows("budget", "One reply on “The budget, corrected”")
    await wagtail.delete(page)
    assert await joined.status_of(page) == 404
    kept = await joined.client.get(f"/threads/{page}", headers=joined.moderator)
    assert kept.json()["reply_count"] == 1


async def test_events_in_any_order_and_more_than_once_leave_the_newest_lines(joined: Joined) -> None:
    wagtail = joined.wagtail
    page = await wagtail.draft("strike", title="The strike")
    await wagtail.publish(page, "strike", title="The strike")
    for words in ("First.", "And a second.", "A third one."):
        await joined.post(page, words)
    await joined.moderate(f"/threads/{page}/close")
    last = "3 replies on “The strike”", "Comments are closed."
    await wagtail.shows("strike", *last)
    events = (await joined.client.get("/events", headers=joined.host)).json()["events"]
    for event in (*reversed(events), *events, *reversed(events)):
        assert await joined.deliver(event) == 204
    await wagtail.shows("strike", *last)


async def test_a_site_that_lost_its_table_gets_all_events_again(joined: Joined) -> None:
    wagtail = joined.wagtail
    page = await wagtail.draft("museum", title="The museum")
    await wagtail.publish(page, "museum", title="The museum")
    await joined.post(page, "Closed on Mondays?")
    await wagtail.shows("museum", "One reply on “The museum”")
    await wagtail.manage("shell", "-c", EMPTY)
    await wagtail.shows("museum", "The museum", hides="One reply")
    again = await joined.client.post(f"{joined.endpoint}/redeliver", json={"first": 1}, headers=joined.admin)
    assert again.status_code == 202
    await wagtail.shows("museum", "One reply on “The museum”")


async def test_an_event_without_one_replys_signature_is_rejected(joined: Joined) -> None:
    thread: dict[str, Any] = {"article": "3", "heading": "Lies", "label": "Lies", "notice": None}
    thread |= {"state": "open", "reply_count": 9}
    assert await joined.deliver({"position": 10**6, "data": {"thread": thread}}, secret=ARTICLES) == 401
    for signature in ("", "v1", "v1,no base64", "v2,AAAA"):
        headers = {"webhook-id": "1", "webhook-timestamp": "1", "webhook-signature": signature}
        answer = await joined.wagtail.reader.post("/onereply/", content=b"\xff", headers=headers)
        assert answer.status_code == 401
