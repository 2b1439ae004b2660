"""A page of comments is bounded in bytes as well as in comments; the rest is on the next page."""

from service.conversation.comments.comment_pages import MAX_PAGE_BYTES
from tests.builders import ASite, a_comment, a_thread

HEAVY = "&<" * 5_000  # 45 kB of HTML


async def test_pages_end_at_their_limit_of_bytes_and_miss_no_comment(site: ASite) -> None:
    thread = await a_thread(site, article="heavy")
    first = (await a_comment(thread, "First."))["comment"]["id"]
    posted = [first] + [
        (await a_comment(thread, HEAVY, below=first if n % 2 else None))["comment"]["id"] for n in range(12)
    ]
    for order in ("oldest", "newest"):
        paged = await thread.pages(limit=200, order=order)
        assert sorted(comment["id"] for comment in paged) == sorted(posted)
        assert [comment["id"] for comment in paged] == [
            comment["id"] for comment in await thread.pages(limit=1, order=order)
        ]
    for path in (
        f"{thread.path}/comments?limit=200",
        f"{thread.path}/comments.html?limit=200",
        f"{thread.path}/feed.atom",
        "/feed.atom",
    ):
        answer = await site.call("GET", path)
        assert answer.text.count("lt;") > 1_000
        assert len(answer.content) < 2 * MAX_PAGE_BYTES, path
    assert len((await site.client.get(f"/{site.slug}/heavy")).content) < 2 * MAX_PAGE_BYTES


async def test_a_comment_on_a_page_of_few_heavy_comments_is_found_by_its_link(site: ASite) -> None:
    thread = await a_thread(site, article="heavy")
    for _ in range(12):
        last = (await a_comment(thread, HEAVY))["comment"]["id"]
    page = await site.client.get(f"/{site.slug}/comments/{last}", follow_redirects=True)
    assert f'id="comment-{last}"' in page.text
    assert len(page.content) < 2 * MAX_PAGE_BYTES


async def test_long_web_addresses_of_authors_count_too(site: ASite) -> None:
    thread = await a_thread(site, article="heavy")
    for _ in range(40):
        await a_comment(thread, url="https://ada.example/?" + "&" * 1_900)
    assert len((await site.client.get(f"/{site.slug}/heavy")).content) < 2 * MAX_PAGE_BYTES
    assert len(await thread.pages(limit=200)) == 40


async def test_a_page_of_usual_comments_is_not_cut(site: ASite) -> None:
    thread = await a_thread(site)
    for number in range(120):
        await a_comment(thread, f"Number {number}. " + "A comment of usual length, with some words. " * 10)
    page = await thread.page(limit=120)
    assert len(page["comments"]) == 120
    assert page["next"] is None
    assert len((await thread.page(limit=119))["comments"]) == 119
