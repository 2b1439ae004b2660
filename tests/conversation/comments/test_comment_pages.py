"""Pages of a thread: in order, without gaps or repeats, and with the right cache headers."""

import random
from collections.abc import Awaitable
from itertools import pairwise
from uuid import uuid4

import httpx2
import pytest

from tests.builders import ASite, AThread, Clock, Json, a_comment, a_thread, decide, set_rules


async def a_tree(site: ASite, *, size: int = 24, seed: int = 7) -> tuple[AThread, list[Json]]:
    """A thread of comments with random replies, some rejected."""
    choose = random.Random(seed)  # noqa: S311  # the same tree each time
    thread, posted = await a_thread(site), list[Json]()
    for number in range(size):
        below = choose.choice([None, *(one["id"] for one in posted)])
        posted.append((await a_comment(thread, f"n{number}", below=below))["comment"])
    await decide(site, "reject", *choose.sample(posted, size // 6))
    return thread, posted


def is_tree_order(comments: list[Json], *, newest: bool = False) -> bool:
    """Whether each comment follows its parent, and siblings are in the order of their places."""
    numbers = {one["id"]: int("".join(filter(str.isdigit, one["html"] or "0"))) for one in comments}
    seen: list[str] = []
    for one in comments:
        if one["parent_id"] is not None and one["parent_id"] not in seen:
            return False
        seen.append(one["id"])
    roots = [numbers[one["id"]] for one in comments if one["depth"] == 0 and one["html"]]
    return roots == sorted(roots, reverse=newest) and all(
        after["depth"] <= before["depth"] + 1 for before, after in pairwise(comments)
    )


@pytest.mark.parametrize("order", ["oldest", "newest"])
async def test_pages_of_any_length_give_the_same_comments_in_reading_order(site: ASite, order: str) -> None:
    thread, _ = await a_tree(site)
    whole = await thread.pages(limit=200, order=order)
    assert is_tree_order(whole, newest=order == "newest")
    for limit in (1, 2, 3, 7, len(whole) - 1, len(whole), len(whole) + 1):
        assert await thread.pages(limit=limit, order=order) == whole
    counted = [one for one in whole if one["state"] == "published"]
    assert len(counted) == (await thread.read())["reply_count"]


async def test_both_orders_have_the_same_comments(site: ASite) -> None:
    thread, _ = await a_tree(site)
    ids = [{one["id"] for one in await thread.pages(order=order)} for order in ("oldest", "newest")]
    assert ids[0] == ids[1]


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=201", "limit=-1", "limit=x", "limit=1.5", "limit=", "order=best", "page=1", "limit=1&limit=1"],
)
async def test_an_invalid_parameter_is_named(site: ASite, query: str) -> None:
    thread = await a_thread(site)
    refused = await site.call("GET", f"{thread.path}/comments?{query}")
    assert (refused.status_code, refused.json()["parameter"]) == (400, query.partition("=")[0])


@pytest.mark.parametrize(
    "cursor", ["", "x", "AAAA", "AAAAAQ!", "AAAAAQ==junk", "é", "A" * 200, "A" * 3000, "null", "0"]
)
async def test_an_invalid_cursor_is_refused(site: ASite, cursor: str) -> None:
    thread = await a_thread(site)
    refused = await site.call("GET", f"{thread.path}/comments", params={"cursor": cursor})
    assert (refused.status_code, refused.json()["type"]) == (400, "/problems/invalid-cursor")
    assert refused.json()["parameter"] == "cursor"


async def test_the_link_header_equals_next_and_keeps_the_query(site: ASite) -> None:
    thread, _ = await a_tree(site)
    path = f"{thread.path}/comments"
    response = await site.call("GET", f"{path}?order=newest&limit=3")
    link = response.headers["link"]
    assert link.startswith("<?") and link.endswith('>; rel="next"')
    by_link = await site.call("GET", path + link[1:].partition(">")[0])
    by_next = await thread.page(order="newest", limit=3, cursor=response.json()["next"])
    assert by_link.json() == by_next
    last = await site.call("GET", f"{path}?limit=200")
    assert (last.json()["next"], "link" in last.headers) == (None, False)


@pytest.mark.parametrize("order", ["oldest", "newest"])
async def test_no_comment_is_skipped_or_repeated_during_posts_and_decisions(site: ASite, order: str) -> None:
    thread, posted = await a_tree(site, size=18)
    before = {one["id"] for one in await thread.pages(order=order)}
    choose = random.Random(order)  # noqa: S311  # the same tree each time
    seen: list[Json] = []
    page: Json = {"next": ""}
    while page["next"] is not None:
        page = await thread.page(order=order, limit=2, **({"cursor": page["next"]} if page["next"] else {}))
        seen += page["comments"]
        shown = [one for one in posted if one["id"] in before]
        await thread.post("New.", below=choose.choice(shown)["id"])
        await thread.post("New too.")
        gone = [one for one in seen if one["state"] == "published"]
        if gone:
            await decide(site, "spam", choose.choice(gone))
    ids = [one["id"] for one in seen]
    assert len(ids) == len(set(ids))
    assert before <= set(ids)


async def test_a_permalinks_cursor_gives_the_page_that_begins_with_its_comment(site: ASite) -> None:
    thread, posted = await a_tree(site)
    shown = {one["id"] for one in await thread.pages()}
    for comment in posted:
        found = await site.call("GET", f"/comments/{comment['id']}")
        assert found.status_code == (200 if comment["id"] in shown else 404)
        if found.status_code == 200:
            link = found.json()
            page = await thread.page(limit=1, **({"cursor": link["cursor"]} if link["cursor"] else {}))
            assert (page["comments"][0], link["article"]) == (link["comment"], thread.article)
            assert link["number"] == posted.index(comment) + 1


async def test_an_authors_pending_comments_have_permalinks(site: ASite) -> None:
    thread = await a_thread(site)
    first = await a_comment(thread)
    await site.set(mode="hold")
    token = first["author_token"]
    held = [(await a_comment(thread, f"{number}", by=token))["comment"] for number in range(3)]
    for comment in held:
        link = (await site.call("GET", f"/comments/{comment['id']}", by=token)).json()
        page = await thread.page(by=token, limit=1, cursor=link["cursor"])
        assert page["comments"][0]["id"] == comment["id"]


async def test_spam_found_by_rules_stays_listed_for_its_author_until_a_decision(site: ASite) -> None:
    thread = await a_thread(site)
    await set_rules(site, honeypot=True)
    post = {"author": {"name": "Bot"}, "body": "Buy!", "form": {"honeypot": "https://buy.example"}}
    posted = (await site.call("POST", f"{thread.path}/comments", json=post)).json()
    comment, token = posted["comment"], posted["author_token"]
    [seen] = (await thread.page(by=token))["comments"]
    assert (seen["id"], seen["state"]) == (comment["id"], "pending")
    assert (await thread.page())["comments"] == []
    await decide(site, "reject", comment)
    assert (await thread.page(by=token))["comments"] == []
    await site.set(mode="hold")
    held = (await a_comment(thread, "Buy this!", by=token))["comment"]
    await decide(site, "spam", held)
    assert (await thread.page(by=token))["comments"] == []


async def test_an_invalid_comment_id_is_not_found(site: ASite) -> None:
    for unknown in (str(uuid4()), "x", "1", "0" * 32, "%20", "{}", "%FF"):
        assert (await site.call("GET", f"/comments/{unknown}")).status_code in {400, 404}


async def test_the_etag_changes_exactly_when_the_page_changes(site: ASite) -> None:
    thread = await a_thread(site)
    path = f"{thread.path}/comments"
    posted = await a_comment(thread)
    await site.set(mode="hold")

    async def is_kept(operation: Awaitable[object]) -> bool:
        known = {"If-None-Match": (await site.call("GET", path)).headers["etag"]}
        assert (await site.call("GET", path, headers=known)).status_code == 304
        await operation
        return (await site.call("GET", path, headers=known)).status_code == 304

    held, other = (await a_comment(thread))["comment"], (await a_comment(thread))["comment"]
    assert await is_kept(a_comment(thread))
    assert await is_kept(decide(site, "spam", other))
    assert not await is_kept(decide(site, "publish", held))
    assert not await is_kept(decide(site, "delete", {**held, "revision": 2}))
    assert not await is_kept(site.call("DELETE", f"/comments/{posted['comment']['id']}", by=posted["author_token"]))
    assert not await is_kept(site.call("PUT", thread.path, by="host", json={"title": "Other"}))
    assert not await is_kept(thread.close())
    assert not await is_kept(site.set(mode="publish"))


async def test_a_304_and_a_head_have_the_headers_of_a_200(site: ASite, the_clock: Clock) -> None:
    thread, _ = await a_tree(site, size=6)
    await thread.close(at="2026-11-24T12:00:03Z")
    for path in (f"{thread.path}/comments?limit=2", thread.path, f"/counts?article={thread.article}"):
        whole = await site.call("GET", path)
        head = await site.call("HEAD", path)
        known = await site.call("GET", path, headers={"If-None-Match": whole.headers["etag"]})
        assert (head.status_code, known.status_code, known.content) == (200, 304, b"")
        for name in ("etag", "cache-control", "vary", "content-language"):
            assert whole.headers[name] == head.headers[name] == known.headers[name]
        assert whole.headers["content-length"] == head.headers["content-length"]


async def test_a_page_for_a_known_caller_is_private(site: ASite) -> None:
    thread = await a_thread(site, mode="hold")
    token = (await a_comment(thread))["author_token"]
    public = await site.call("GET", f"{thread.path}/comments")
    assert (public.headers["cache-control"], public.json()["comments"]) == ("public, max-age=5", [])
    for by in (token, "host", "moderator"):
        own = await site.call(
            "GET", f"{thread.path}/comments", by=by, headers={"If-None-Match": public.headers["etag"]}
        )
        assert (own.status_code, own.headers["cache-control"]) == (200, "private, no-cache")
        assert {"Accept-Language", "Authorization"} <= set(own.headers["vary"].split(", "))
        assert own.headers["content-language"] == "en"


@pytest.mark.parametrize(
    ("accepted", "locale", "notice"),
    [
        ("ru", "ru", "Комментарии закрыты."),
        ("ru-RU,ru;q=0.9,en;q=0.8", "ru", "Комментарии закрыты."),
        ("xx, ar;q=0.5", "ar", None),
        ("ja-JP", "ja", None),
        ("xx, yy", "en", "Comments are closed."),
        ("*", "en", "Comments are closed."),
        ("ru;q=0", "en", "Comments are closed."),
        ("", "en", "Comments are closed."),
    ],
)
async def test_labels_are_in_the_readers_language(site: ASite, accepted: str, locale: str, notice: str | None) -> None:
    thread = await a_thread(site, title="T")
    await a_comment(thread)
    await thread.close()
    lines = []
    for path in (thread.path, f"{thread.path}/comments"):
        response = await site.call("GET", path, headers={"Accept-Language": accepted})
        assert response.headers["content-language"] == locale
        assert "Accept-Language" in response.headers["vary"]
        content = response.json()
        lines.append(content.get("thread", content))
    counts = await site.call("GET", f"/counts?article={thread.article}", headers={"Accept-Language": accepted})
    assert counts.headers["content-language"] == locale
    assert counts.json()["counts"][0]["label"] == lines[0]["label"]
    assert lines[0] == lines[1]
    assert "T" in lines[0]["heading"] and (notice is None or lines[0]["notice"] == notice)
    assert (locale == "en") == lines[0]["notice"].isascii()


async def test_each_language_has_its_own_etag(site: ASite) -> None:
    thread = await a_thread(site)
    tags = set()
    for locale in ("en", "ru", "ar", "ja"):
        response: httpx2.Response = await site.call(
            "GET", f"{thread.path}/comments", headers={"Accept-Language": locale}
        )
        tags.add(response.headers["etag"])
    assert len(tags) == 4
