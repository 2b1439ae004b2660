"""Only moderators' decisions train the site's spam filter; an undone decision leaves no trace in it."""

import asyncio

import pytest
from sqlalchemy import func, select, update

from service.conversation.comments.model import ClassifierRow
from service.conversation.comments.site_spam_models import SiteSpamModels, decode_counts
from service.conversation.screening.rule_set import make_draft_text
from service.conversation.screening.spam_features import FEATURES_VERSION, features_of
from service.conversation.screening.spam_model import MIN_EXAMPLES, FeatureCounts, find_spam
from service.moderation.spam_training import read_decisions, train
from service.moderation.spam_training.model import TrainingExampleRow
from service.moderation.spam_training.train import learn_from_logs
from service.platform.access.api_keys import Keys
from service.platform.access.sessions import Sessions
from service.platform.sites.edit_site import find_site
from service.platform.sites.site_lookup import Site
from service.platform.storage.engine import Database
from service.worker import sweep_forever
from tests.an_akismet import no_akismet
from tests.builders import ASite, AThread, Clock, Json, a_comment, a_thread, decide

SPAM, HAM = "Subscribe to my channel!", "A ham account of the talks."


@pytest.fixture
async def thread(site: ASite) -> AThread:
    """A thread of a site that uses a spam filter."""
    await set_classifier(site, "hold")
    return await a_thread(site)


async def set_classifier(site: ASite, classifier: str | None, **rules: object) -> None:
    response = await site.call("PUT", "/rules", by="admin", json={"classifier": classifier, **rules})
    assert response.status_code == 200, response.text


async def counts_of(site: ASite, *, database: Database | None = None) -> FeatureCounts:
    """Train the site's spam filter to the end of the log, and return its counts."""
    database = database or site.app.state.database
    await learn_from_logs(database)
    async with database.read() as connection:
        site_id = (await find_site(connection, site.slug)).id
        counts = await connection.scalar(select(ClassifierRow.counts).where(ClassifierRow.site_id == site_id))
        stored = await connection.scalar(select(func.count()).where(TrainingExampleRow.site_id == site_id))
    found = decode_counts(counts) if counts else FeatureCounts()
    assert stored == found.spam + found.not_spam
    return found


def counts_from(*, spam: tuple[str, ...] = (), ham: tuple[str, ...] = ()) -> FeatureCounts:
    """Return the counts after training on these comments by Ada."""
    counts = FeatureCounts()
    for body in (*spam, *ham):
        draft = make_draft_text(author_name="Ada", author_url=None, body=body, html=f"<p>{body}</p>")
        counts.learn(features_of(draft).all, spam=body in spam)
    return counts


async def posted(thread: AThread, *bodies: str) -> list[Json]:
    return [(await a_comment(thread, body))["comment"] for body in bodies]


async def read_site(site: ASite) -> Site:
    async with site.app.state.database.read() as connection:
        return await find_site(connection, site.slug)


async def test_spam_and_published_comments_train_the_filter(site: ASite) -> None:
    await set_classifier(site, "hold", hold_words=["talks"])
    spam, ham = await posted(await a_thread(site), SPAM, HAM)
    assert ham["state"] == "pending"
    await decide(site, "spam", spam)
    await decide(site, "publish", ham)
    assert await counts_of(site) == counts_from(spam=(SPAM,), ham=(HAM,))


async def test_a_restored_comment_is_a_not_spam_example(site: ASite, thread: AThread) -> None:
    rejected = await decide(site, "reject", *await posted(thread, HAM))
    assert await counts_of(site) == counts_from()
    await decide(site, "restore", *rejected)
    assert await counts_of(site) == counts_from(ham=(HAM,))


async def test_findings_of_rules_and_edits_give_no_example(site: ASite) -> None:
    await set_classifier(site, "hold", hold_words=["channel"])
    thread = await a_thread(site)
    held, fine = await a_comment(thread, SPAM), await a_comment(thread, HAM)
    assert (held["comment"]["state"], fine["comment"]["state"]) == ("pending", "published")
    path = f"/comments/{fine['comment']['id']}"
    edited = await site.call("PATCH", path, by=fine["author_token"], json={"body": SPAM})
    assert edited.json()["state"] == "pending"
    assert await counts_of(site) == counts_from()


async def test_the_last_decision_on_a_comment_counts(site: ASite, thread: AThread) -> None:
    [spam] = await decide(site, "spam", *await posted(thread, HAM))
    assert await counts_of(site) == counts_from(spam=(HAM,))
    [published] = await decide(site, "publish", spam)
    assert await counts_of(site) == counts_from(ham=(HAM,))
    await decide(site, "reject", published)
    assert await counts_of(site) == counts_from()


async def test_an_undone_decision_leaves_no_trace_before_or_after_training(site: ASite, thread: AThread) -> None:
    comments = await posted(thread, SPAM, HAM)
    first, second = await decide(site, "spam", *comments)
    await decide(site, "undo", first)
    assert await counts_of(site) == counts_from(spam=(HAM,))
    await decide(site, "undo", second)
    assert await counts_of(site) == counts_from()


async def test_a_comment_deleted_by_its_author_is_no_longer_an_example(site: ASite, thread: AThread) -> None:
    later, before = await a_comment(thread, SPAM), await a_comment(thread, HAM)
    await decide(site, "spam", later["comment"], before["comment"])
    await site.call("DELETE", f"/comments/{before['comment']['id']}", by=before["author_token"])
    assert await counts_of(site) == counts_from(spam=(SPAM,))
    await site.call("DELETE", f"/comments/{later['comment']['id']}", by=later["author_token"])
    assert await counts_of(site) == counts_from()


