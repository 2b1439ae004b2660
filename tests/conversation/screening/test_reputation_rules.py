"""Rules on recent activity: first-timers, duplicates, floods, rejected authors, and trust by token only."""

from asyncio import gather

import pytest

from tests.builders import ASite, AThread, Clock, Json, a_comment, a_thread, decide, found_in, set_rules


async def posts(thread: AThread, *, of: int, token: str | None, words: str = "Number") -> list[Json]:
    """Post ``of`` comments, one after the other."""
    return [(await a_comment(thread, f"{words} {number}", by=token))["comment"] for number in range(of)]


async def test_a_first_timer_is_held_until_a_comment_of_theirs_is_published(site: ASite) -> None:
    await site.set(mode="hold-first-timers")
    thread = await a_thread(site)
    first = await a_comment(thread, "Hello.")
    token = first["author_token"]
    assert (first["comment"]["state"], first["comment"]["status_reasons"]) == (
        "pending",
        ["First comments wait for a moderator."],
    )
    assert (await a_comment(thread, "Am I there?", by=token))["comment"]["state"] == "pending"
    await decide(site, "publish", first["comment"])
    assert (await a_comment(thread, "Thank you.", by=token))["comment"]["state"] == "published"
    assert await found_in(site, first["comment"]) == ["hold_first_timers"]


async def test_a_name_or_an_email_earns_no_trust(site: ASite) -> None:
    thread = await a_thread(site)
    known = await a_comment(thread, "Hello.", name="Ada", email="ada@example.com")
    await site.set(mode="hold-first-timers")
    assert (await a_comment(thread, "Me again.", by=known["author_token"]))["comment"]["state"] == "published"
    assert (await a_comment(thread, "Me too.", name="Ada", email="ada@example.com"))["comment"]["state"] == "pending"


async def test_a_thread_can_hold_first_timers_when_its_site_does_not(site: ASite) -> None:
    strict, usual = await a_thread(site, mode="hold-first-timers"), await a_thread(site)
    assert (await a_comment(strict))["comment"]["state"] == "pending"
    published = await a_comment(usual)
    assert published["comment"]["state"] == "published"
    assert (await a_comment(strict, by=published["author_token"]))["comment"]["state"] == "published"


async def test_a_first_timers_edit_is_held_unless_another_comment_of_theirs_is_published(site: ASite) -> None:
    thread = await a_thread(site)
    first = await a_comment(thread, "Hello.")
    await site.set(mode="hold-first-timers")
    path, token = f"/comments/{first['comment']['id']}", first["author_token"]
    assert (await a_comment(thread, "Thanks.", by=token))["comment"]["state"] == "published"
    assert (await site.call("PATCH", path, by=token, json={"body": "Hello!"})).json()["state"] == "published"
    alone = await a_comment(await a_thread(site, mode="publish"), "Hello.")
    await site.call("PUT", thread.path, by="host", json={"mode": "hold-first-timers"})
    lonely = f"/comments/{alone['comment']['id']}"
    await site.set(mode="hold-first-timers")
    assert (await site.call("PATCH", lonely, by=alone["author_token"], json={"body": "Oh."})).json()[
        "state"
    ] == "published"  # its thread publishes


async def test_the_same_text_in_a_thread_is_a_duplicate_for_a_day(site: ASite, the_clock: Clock) -> None:
    await set_rules(site, duplicates="reject")
    thread, elsewhere = await a_thread(site), await a_thread(site)
    long, short = "The old bus was slow, but its driver knew everybody.", "Agreed!"
    author = (await a_comment(thread, long))["author_token"]
    await a_comment(thread, short, by=author)
    again = await thread.post("The  OLD bus was slow, but its driver knew everybody.", name="Eve")
    assert (again.status_code, again.json()["rule"]) == (422, "duplicates")
    assert again.json()["detail"] == "The same was said here already."
    assert (await thread.post(short, name="Eve")).status_code == 201, "many readers post that"
    assert (await thread.post(short, by=author)).status_code == 422
    assert (await elsewhere.post(long)).status_code == 201
    the_clock.move(days=1)
    assert (await thread.post(long)).status_code == 201


async def test_the_same_text_posted_concurrently_is_a_duplicate(site: ASite) -> None:
    await set_rules(site, duplicates="hold")
    thread = await a_thread(site)
    posted = await gather(*(thread.post("Buy my wonderful new book today!", name=f"N{n}") for n in range(20)))
    states = [answer.json()["comment"]["state"] for answer in posted]
    assert sorted(states) == ["pending"] * 19 + ["published"]


async def test_too_many_comments_per_minute_are_held_by_reader_and_by_address(site: ASite, the_clock: Clock) -> None:
    await set_rules(site, max_per_minute_per_reader=3, max_per_minute_per_address=6)
    thread = await a_thread(site)
    token = (await a_comment(thread, "First."))["author_token"]
    states = [each["state"] for each in await posts(thread, of=4, token=token)]
    assert states == ["published", "published", "pending", "pending"]
    others = [each["state"] for each in await posts(thread, of=3, token=None, words="Other")]
    assert others == ["published", "pending", "pending"], "they come from one address"
    the_clock.move(seconds=60)
    assert (await a_comment(thread, "Later.", by=token))["comment"]["state"] == "published"


async def test_posts_of_one_batch_count_towards_the_limit(site: ASite) -> None:
    await set_rules(site, max_per_minute_per_address=5)
    thread = await a_thread(site)
    posted = await gather(*(thread.post(f"Number {number}") for number in range(20)))
    assert sum(answer.status_code == 201 for answer in posted) == 5


async def test_an_author_with_mostly_rejected_comments_is_held(site: ASite) -> None:
    thread = await a_thread(site)
    token = (await a_comment(thread, "Well."))["author_token"]
    comments = await posts(thread, of=4, token=token)
    await decide(site, "reject", *comments[:2])
    await decide(site, "spam", comments[2])
    await set_rules(site, max_rejected_percent=50)
    held = await a_comment(thread, "Once more.", by=token)
    assert (held["comment"]["state"], held["comment"]["status_reasons"]) == (
        "pending",
        ["A moderator looks at it before it appears."],
    )
    assert await found_in(site, held["comment"]) == ["max_rejected"]
    assert (await a_comment(thread, "A stranger."))["comment"]["state"] == "published"


@pytest.mark.parametrize("published", [2, 3])
async def test_trusted_authors_skip_shape_and_link_rules_but_not_words(site: ASite, published: int) -> None:
    thread = await a_thread(site)
    token = (await a_comment(thread, "Well."))["author_token"]
    await posts(thread, of=published - 1, token=token)
    await set_rules(site, trusted_after_published=3, max_links=0, max_capitals_percent=50, hold_words=["casino"])
    expected = "published" if published == 3 else "pending"
    loud = await a_comment(thread, "READ THIS EVERYBODY PLEASE: https://gazette.example/a", by=token)
    assert loud["comment"]["state"] == expected
    assert (await a_comment(thread, "A casino.", by=token))["comment"]["state"] == "pending"


async def test_rejected_comments_end_trust(site: ASite) -> None:
    thread = await a_thread(site)
    token = (await a_comment(thread, "Well."))["author_token"]
    comments = await posts(thread, of=6, token=token)
    await set_rules(site, trusted_after_published=3, max_links=0, max_rejected_percent=40)
    await decide(site, "reject", *comments[:3])
    held = await a_comment(thread, "See https://gazette.example/a", by=token)
    assert await found_in(site, held["comment"]) == ["max_links", "max_rejected"]
