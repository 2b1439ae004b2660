"""A thread in the desk: as readers see it, with what only moderators see, and its forms."""

import re
from urllib.parse import quote

from service.desk.threads.thread_context_page import COMMENTS
from tests.builders import ASite, AThread, Clock, Json, a_comment, a_thread, decide, set_rules
from tests.desk.a_desk_client import PARTIAL, sign_in, text_of


def path_of(thread: AThread) -> str:
    return f"threads/{quote(thread.article, safe='')}"


def named(comment: Json) -> str:
    return f"{comment['id']}:{comment['revision']}"


def listed(text: str) -> list[str]:
    return re.findall(r'<li id="(?:card|comment)-([0-9a-f-]+)"', text)


async def a_tree(site: ASite) -> tuple[AThread, list[Json]]:
    """A thread with a published comment, a pending reply, a rejected one, and a removed one with a reply."""
    await set_rules(site, hold_words=["swindle"])
    thread = await a_thread(site, article="https://gazette.example/a b", section="sport")
    first = (await a_comment(thread, "First.", name="Ada"))["comment"]
    held = (await a_comment(thread, "A swindle.", name="Bo", below=first["id"]))["comment"]
    rejected = (await a_comment(thread, "Rude.", name="Cy"))["comment"]
    await decide(site, "reject", rejected)
    removed = (await a_comment(thread, "Gone.", name="Di"))["comment"]
    answer = (await a_comment(thread, "An answer.", name="Ed", below=removed["id"]))["comment"]
    return thread, [first, held, rejected, removed, answer]


async def test_the_thread_has_every_comment_in_reading_order(site: ASite) -> None:
    thread, comments = await a_tree(site)
    page = await (await sign_in(site)).get(path_of(thread))
    assert page.status_code == 200
    assert listed(page.text) == [each["id"] for each in comments]
    assert "In reply to Ada" in text_of(page)
    assert re.search(r'id="card-[^"]*" class="card is-pending depth-1"', page.text)
    assert "Published 3" in text_of(page) and "Pending 1" in text_of(page)


async def test_what_its_author_deleted_is_gone_for_moderators_too(site: ASite) -> None:
    thread = await a_thread(site)
    posted = await a_comment(thread, "My secret words.")
    await site.call("DELETE", f"/comments/{posted['comment']['id']}", by=posted["author_token"])
    page = await (await sign_in(site)).get(path_of(thread))
    assert "There are no comments." in text_of(page)


async def test_a_link_to_a_comment_leads_to_its_page(site: ASite) -> None:
    thread = await a_thread(site)
    comments = [(await a_comment(thread, f"Number {number}."))["comment"] for number in range(2 * COMMENTS + 1)]
    desk = await sign_in(site)
    first = await desk.get(path_of(thread))
    assert listed(first.text) == [each["id"] for each in comments[:COMMENTS]]
    [more] = re.findall(r'href="([^"]*cursor=[^"]*)" rel="next"', first.text)
    assert listed((await desk.get(more)).text) == [each["id"] for each in comments[COMMENTS : 2 * COMMENTS]]
    far = await desk.get(f"{path_of(thread)}?comment={comments[-1]['id']}")
    assert listed(far.text)[0] == comments[-1]["id"]
    assert f'id="card-{comments[-1]["id"]}" class="card is-published depth-0 linked"' in far.text


async def test_pages_end_where_the_texts_become_long(site: ASite) -> None:
    thread = await a_thread(site)
    for number in range(COMMENTS):
        await a_comment(thread, f"{number} " + "&" * 9_000)
    desk, met, address = await sign_in(site), list[str](), path_of(thread)
    while address:
        page = await desk.get(address)
        assert len(listed(page.text)) < COMMENTS
        met += listed(page.text)
        address = next(iter(re.findall(r'href="([^"]*cursor=[^"]*)" rel="next"', page.text)), "")
    assert len(met) == len({*met}) == COMMENTS


async def test_a_decision_leaves_the_comment_in_its_place(site: ASite) -> None:
    thread, comments = await a_tree(site)
    desk = await sign_in(site)
    here = desk.path(path_of(thread))
    fields = {"comment": named(comments[1]), "action": "publish", "next": here, "keep": "thread"}
    done = await desk.send("decisions", fields, headers=PARTIAL)
    assert f'<li id="card-{comments[1]["id"]}" class="card is-published depth-1" data-hx-swap-oob="true">' in done.text
    assert 'value="undo"' in done.text and "In reply to Ada" in text_of(done)
    fields = {"comment": named(comments[0]), "action": "reject", "reason": "abuse", "next": here, "keep": "thread"}
    sent = await desk.send("decisions", fields)
    assert sent.headers["location"].endswith(f"comment={comments[0]['id']}#comment-{comments[0]['id']}")
    assert "Rejected 1" in text_of(await desk.follow(sent))


async def test_two_moderators_do_not_overwrite_each_other(site: ASite) -> None:
    thread, comments = await a_tree(site)
    maria, otto = await sign_in(site), await sign_in(site, "Otto")
    fields = {"comment": named(comments[1]), "next": maria.path(path_of(thread)), "keep": "thread"}
    await otto.send("decisions", {**fields, "action": "spam"})
    refused = await maria.send("decisions", {**fields, "action": "publish"})
    assert refused.status_code == 409
    assert "Otto decided first: Marked as spam. Nothing was changed." in text_of(refused)


