"""What moderators decide teaches the site's classifier, and nothing else does; what is taken back is forgotten."""

import asyncio

import pytest
from sqlalchemy import func, select, update

from service.conversation.comments.model import ClassifierRow, LessonRow
from service.conversation.comments.site_spam_models import SiteSpamModels, decode_learned
from service.conversation.screening.rule_set import make_draft_text
from service.conversation.screening.spam_features import EDITION, features_of
from service.conversation.screening.spam_model import MIN_LESSONS, Learned, find_spam
from service.moderation.spam_training import read_decisions as judged
from service.moderation.spam_training import train as learning
from service.moderation.spam_training.train import learn_from_logs
from service.platform.access.api_keys import Keys
from service.platform.access.sessions import Sessions
from service.platform.sites.edit_site import find_site
from service.platform.sites.site_lookup import Site
from service.platform.storage.engine import Database
from service.worker import sweep_forever
from tests.builders import ASite, AThread, Clock, Json, a_comment, a_thread, decide

SPAM, FAIR = "Subscribe to my channel!", "A fair account of the talks."


@pytest.fixture
async def thread(site: ASite) -> AThread:
    """A thread of a site that has a classifier."""
    await turn(site, "hold")
    return await a_thread(site)


async def turn(site: ASite, classifier: str | None, **rules: object) -> None:
    response = await site.call("PUT", "/rules", by="admin", json={"classifier": classifier, **rules})
    assert response.status_code == 200, response.text


async def learned(site: ASite, *, database: Database | None = None) -> Learned:
    """What the site's classifier knows once it has read to the end of the log."""
    database = database or site.app.state.database
    await learn_from_logs(database)
    async with database.read() as connection:
        site_id = (await find_site(connection, site.slug)).id
        counts = await connection.scalar(select(ClassifierRow.learned).where(ClassifierRow.site_id == site_id))
        kept = await connection.scalar(select(func.count()).where(LessonRow.site_id == site_id))
    found = decode_learned(counts) if counts else Learned()
    assert kept == found.spam + found.not_spam
    return found


def taught(*, spam: tuple[str, ...] = (), fair: tuple[str, ...] = ()) -> Learned:
    """What a classifier knows that was taught by these comments of Ada's."""
    counts = Learned()
    for body in (*spam, *fair):
        draft = make_draft_text(author_name="Ada", author_url=None, body=body, html=f"<p>{body}</p>")
        counts.learn(features_of(draft).all, spam=body in spam)
    return counts


async def posted(thread: AThread, *bodies: str) -> list[Json]:
    return [(await a_comment(thread, body))["comment"] for body in bodies]


async def found_by(site: ASite) -> Site:
    async with site.app.state.database.read() as connection:
        return await find_site(connection, site.slug)


async def test_what_is_marked_as_spam_and_what_is_published_teach(site: ASite) -> None:
    await turn(site, "hold", hold_words=["talks"])
    spam, fair = await posted(await a_thread(site), SPAM, FAIR)
    assert fair["state"] == "pending"
    await decide(site, "spam", spam)
    await decide(site, "publish", fair)
    assert await learned(site) == taught(spam=(SPAM,), fair=(FAIR,))


async def test_what_was_rejected_and_is_restored_teaches_what_is_no_spam(site: ASite, thread: AThread) -> None:
    rejected = await decide(site, "reject", *await posted(thread, FAIR))
    assert await learned(site) == taught()
    await decide(site, "restore", *rejected)
    assert await learned(site) == taught(fair=(FAIR,))


async def test_what_rules_found_and_what_was_edited_teach_nothing(site: ASite) -> None:
    await turn(site, "hold", hold_words=["channel"])
    thread = await a_thread(site)
    held, fine = await a_comment(thread, SPAM), await a_comment(thread, FAIR)
    assert (held["comment"]["state"], fine["comment"]["state"]) == ("pending", "published")
    path = f"/comments/{fine['comment']['id']}"
    edited = await site.call("PATCH", path, by=fine["author_token"], json={"body": SPAM})
    assert edited.json()["state"] == "pending"
    assert await learned(site) == taught()


async def test_the_last_decision_on_a_comment_counts(site: ASite, thread: AThread) -> None:
    [spam] = await decide(site, "spam", *await posted(thread, FAIR))
    assert await learned(site) == taught(spam=(FAIR,))
    [published] = await decide(site, "publish", spam)
    assert await learned(site) == taught(fair=(FAIR,))
    await decide(site, "reject", published)
    assert await learned(site) == taught()


async def test_what_is_undone_before_or_after_it_was_learned_is_as_if_it_had_never_been(
    site: ASite, thread: AThread
) -> None:
    comments = await posted(thread, SPAM, FAIR)
    first, second = await decide(site, "spam", *comments)
    await decide(site, "undo", first)
    assert await learned(site) == taught(spam=(FAIR,))
    await decide(site, "undo", second)
    assert await learned(site) == taught()


