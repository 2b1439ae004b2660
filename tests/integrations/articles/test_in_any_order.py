"""Article events in any order, also repeated and at two processes, lead to the same state."""

from asyncio import gather
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.app import create_app
from tests.builders import ASite, AThread, Json, a_site, events_of
from tests.conftest import an_installation
from tests.integrations.articles.articles import article_event, send, share_webhook_secret

BEGINNING = datetime(2026, 11, 1, tzinfo=UTC)
KINDS = ("published", "updated", "withdrawn", "restored", "deleted")
CONTENT: dict[str, st.SearchStrategy[Any]] = {
    "title": st.sampled_from(["Tram", "Trams", "A new tram line"]),
    "url": st.sampled_from([None, "https://gazette.example/1", "https://gazette.example/2"]),
    "published_at": st.sampled_from([None, "2026-10-30T00:00:00Z", "2026-10-31T00:00:00Z"]),
    "closing": st.sampled_from([{"kind": "never"}, {"kind": "auto"}, {"kind": "at", "at": "2031-01-01T00:00:00Z"}]),
    "mode": st.sampled_from([None, "hold"]),
    "comments_on": st.booleans(),
    "closed": st.booleans(),
}
# What of a thread does not tell how it came about.
STATE = ("title", "url", "published_at", "updated_at", "withdrawn_at", "closing", "mode", "comments_on", "state")
_numbers = count(1)


@st.composite
def stories(draw: st.DrawFn) -> list[Json]:
    """The events of an article in order, one an hour; its id may change once. At least one event has a title."""
    length = draw(st.integers(1, 6))
    moves_at = draw(st.integers(0, 2 * length))
    titled = draw(st.integers(0, length - 1))
    story = []
    for number in range(length):
        moves = number == moves_at
        kind = draw(st.sampled_from(KINDS[:2] if moves or number == titled else KINDS))
        data = draw(st.fixed_dictionaries({}, optional=CONTENT))
        if number == titled:
            data.setdefault("title", "Tram")
        if moves:
            data["previous_article"] = "a"
        at = (BEGINNING + timedelta(hours=number)).isoformat()
        story.append(article_event(kind, "b" if number >= moves_at else "a", at=at, **data))
    return story


@pytest.fixture(autouse=True)
async def shared(site: ASite) -> None:
    await share_webhook_secret(site)


@st.composite
def event_histories(draw: st.DrawFn) -> tuple[list[Json], list[Json]]:
    """A list of events, and the same events shuffled, some of them more than once."""
    story = draw(stories())
    repeated = story + draw(st.lists(st.sampled_from(story), max_size=3))
    return story, draw(st.permutations(repeated))


@given(history=event_histories())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_events_in_any_order_and_repeated_lead_to_the_same_state(
    site: ASite, history: tuple[list[Json], list[Json]]
) -> None:
    story, shuffled = history
    assert await end_of(site, shuffled) == await end_of(site, story)


async def end_of(site: ASite, story: Sequence[Json]) -> list[Json]:
    """The final state of an article by each of its ids, after every event of ``story``; refused ones are sent again."""
    own = f"{next(_numbers)}-"
    waiting = [(f"{own}{number}", _renamed(each, own)) for number, each in enumerate(story)]
    for _ in story:
        answers = [(await send(site, each, message_id=id_)).status_code for id_, each in waiting]
        assert set(answers) <= {200, 204, 422}
        waiting = [each for each, status in zip(waiting, answers, strict=True) if status == 422]
    assert not waiting
    ids = {each["data"]["article"] for each in story} | {each["data"].get("previous_article") for each in story}
    found = [await AThread(site, own + id_).read(by="host") for id_ in sorted(filter(None, ids))]
    return [{name: each[name] for name in STATE} | {"id": each["article"].removeprefix(own)} for each in found]


def _renamed(sent: Json, own: str) -> Json:
    data = {
        name: own + value if name in {"article", "previous_article"} else value for name, value in sent["data"].items()
    }
    return {**sent, "data": data}


@asynccontextmanager
async def two_processes(database_url: str) -> AsyncIterator[tuple[ASite, ASite]]:
    """A site with an article secret, served by two apps on one database."""
    first, second = create_app(an_installation(database_url)), create_app(an_installation(database_url))
    async with (
        first.router.lifespan_context(first),
        second.router.lifespan_context(second),
        a_site(first) as site,
    ):
        await share_webhook_secret(site)
        yield site, site.at(second)


async def test_two_processes_that_receive_the_same_event_apply_it_once(fresh_database_url: str) -> None:
    async with two_processes(fresh_database_url) as (site, other):
        for number in range(5):
            story = [
                article_event("published", f"{number}", at="2026-11-24T08:00:00Z", title="Tram"),
                article_event("withdrawn", f"{number}", at="2026-11-24T09:00:00Z"),
            ]
            answers = await gather(
                *(
                    send(at, each, message_id=f"{number} {each['type']}".replace(" ", "-"))
                    for each in story
                    for at in (site, other)
                    for _ in range(3)
                )
            )
            assert {answer.status_code for answer in answers} <= {200, 204}
            assert (await AThread(site, f"{number}").read(by="host"))["withdrawn_at"] == "2026-11-24T09:00:00Z"
            assert (await other.call("GET", f"/threads/{number}")).status_code == 404
        history = [event["type"] for event in await events_of(site)]
        assert history == ["thread.created", "thread.withdrawn"] * 5


async def test_a_move_and_posts_to_both_ids_at_two_processes_lose_no_comment(fresh_database_url: str) -> None:
    async with two_processes(fresh_database_url) as (site, other):
        await send(site, article_event("published", "0", title="Tram"))
        posted = 0
        for number in range(5):
            old, new = f"{number}", f"{number + 1}"
            posts = [AThread(at, old).post(f"Post {each} of {number}.") for each in range(4) for at in (site, other)]
            moved, *answers = await gather(send(other, article_event("updated", new, previous_article=old)), *posts)
            assert moved.status_code == 200, moved.text
            assert {answer.status_code for answer in answers} == {201}
            posted += len(answers)
        for article in ("0", "3", "5"):
            thread = AThread(site, article)
            assert (await thread.read())["reply_count"] == len(await thread.pages()) == posted
