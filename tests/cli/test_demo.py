"""The demo is what a newcomer meets first."""

import httpx2
import pytest

from service.app import App
from service.cli.demo_queue import load_queue
from service.cli.demo_threads import SITE, load_demo
from service.platform.access.api_keys import add_key
from service.platform.sites.edit_site import find_site
from tests.builders import REFERENCE_TITLE


@pytest.fixture
async def client(app: App) -> httpx2.AsyncClient:
    await load_demo(app.state.database)
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://onereply.test")


async def test_the_first_page_lists_the_demos_threads_with_their_labels(client: httpx2.AsyncClient) -> None:
    text = (await client.get("/")).text
    for line in (REFERENCE_TITLE, "One reply · Comments are closed.", "5 replies", "No replies"):
        assert line in text


async def test_the_reference_article_has_one_reply_and_is_closed(client: httpx2.AsyncClient) -> None:
    page = (await client.get(f"/v1/sites/{SITE}/threads/moscow-conference/comments")).json()
    assert page["thread"]["heading"] == f"One reply on “{REFERENCE_TITLE}”"
    assert page["thread"]["notice"] == "Comments are closed."
    assert len(page["comments"]) == 1


async def test_the_demos_queue_holds_a_dozen_comments_to_review(app: App, client: httpx2.AsyncClient) -> None:
    database = app.state.database
    async with database.write() as connection:
        site_id = (await find_site(connection, SITE)).id
        host, moderator = [await add_key(connection, site_id, role) for role in ("host", "moderator")]
    await load_queue(app, host_key=host, moderator_key=moderator)
    answer = await client.get(f"/v1/sites/{SITE}/queue", headers={"Authorization": f"Bearer {moderator}"})
    queue = answer.json()
    rules = {each["rule"] for card in queue["comments"] for each in card["comment"]["findings"]}
    assert queue["pending"] + queue["reported"] == 12
    assert {"hold_words", "max_links", "max_capitals", "max_repeated", "duplicates", "appeal"} <= rules
    assert any(card["versions"] for card in queue["comments"])


async def test_loading_the_demo_again_changes_nothing(app: App, client: httpx2.AsyncClient) -> None:
    assert not await load_demo(app.state.database)
    assert "5 replies" in (await client.get("/")).text