async def test_text_edited_after_the_decision_is_no_example(site: ASite) -> None:
    await set_classifier(site, "hold", hold_words=["talks"])
    held = await a_comment(await a_thread(site), HAM)
    await decide(site, "publish", held["comment"])
    edited = await site.call(
        "PATCH", f"/comments/{held['comment']['id']}", by=held["author_token"], json={"body": "Now what?"}
    )
    assert edited.status_code == 200
    assert await counts_of(site) == counts_from()


async def test_an_edit_takes_back_the_example_of_the_old_text(site: ASite) -> None:
    await set_classifier(site, "hold", hold_words=["talks"])
    held = await a_comment(await a_thread(site), HAM)
    await decide(site, "publish", held["comment"])
    assert await counts_of(site) == counts_from(ham=(HAM,))
    path = f"/comments/{held['comment']['id']}"
    for body in ("Now what?", "More talks."):  # the second edit is held again
        await site.call("PATCH", path, by=held["author_token"], json={"body": body})
        assert await counts_of(site) == counts_from()


async def test_a_log_longer_than_a_batch_is_read_to_its_end(
    site: ASite, thread: AThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_decisions, "BATCH", 2)
    bodies = tuple(f"{SPAM} {number}" for number in range(5))
    await decide(site, "spam", *await posted(thread, *bodies))
    assert await counts_of(site) == counts_from(spam=bodies)


async def test_the_oldest_examples_are_removed_over_the_maximum(
    site: ASite, thread: AThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(train, "MAX_TRAINING_EXAMPLES", 2)
    bodies = tuple(f"{SPAM} {number}" for number in range(5))
    await decide(site, "spam", *await posted(thread, *bodies))
    assert await counts_of(site) == counts_from(spam=bodies[-2:])


async def test_a_filter_that_is_off_has_no_counts_and_retrains_from_the_log_when_it_is_on(
    site: ASite, thread: AThread
) -> None:
    await decide(site, "spam", *await posted(thread, SPAM))
    assert await counts_of(site) == counts_from(spam=(SPAM,))
    await set_classifier(site, None)
    assert await counts_of(site) == counts_from()
    assert await SiteSpamModels(site.app.state.database).get(await read_site(site)) is None
    await set_classifier(site, "spam")
    assert await counts_of(site) == counts_from(spam=(SPAM,))


async def test_another_version_of_the_features_retrains_the_filter(site: ASite, thread: AThread) -> None:
    await decide(site, "spam", *await posted(thread, SPAM))
    await counts_of(site)
    async with site.app.state.database.write() as connection:
        old = {"features_version": FEATURES_VERSION - 1, "counts": b"unreadable for this release"}
        await connection.execute(
            update(ClassifierRow)
            .where(
                ClassifierRow.site_id == (await read_site(site)).id,
            )
            .values(old)
        )
    assert await SiteSpamModels(site.app.state.database).get(await read_site(site)) is None
    assert await counts_of(site) == counts_from(spam=(SPAM,))


async def test_the_sweep_of_a_running_service_trains_the_filter(own_site: ASite) -> None:
    await set_classifier(own_site, "hold")
    await decide(own_site, "spam", *await posted(await a_thread(own_site), SPAM))
    database, site_id = own_site.app.state.database, (await read_site(own_site)).id
    sweeping = asyncio.create_task(
        sweep_forever(database, Keys(database), Sessions(database), no_akismet(), every_seconds=0.001)
    )
    position = None
    try:
        async with asyncio.timeout(60):
            while position is None:
                async with database.read() as connection:
                    position = await connection.scalar(
                        select(TrainingExampleRow.position).where(TrainingExampleRow.site_id == site_id)
                    )
                await asyncio.sleep(0.001)
    finally:
        sweeping.cancel()
        await asyncio.wait([sweeping])
    assert await counts_of(own_site) == counts_from(spam=(SPAM,))


async def test_two_processes_count_a_decision_once(site: ASite, thread: AThread, database_url: str) -> None:
    bodies = tuple(f"{SPAM} {number}" for number in range(20))
    await decide(site, "spam", *await posted(thread, *bodies))
    others = [Database(database_url, read_connections=1) for _ in range(2)]
    await asyncio.gather(*(learn_from_logs(database) for database in (*others, site.app.state.database)))
    assert await counts_of(site) == counts_from(spam=bodies)
    for database in others:
        await database.close()


async def test_a_filter_finds_nothing_until_it_has_enough_examples(
    site: ASite, thread: AThread, the_clock: Clock
) -> None:
    spam = await posted(thread, *(f"{SPAM} {number}" for number in range(MIN_EXAMPLES)))
    ham = await posted(thread, *(f"{HAM} {number}" for number in range(MIN_EXAMPLES)))
    await decide(site, "spam", *spam)
    await decide(site, "restore", *(await decide(site, "reject", *ham))[1:])
    draft = make_draft_text(author_name="Eve", author_url=None, body="Do subscribe to my channel", html="")
    models, its_site = SiteSpamModels(site.app.state.database), await read_site(site)
    await counts_of(site)
    assert await models.get(its_site) is None
    [last] = await posted(thread, HAM)
    [rejected] = await decide(site, "reject", last)
    await decide(site, "restore", rejected)
    await counts_of(site)
    assert await models.get(its_site) is None  # cached a moment ago
    the_clock.move(seconds=1)
    model = await models.get(its_site)
    finding = find_spam(model, draft, action="hold")
    assert finding is not None and sorted((finding.matched or "").split(", ")) == ["channel", "my", "subscribe", "to"]
    the_clock.move(seconds=1)
    assert await models.get(its_site) is model
