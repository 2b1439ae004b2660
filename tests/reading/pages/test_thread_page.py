"""The pages that show a thread, to readers of any language."""

import re
from datetime import UTC, datetime

import httpx2

from tests.builders import REFERENCE_TITLE, ASite, Clock, a_comment, a_thread, decide


async def show(site: ASite, article: str, **headers: str) -> httpx2.Response:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return await site.client.get(f"/{site.slug}/{article}", headers=sent)


async def test_the_reference_thread_reads_as_its_two_lines(site: ASite) -> None:
    thread = await a_thread(site, article="moscow")
    await a_comment(thread)
    await thread.close(reason="Two weeks are over.")
    page = await show(site, "moscow")
    assert page.status_code == 200
    assert f">One reply on “<bdi>{REFERENCE_TITLE}</bdi>”</h1>" in page.text
    assert "Comments are closed. <bdi>Two weeks are over.</bdi>" in page.text


async def test_quotation_marks_in_a_title_are_the_inner_ones_in_headings_only(site: ASite) -> None:
    title = "What is “<b>politics</b>” & “law”?"
    thread = await a_thread(site, article="quoted", title=title, url="https://gazette.example/quoted")
    nested = "What is ‘&lt;b&gt;politics&lt;/b&gt;’ &amp; ‘law’?"
    page = (await show(site, "quoted")).text
    fragment = (await site.call("GET", f"{thread.path}/comments.html")).text
    assert f">No replies on “<bdi>{nested}</bdi>”</h1>" in page
    assert f">No replies on “<bdi>{nested}</bdi>”</h2>" in fragment
    assert f"<title>No replies on “{nested}”</title>" in page
    assert "<bdi>What is “&lt;b&gt;politics&lt;/b&gt;” &amp; “law”?</bdi></a>" in page
    assert (
        "<title>No replies on “What is ‘&lt;b&gt;politics" in (await site.call("GET", f"{thread.path}/feed.atom")).text
    )
    assert (await thread.read())["title"] == title


async def test_the_page_is_in_the_readers_language_and_direction(site: ASite) -> None:
    thread = await a_thread(site, article="moscow", closed=True)
    await a_thread(site)
    for language, direction, notice in (
        ("ar", "rtl", "التعليقات مغلقة."),
        ("ru", "ltr", "Комментарии закрыты."),
        ("en", "ltr", "Comments are closed."),
    ):
        page = await show(site, thread.article, accept_language=language)
        assert f'<html lang="{language}" dir="{direction}">' in page.text
        assert notice in page.text
        assert page.headers["content-language"] == language


async def test_a_page_writes_times_in_utc_as_the_readers_region_does(own_site: ASite, the_clock: Clock) -> None:
    the_clock.instant = datetime(2026, 11, 9, 15, 4, 59, tzinfo=UTC)
    await a_comment(await a_thread(own_site, article="a"))
    tags = set()
    for language, shown in (
        ("en-US", "November 9, 2026, 3:04\u202fPM UTC"),
        ("en-GB", "9 November 2026, 15:04 UTC"),
        ("fr-CA", "9 novembre 2026, 15 h 04 UTC"),
    ):
        page = await show(own_site, "a", accept_language=language)
        assert f' datetime="2026-11-09T15:04:59Z" itemprop="dateCreated">{shown}</time>' in page.text
        assert page.headers["content-language"] == language[:2]
        tags.add(page.headers["etag"])
    assert len(tags) == 3


async def test_replies_are_below_their_parents_also_below_tombstones(site: ASite) -> None:
    thread = await a_thread(site, article="a")
    first = await a_comment(thread, "First.", name="Ada")
    await a_comment(thread, "Below.", name="Grace", below=first["comment"]["id"])
    await decide(site, "reject", first["comment"])
    text = (await show(site, "a")).text
    assert "First." not in text
    assert "Ada" not in text
    assert re.search(r'This comment was removed\..*<ol class="replies">.*Below\.', text, re.DOTALL)