async def test_what_its_author_deletes_is_forgotten(site: ASite, thread: AThread) -> None:
    later, before = await a_comment(thread, SPAM), await a_comment(thread, FAIR)
    await decide(site, "spam", later["comment"], before["comment"])
    await site.call("DELETE", f"/comments/{before['comment']['id']}", by=before["author_token"])
    assert await learned(site) == taught(spam=(SPAM,))
    await site.call("DELETE", f"/comments/{later['comment']['id']}", by=later["author_token"])
    assert await learned(site) == taught()


async def test_words_that_are_no_longer_those_that_were_judged_are_not_learned(site: ASite) -> None:
    await turn(site, "hold", hold_words=["talks"])
    held = await a_comment(await a_thread(site), FAIR)
    await decide(site, "publish", held["comment"])
    edited = await site.call(
        "PATCH", f"/comments/{held['comment']['id']}", by=held["author_token"], json={"body": "Now what?"}
    )
    assert edited.status_code == 200
    assert await learned(site) == taught()


async def test_however_long_the_log_all_of_it_is_read(
    site: ASite, thread: AThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judged, "READ_AT_ONCE", 2)
    bodies = tuple(f"{SPAM} {number}" for number in range(5))
    await decide(site, "spam", *await posted(thread, *bodies))
    assert await learned(site) == taught(spam=bodies)


async def test_the_first_lessons_are_taken_back_where_there_are_too_many(
    site: ASite, thread: AThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(learning, "MAX_LESSONS", 2)
    bodies = tuple(f"{SPAM} {number}" for number in range(5))
    await decide(site, "spam", *await posted(thread, *bodies))
    assert await learned(site) == taught(spam=bodies[-2:])


async def test_a_rule_that_is_off_learns_nothing_and_begins_again_with_what_the_log_has(
    site: ASite, thread: AThread
) -> None:
    await decide(site, "spam", *await posted(thread, SPAM))
    assert await learned(site) == taught(spam=(SPAM,))
    await turn(site, None)
    assert await learned(site) == taught()
    assert await SiteSpamModels(site.app.state.database).of(await found_by(site)) is None
    await turn(site, "spam")
    assert await learned(site) == taught(spam=(SPAM,))


async def test_a_release_that_counts_other_features_learns_anew(site: ASite, thread: AThread) -> None:
    await decide(site, "spam", *await posted(thread, SPAM))
    await learned(site)
    async with site.app.state.database.write() as connection:
        old = {"edition": EDITION - 1, "learned": b"nothing that this release can read"}
        await connection.execute(
            update(ClassifierRow)
            .where(
                ClassifierRow.site_id == (await found_by(site)).id,
            )
            .values(old)
        )
    assert await SiteSpamModels(site.app.state.database).of(await found_by(site)) is None
    assert await learned(site) == taught(spam=(SPAM,))


async def test_a_service_that_runs_learns_by_itself(site: ASite, thread: AThread) -> None:
    await decide(site, "spam", *await posted(thread, SPAM))
    database, site_id = site.app.state.database, (await found_by(site)).id
    sweeping = asyncio.create_task(sweep_forever(database, Keys(database), Sessions(database), every_seconds=0.001))
    position = None
    try:
        async with asyncio.timeout(60):  # it sweeps every site that other tests have left
            while position is None:
                async with database.read() as connection:
                    position = await connection.scalar(select(LessonRow.position).where(LessonRow.site_id == site_id))
                await asyncio.sleep(0.001)
    finally:
        sweeping.cancel()
        await asyncio.wait([sweeping])
    assert await learned(site) == taught(spam=(SPAM,))


async def test_two_processes_learn_a_decision_once(site: ASite, thread: AThread, database_url: str) -> None:
    bodies = tuple(f"{SPAM} {number}" for number in range(20))
    await decide(site, "spam", *await posted(thread, *bodies))
    others = [Database(database_url, read_connections=1) for _ in range(2)]
    await asyncio.gather(*(learn_from_logs(database) for database in (*others, site.app.state.database)))
    assert await learned(site) == taught(spam=bodies)
    for database in others:
        await database.close()


async def test_a_classifier_is_silent_until_it_has_seen_enough(site: ASite, thread: AThread, the_clock: Clock) -> None:
    spam = await posted(thread, *(f"{SPAM} {number}" for number in range(MIN_LESSONS)))
    fair = await posted(thread, *(f"{FAIR} {number}" for number in range(MIN_LESSONS)))
    await decide(site, "spam", *spam)
    await decide(site, "restore", *(await decide(site, "reject", *fair))[1:])
    draft = make_draft_text(author_name="Eve", author_url=None, body="Do subscribe to my channel", html="")
    classifiers, its_site = SiteSpamModels(site.app.state.database), await found_by(site)
    await learned(site)
    assert await classifiers.of(its_site) is None
    [last] = await posted(thread, FAIR)
    [rejected] = await decide(site, "reject", last)
    await decide(site, "restore", rejected)
    await learned(site)
    assert await classifiers.of(its_site) is None  # as it was a moment ago
    the_clock.move(seconds=1)
    model = await classifiers.of(its_site)
    finding = find_spam(model, draft, action="hold")
    assert finding is not None and sorted((finding.matched or "").split(", ")) == ["channel", "my", "subscribe", "to"]
    the_clock.move(seconds=1)
    assert await classifiers.of(its_site) is model
