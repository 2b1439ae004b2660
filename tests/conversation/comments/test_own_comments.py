"""Readers list their own comments on all articles, in every state that they may see."""

from service.conversation.comments.comment_pages import MAX_PAGE_BYTES
from tests.builders import ASite, Clock, Json, a_comment, a_site, a_thread, decide
from tests.platform.access.a_host import SECRET, a_token, share_secret


async def own(site: ASite, by: str, **query: str | int) -> Json:
    response = await site.call("GET", "/readers/me/comments", by=by, params=query)
    assert response.status_code == 200, response.text
    assert response.headers["cache-control"].startswith("private")
    page: Json = response.json()
    return page


async def test_readers_list_their_comments_in_every_state_but_deleted(site: ASite) -> None:
    await share_secret(site, SECRET)
    ada, thread = a_token(site.slug), await a_thread(site, title="Trams", url="https://gazette.example/trams")
    made = []
    for number, mode in enumerate(["publish", "hold", "publish", "publish", "publish"]):
        await site.call("PUT", thread.path, by="host", json={"mode": mode})
        made.append((await a_comment(thread, f"{number}.", by=ada))["comment"])
    await a_comment(thread, "By a guest.")
    await a_comment(thread, "By another user.", by=a_token(site.slug, sub="eve"))
    await decide(site, "reject", made[0])
    await site.call("DELETE", f"/comments/{made[2]['id']}", by=ada)
    listed = (await own(site, ada))["comments"]
    assert [each["comment"]["body"] for each in listed] == ["4.", "3.", "1.", "0."]
    assert [each["comment"]["state"] for each in listed] == ["published", "published", "pending", "rejected"]
    assert [bool(each["comment"].get("status_reasons")) for each in listed] == [False, False, True, True]
    where = {"article": thread.article, "title": "Trams", "url": "https://gazette.example/trams"}
    assert all({name: each[name] for name in where} == where for each in listed)
    first = await own(site, ada, limit=3)
    rest = await own(site, ada, limit=3, cursor=first["next"])
    assert (first["comments"] + rest["comments"], rest["next"]) == (listed, None)
    async with a_site(site.app) as other:
        await share_secret(other, SECRET)
        assert await own(other, a_token(other.slug)) == {"comments": [], "next": None}


async def test_comments_on_hidden_articles_are_left_out_and_a_guest_sees_their_own(
    site: ASite, the_clock: Clock
) -> None:
    open_thread = await a_thread(site)
    posted = await a_comment(open_thread, "Shown.")
    token = posted["author_token"]
    later = await a_thread(site)
    await a_comment(later, "Hidden.", by=token)
    await site.call("PUT", later.path, by="host", json={"published_at": "2026-11-25T00:00:00Z"})
    assert [each["comment"]["body"] for each in (await own(site, token))["comments"]] == ["Shown."]
    the_clock.move(days=1)
    assert [each["comment"]["body"] for each in (await own(site, token))["comments"]] == ["Hidden.", "Shown."]


async def test_a_page_is_bounded_in_bytes(site: ASite) -> None:
    thread, token = await a_thread(site), None
    for number in range(8):
        posted = await a_comment(thread, f"{number} " + "& " * 4_900, by=token)
        token = token or posted["author_token"]
    assert token
    bodies, pages = "", 0
    cursor: str | None = ""
    while cursor is not None:
        page = await own(site, token, **({"cursor": cursor} if cursor else {}))
        size = sum(len(each["comment"]["html"]) + len(each["comment"]["body"]) for each in page["comments"])
        assert size <= MAX_PAGE_BYTES or len(page["comments"]) == 1
        bodies += "".join(each["comment"]["body"][0] for each in page["comments"])
        cursor, pages = page["next"], pages + 1
    assert (bodies, pages > 1) == ("76543210", True)