async def test_a_long_thread_links_to_its_next_page(site: ASite) -> None:
    thread = await a_thread(site, article="long")
    for number in range(51):
        await a_comment(thread, f"Number {number}.")
    first = (await show(site, "long")).text
    link = re.search(r'<a href="([^"]+\?cursor=[^"]+)" data-cursor="[^"]+" data-left="1" rel="next">', first)
    assert link
    second = await site.client.get(link[1])
    assert "Number 50." not in first
    assert "Number 50." in second.text
    assert "Number 49." not in second.text


async def test_titles_and_names_are_escaped(site: ASite) -> None:
    thread = await a_thread(site, article="x", title="<script>alert(1)</script>", url="https://x.example/?a=1&b=2")
    await a_comment(thread, "<b>bold</b>", name="<img src=x onerror=alert(1)>")
    text = (await show(site, "x")).text
    assert "<script" not in text
    assert "<img" not in text
    assert "<b>bold" not in text


async def test_a_missing_or_embargoed_article_gets_a_404_page(site: ASite) -> None:
    await a_thread(site, article="secret", published_at="2999-01-01T00:00:00Z")
    for path in (f"/{site.slug}/nothing", f"/{site.slug}/secret", "/nowhere/nothing", f"/{site.slug}/a?cursor=junk"):
        page = await site.client.get(path)
        assert page.status_code in {400, 404}
        assert page.headers["content-type"].startswith("text/html")
        assert "Nothing is here." in page.text


async def test_a_page_runs_no_script_and_has_an_entity_tag(site: ASite) -> None:
    await a_thread(site, article="a")
    page = await show(site, "a")
    assert page.headers["content-security-policy"].startswith("default-src 'none'; style-src 'self'")
    assert (await show(site, "a", if_none_match=page.headers["etag"])).status_code == 304


async def test_only_listed_static_files_are_served(site: ASite) -> None:
    style = await site.client.get("/static/page.css")
    assert (style.status_code, style.headers["content-type"]) == (200, "text/css; charset=utf-8")
    for path in ("/static/..%2Fthread.py", "/static/thread.html", "/static/page.css%00"):
        assert (await site.client.get(path)).status_code == 404


async def test_the_first_page_lists_no_site_but_the_demo(site: ASite) -> None:
    await a_thread(site, title="Not for the first page")
    page = await site.client.get("/")
    assert page.status_code == 200
    assert "Not for the first page" not in page.text


async def test_for_an_unknown_path_browsers_get_a_page_and_programs_a_problem(site: ASite) -> None:
    accept = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    await a_thread(site, article="a")
    for path, status in ((f"/{site.slug}", 404), (f"/{site.slug}/a/comments", 405), ("/v1/sites/no/such/place", 404)):
        for headers, kind in ((accept, "text/html"), ({}, "application/problem+json")):
            answer = await site.client.get(path, headers=headers)
            assert answer.status_code == status
            assert answer.headers["content-type"].startswith(kind if "/v1" not in path else "application/problem+json")


async def test_only_the_author_is_redirected_to_a_held_comment(site: ASite) -> None:
    thread = await a_thread(site, article="a", mode="hold")
    posted = await a_comment(thread)
    path = f"/{site.slug}/comments/{posted['comment']['id']}"
    assert (await site.client.get(path)).status_code == 404
    own = await site.client.get(path, headers={"Cookie": f"onereply-author={posted['author_token']}"})
    assert own.status_code == 303


async def test_a_permalink_to_an_embargoed_article_is_404(site: ASite) -> None:
    thread = await a_thread(site, article="a")
    comment = (await a_comment(thread))["comment"]
    await site.call("PUT", thread.path, by="host", json={"title": "T", "published_at": "2999-01-01T00:00:00Z"})
    assert (await site.client.get(f"/{site.slug}/comments/{comment['id']}")).status_code == 404


async def test_a_page_varies_by_language_and_cookie(site: ASite) -> None:
    await a_thread(site, article="a")
    page = await show(site, "a")
    assert page.headers["vary"] == "Accept-Language, Cookie"
