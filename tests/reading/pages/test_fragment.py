"""The fragment that host pages include and the embed shows."""

import csv
import re
from html import unescape
from pathlib import Path

import httpx2
import pytest

from tests.builders import REFERENCE_TITLE, ASite, AThread, a_comment, a_thread, decide
from tests.platform.access.a_host import SECRET, a_token, share_secret
from tests.samples import sample_id, samples

COMMENT = re.compile(r'<li id="comment-([0-9a-f-]{36})"')
MORE = re.compile(r'data-cursor="([^"]+)" data-left="\d+" rel="next"')


async def fragment(
    thread: AThread, *, by: str | None = None, headers: dict[str, str] | None = None, **query: object
) -> httpx2.Response:
    return await thread.site.call("GET", f"{thread.path}/comments.html", by=by, headers=headers, params=query)


async def test_the_fragment_is_revalidated_until_the_thread_changes(site: ASite) -> None:
    thread = await a_thread(site)
    first = await fragment(thread)
    assert first.headers["content-type"] == "text/html; charset=utf-8"
    assert first.headers["cache-control"] == "public, max-age=5"
    known = {"If-None-Match": first.headers["etag"]}
    again = await fragment(thread, headers=known)
    assert (again.status_code, again.content) == (304, b"")
    await a_comment(thread, "News.")
    changed = await fragment(thread, headers=known)
    assert changed.status_code == 200
    assert "<p>News.</p>" in changed.text


async def test_the_fragment_has_the_security_headers_of_pages(site: ASite) -> None:
    thread = await a_thread(site)
    for seen in (await fragment(thread), await fragment(thread, by=(await a_comment(thread))["author_token"])):
        assert seen.headers["content-security-policy"].startswith("default-src 'none'; style-src 'self'")
        assert seen.headers["x-content-type-options"] == "nosniff"


async def test_each_host_gets_links_to_itself(site: ASite) -> None:
    thread = await a_thread(site)
    await a_comment(thread)
    for host in ("one.example", "two.example:8000", "one.example"):
        links = re.findall(r'(?:href|action)="(http[^"]+)"', (await fragment(thread, headers={"Host": host})).text)
        assert {link.split("/")[2] for link in links} == {host}


async def test_structured_data_has_the_count_and_the_comments(site: ASite) -> None:
    thread = await a_thread(site)
    first = (await a_comment(thread, "First.", url="https://ada.example/"))["comment"]
    await a_comment(thread, "Below.", below=first["id"])
    removed = (await a_comment(thread, "Removed."))["comment"]
    await a_comment(thread, "Below it.", below=removed["id"])
    await decide(site, "reject", removed)
    text = (await fragment(thread)).text
    assert 'itemtype="https://schema.org/CreativeWork"' in text
    assert f'<meta itemprop="name" content="{REFERENCE_TITLE}">' in text
    assert '<meta itemprop="commentCount" content="3">' in text
    assert text.count('itemprop="comment" itemscope itemtype="https://schema.org/Comment"') == 3
    assert text.count('itemprop="text"') == text.count('itemprop="dateCreated"') == 3
    assert '<a href="https://ada.example/" rel="nofollow ugc noopener" itemprop="url">' in text


async def test_paging_to_the_end_returns_each_comment_once_in_both_orders(site: ASite) -> None:
    thread = await a_thread(site)
    for number in range(4):
        root = (await a_comment(thread, f"Root {number}."))["comment"]
        for answer in range(2):
            await a_comment(thread, f"Answer {number}.{answer}.", below=root["id"])
    for order in ("oldest", "newest"):
        text = (await fragment(thread, order=order, limit=5)).text
        met = COMMENT.findall(text)
        while more := MORE.search(text):
            text = (await fragment(thread, order=order, limit=5, cursor=more[1])).text
            met += COMMENT.findall(text)
        assert met == [comment["id"] for comment in await thread.pages(order=order)]