async def test_moderators_see_only_threads_of_their_sections(site: ASite) -> None:
    thread, _ = await a_tree(site)
    elsewhere = await sign_in(site, sections=("politics",))
    assert (await elsewhere.get(path_of(thread))).status_code == 404
    for form, fields in (("closing", {"closing": "close"}), ("mode", {"hold": "true"})):
        assert (await elsewhere.send(f"{path_of(thread)}/{form}", fields)).status_code == 404
    assert (await thread.read())["state"] == "open"
    assert (await (await sign_in(site, "Otto", sections=("sport",))).get(path_of(thread))).status_code == 200


async def test_a_thread_is_closed_and_reopened(site: ASite, the_clock: Clock) -> None:
    thread = await a_thread(site)
    desk = await sign_in(site)
    closing = f"{path_of(thread)}/closing"
    page = await desk.follow(await desk.send(closing, {"closing": "close", "reason": "Late."}))
    assert "The thread is closed." in text_of(page) and "Late." in text_of(page)
    assert (await thread.read())["close_reason"] == "Late."
    page = await desk.follow(await desk.send(closing, {"closing": "reopen"}))
    assert "The thread is open." in text_of(page)
    await site.set(time_zone="Europe/Berlin")
    await desk.send(closing, {"closing": "close", "at": "2026-11-24T18:00"})
    assert (await thread.read())["closing"] == {"kind": "at", "at": "2026-11-24T17:00:00Z"}


async def test_only_admins_set_how_a_thread_closes_by_itself(site: ASite) -> None:
    thread = await a_thread(site)
    closing = f"{path_of(thread)}/closing"
    assert (await (await sign_in(site)).send(closing, {"closing": "never"})).status_code == 403
    admin = await sign_in(site, "Otto", role="admin")
    for kind in ("never", "auto"):
        await admin.follow(await admin.send(closing, {"closing": kind}))
        assert (await thread.read())["closing"]["kind"] == kind


async def test_the_thread_says_when_it_closes(site: ASite, the_clock: Clock) -> None:
    await site.set(close_after_days=14)
    desk = await sign_in(site)

    async def closing(thread: AThread) -> str:
        [line] = re.findall(r"<dt>Closing</dt><dd>(.*?)</dd>", (await desk.get(path_of(thread))).text, re.DOTALL)
        return str(line).strip()

    published = await a_thread(site, published_at="2026-11-20T12:00:00Z")
    assert (await closing(published)).startswith("Closes December 4")
    assert await closing(await a_thread(site)) == "Closes after publication (days: 14)"
    never = await a_thread(site, closing={"kind": "never"})
    assert await closing(never) == "Does not close by itself"
    await never.close()
    assert (await closing(never)).startswith("Closed since November 24")
    await site.set()
    assert await closing(published) == "Does not close by itself"


async def test_a_refused_form_keeps_what_was_typed(site: ASite, the_clock: Clock) -> None:
    thread = await a_thread(site)
    desk = await sign_in(site)
    for at, message in (("2026-11-01T10:00", "must be in the future"), ("soon", "Write a date and a time.")):
        fields = {"closing": "close", "at": at, "reason": "Too <b>late</b>"}
        refused = await desk.send(f"{path_of(thread)}/closing", fields)
        assert refused.status_code == 422
        assert message in text_of(refused)
        assert f'value="{at}" dir="auto" autocomplete="off" aria-invalid="true"' in refused.text
        assert 'value="Too &lt;b&gt;late&lt;/b&gt;"' in refused.text
    assert (await thread.read())["closing"]["at"] is None


async def test_all_comments_of_a_thread_are_held(site: ASite) -> None:
    thread = await a_thread(site)
    desk = await sign_in(site)
    page = await desk.follow(await desk.send(f"{path_of(thread)}/mode", {"hold": "true", "reason": "Heated."}))
    assert "Hold all" in text_of(page)
    assert (await a_comment(thread))["comment"]["state"] == "pending"
    await desk.send(f"{path_of(thread)}/mode", {"hold": "false"})
    assert (await a_comment(thread))["comment"]["state"] == "published"


async def test_an_admin_moves_a_thread_to_the_articles_new_id(site: ASite) -> None:
    thread = await a_thread(site, article="old")
    await a_comment(thread, "Well said.")
    admin = await sign_in(site, "Otto", role="admin")
    moved = await admin.send("threads/old/move", {"article": " https://gazette.example/new?a=1 "})
    page = await admin.follow(moved)
    assert "The thread is moved." in text_of(page) and "Well said." in text_of(page)
    assert (await thread.read())["article"] == "https://gazette.example/new?a=1"
    maria = await sign_in(site)
    assert "/move" not in (await maria.get("threads/old")).text
    assert (await maria.send("threads/old/move", {"article": "newest"})).status_code == 403


async def test_a_move_that_is_refused_keeps_what_was_typed(site: ASite) -> None:
    for article in ("here", "there"):
        await a_comment(await a_thread(site, article=article))
    admin = await sign_in(site, "Otto", role="admin")
    too_long = "x" * 501
    for typed, status, message in (
        ("there", 409, "Another article already has comments under this id."),
        ("..", 422, "Write an id of 1 to 500 characters"),
        (too_long, 422, "Write an id of 1 to 500 characters"),
        ("", 422, "Write an id of 1 to 500 characters"),
    ):
        refused = await admin.send("threads/here/move", {"article": typed})
        assert refused.status_code == status
        assert f'value="{typed}" dir="auto"' in refused.text
        assert re.search(f'<p class="field-error" id="move-article-hint">{message}', refused.text)
    assert (await admin.send("threads/nowhere/move", {"article": "new"})).status_code == 404
