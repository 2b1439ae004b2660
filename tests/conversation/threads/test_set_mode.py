"""A moderator holds all comments of a thread, and goes back to the site's mode."""

from tests.builders import ASite, a_comment, a_thread, events_of


async def test_a_thread_set_to_hold_holds_every_later_comment(site: ASite) -> None:
    thread = await a_thread(site)
    await a_comment(thread)
    for by, mode, state in (
        ("moderator", "hold", "pending"),
        ("host", "hold", "pending"),
        ("admin", None, "published"),
    ):
        body = {"mode": mode, "reason": "A heated evening."}
        answer = await site.call("PUT", f"{thread.path}/mode", by=by, json=body)
        assert (answer.status_code, answer.json()["mode"]) == (200, mode)
        assert (await a_comment(thread, f"By {by}."))["comment"]["state"] == state
    assert (await thread.read())["reply_count"] == 2
    assert [each["type"] for each in await events_of(site)].count("thread.updated") == 2
    log = (await site.call("GET", "/decisions", by="moderator")).json()["decisions"]
    assert [(each["action"], each["article"], each["reason"]) for each in log if each["action"] == "mode"] == [
        ("mode", thread.article, "A heated evening.")
    ] * 2


async def test_an_unknown_mode_or_thread_is_refused(site: ASite) -> None:
    thread = await a_thread(site)
    for path, body, status, pointer in (
        (thread.path, {"mode": "open"}, 422, "/mode"),
        (thread.path, {}, 422, "/mode"),
        ("/threads/unknown", {"mode": "hold"}, 404, None),
    ):
        refused = await site.call("PUT", f"{path}/mode", by="moderator", json=body)
        assert (refused.status_code, refused.json().get("pointer")) == (status, pointer)