async def test_a_comment_is_found_on_its_page_with_its_conversation(site: ASite) -> None:
    thread = await a_thread(site)
    for number in range(6):
        await a_comment(thread, f"Before {number}.")
    root = (await a_comment(thread, "The root."))["comment"]
    answer = (await a_comment(thread, "The answer.", below=root["id"]))["comment"]
    assert COMMENT.findall((await fragment(thread, limit=3, comment=answer["id"])).text) == [root["id"], answer["id"]]
    first = COMMENT.findall((await fragment(thread, limit=3)).text)
    elsewhere = (await a_comment(await a_thread(site)))["comment"]
    assert COMMENT.findall((await fragment(thread, limit=3, comment=elsewhere["id"])).text) == first


async def test_a_held_comment_is_shown_only_to_its_author_and_not_cached(site: ASite) -> None:
    thread = await a_thread(site, mode="hold")
    posted = await a_comment(thread, "Patience.")
    other = await a_comment(thread, "Mine.")
    mine = await fragment(thread, by=posted["author_token"])
    assert "Patience." in mine.text
    assert "Only you see this yet. All comments here wait for a moderator." in mine.text
    assert 'class="own held"' in mine.text
    assert "Mine." not in mine.text
    for by in (posted["author_token"], "moderator"):
        answer = await fragment(thread, by=by, headers={"Accept-Encoding": "gzip"})
        assert answer.headers["cache-control"] == "private, no-cache"
        assert "Authorization" in answer.headers["vary"]
        # A tag that moves with the public view would hide what is held; what is secret is not compressed (BREACH).
        assert "etag" not in answer.headers
        assert "content-encoding" not in answer.headers
    for by in (None, "moderator", other["author_token"]):
        assert "Patience." not in (await fragment(thread, by=by)).text


async def test_a_signed_in_reader_is_not_asked_for_a_name(site: ASite) -> None:
    await share_secret(site, SECRET)
    thread = await a_thread(site)
    signed_in = (await fragment(thread, by=a_token(site.slug))).text
    assert "Ada Byron" in signed_in
    assert 'name="name"' not in signed_in
    assert 'name="name"' in (await fragment(thread)).text


async def test_a_removed_comment_with_replies_is_a_tombstone(site: ASite) -> None:
    thread = await a_thread(site)
    first = (await a_comment(thread, "First.", name="Grace"))["comment"]
    await a_comment(thread, "Below.", below=first["id"])
    await decide(site, "reject", first)
    text = (await fragment(thread)).text
    assert "First." not in text
    assert "Grace" not in text
    assert re.search(r'class="removed">This comment was removed\..*<ol class="replies">.*Below\.', text, re.DOTALL)


async def test_a_closed_thread_has_its_notice_and_no_form(site: ASite) -> None:
    thread = await a_thread(site)
    comment = (await a_comment(thread))["comment"]
    is_open = (await fragment(thread)).text
    assert 'id="form"' in is_open
    assert 'data-action="reply"' in is_open
    await thread.close(reason="Enough was said.")
    closed = (await fragment(thread)).text
    assert '<p class="notice">Comments are closed. <bdi>Enough was said.</bdi></p>' in closed
    assert 'data-state="closed"' in closed
    assert 'id="form"' not in closed
    assert 'data-action="reply"' not in closed
    assert f'href="http://onereply.test/{site.slug}/comments/{comment["id"]}?report"' in closed


async def test_an_article_under_embargo_has_no_fragment(site: ASite) -> None:
    thread = await a_thread(site, published_at="2999-01-01T00:00:00Z")
    for by in (None, "host", "moderator"):
        assert (await fragment(thread, by=by)).status_code == 404


@pytest.mark.parametrize("path", samples("spam/comments.csv", real="spam/youtube-Psy.csv"), ids=sample_id)
async def test_a_fragment_of_fifty_comments_is_small(site: ASite, path: Path) -> None:
    thread = await a_thread(site)
    with path.open(encoding="utf-8", newline="") as file:
        real = [row for row in csv.DictReader(file) if row["CLASS"] == "0"][:50]
    for row in real:
        await a_comment(thread, unescape(row["CONTENT"]), name=row["AUTHOR"])
    plain = await fragment(thread, headers={"Accept-Encoding": "identity"})
    assert len(COMMENT.findall(plain.text)) == 50
    assert len(plain.content) <= 60_000
    compressed = await fragment(thread, headers={"Accept-Encoding": "gzip"})
    assert int(compressed.headers["content-length"]) <= 12_000
