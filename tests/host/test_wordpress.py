"""A real WordPress: what its editors do to posts, and what readers see of their threads in both kinds of theme."""

from datetime import UTC, datetime

import pytest
from playwright.async_api import expect

from tests.host.a_joined_wordpress import JoinedWordPress
from tests.host.a_wagtail_site import until
from tests.host.a_wordpress_site import BLOCK, CLASSIC

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("wordpress")]

TITLE = "Moscow conference calls for global counterterrorism dialogue"
NONE_YET, ONE = f"No replies on “{TITLE}”", f"One reply on “{TITLE}”"


@pytest.fixture
def joined(joined_to_wordpress: JoinedWordPress) -> JoinedWordPress:
    return joined_to_wordpress


async def test_allow_comments_in_the_editor_closes_and_reopens_the_thread(joined: JoinedWordPress) -> None:
    post = await joined.wordpress.add_post("moscow", TITLE)
    await joined.has(post, state="open", comments_on=True)
    for theme in (CLASSIC, BLOCK):
        await joined.wordpress.use(theme)
        page = await joined.visit("/moscow/")
        await expect(page.get_by_role("heading", name=NONE_YET)).to_be_visible()
        await expect(page.get_by_role("button", name="Post reply")).to_be_visible()
        await _allow_comments(joined, post, allow=False)
        await joined.has(post, state="closed", notice="Comments are closed.")
        await page.reload()
        await expect(page.get_by_text("Comments are closed.")).to_be_visible()
        assert "Comments are closed." in await joined.wordpress.page("/moscow/")
        await _allow_comments(joined, post, allow=True)
        await joined.has(post, state="open")
        await page.context.close()


async def _allow_comments(joined: JoinedWordPress, post: int, *, allow: bool) -> None:
    """Set "Allow comments" in the block editor, and update the post."""
    page = await joined.visit_admin(f"post.php?post={post}&action=edit")
    await page.get_by_label("Allow comments").set_checked(allow)
    await page.get_by_role("button", name="Update", exact=True).click()
    await page.get_by_text("Post updated.").first.wait_for()
    await page.close()


async def test_a_post_that_never_took_comments_shows_nothing(joined: JoinedWordPress) -> None:
    post = await joined.wordpress.add_post("silent", "The silent post", comment_status="closed")
    await joined.has(post, comments_on=False)
    for theme in (CLASSIC, BLOCK):
        await joined.wordpress.use(theme)
        page = await joined.wordpress.page("/silent/")
        assert "<comment-thread" not in page
        assert 'id="comments"' not in page
    await joined.wordpress.change(post, comment_status="open")
    await joined.has(post, comments_on=True, state="open")
    assert "No replies on" in await joined.wordpress.page("/silent/")


async def test_a_reader_comments_and_every_count_follows(joined: JoinedWordPress) -> None:
    post = await joined.wordpress.add_post("tram", "A new tram line")
    await joined.has(post, state="open")
    await joined.wordpress.use(CLASSIC)
    page = await joined.visit("/tram/")
    await page.get_by_label("Name").fill("Ada")
    await page.get_by_label("Your reply").fill("At last!")
    await page.get_by_role("button", name="Post reply").click()
    await expect(page.get_by_text("At last!")).to_be_visible()
    await joined.has(post, reply_count=1)
    await until(lambda: joined.wordpress.php(f"return get_comments_number({post});"), lambda count: int(count) == 1)
    await page.goto(joined.wordpress.url + "/")
    await expect(page.locator(f'comment-count[article="{post}"]')).to_have_text("One reply")
    await joined.wordpress.change(post, comment_status="closed")
    await joined.has(post, state="closed", reply_count=1)
    for theme in (CLASSIC, BLOCK):
        await joined.wordpress.use(theme)
        html = await joined.wordpress.page("/tram/")
        assert "At last!" in html
        assert "Comments are closed." in html
        assert '<comment-thread class="wp-exclude-emoji"' in html  # else its script makes images of what readers wrote
    await page.context.close()


async def test_a_moderators_close_moves_the_editors_switch(joined: JoinedWordPress) -> None:
    post = await joined.wordpress.add_post("strike", "The strike")
    await joined.has(post, state="open")
    for action, status in (("close", "closed"), ("reopen", "open")):
        await joined.call("POST", f"threads/{post}/{action}", {})
        await joined.switch_is(post, status)
    await joined.call("POST", f"threads/{post}/close", {})
    await joined.wordpress.change(post, title="The strike, day two")  # a correction reopens nothing
    await joined.has(post, title="The strike, day two", state="closed")


async def test_wordpresss_own_number_of_days_closes_threads(joined: JoinedWordPress) -> None:
    wordpress = joined.wordpress
    post = await wordpress.add_post("budget", "The budget", date="2020-01-01T12:00:00")
    await joined.has(post, state="open")
    try:
        await wordpress.php(
            "update_option('close_comments_days_old', 14); update_option('close_comments_for_old_posts', 1);"
        )
        await wordpress.run_due()
        await joined.has(post, state="closed", closing={"kind": "at", "at": "2020-01-15T12:00:00Z"})
        for theme in (CLASSIC, BLOCK):
            await wordpress.use(theme)
            assert "Comments are closed." in await wordpress.page("/budget/")
    finally:
        await wordpress.php("update_option('close_comments_for_old_posts', '');")
    await wordpress.run_due()
    await joined.has(post, state="open")


async def test_withdrawn_and_deleted_posts_hide_their_threads(joined: JoinedWordPress) -> None:
    post = await joined.wordpress.add_post("harbour", "The harbour")
    await joined.has(post, state="open")
    for status, seen in (("draft", 404), ("publish", 200), ("private", 404), ("publish", 200)):
        await joined.wordpress.change(post, status=status)
        await joined.answers(post, seen)
    await joined.wordpress.rest("DELETE", f"/wp/v2/posts/{post}?force=true")
    await joined.answers(post, 404)
    kept = await joined.call("GET", f"threads/{post}")
    assert kept["withdrawn_at"] is not None


async def test_one_reply_knows_the_section_and_each_changed_permalink(joined: JoinedWordPress) -> None:
    wordpress = joined.wordpress
    city = (await wordpress.rest("POST", "/wp/v2/categories", {"name": "The city", "slug": "city"}))["id"]
    post = int((await wordpress.rest("POST", "/wp/v2/posts", {
        "title": "Trams", "slug": "trams", "status": "publish", "categories": [city],
    }))["id"])  # fmt: skip
    await joined.has(post, section="city", url=f"{wordpress.url}/trams/")
    for structure in ("/%year%/%postname%/", "/%postname%/"):
        page = await joined.visit_admin("options-permalink.php")
        await page.get_by_label("Custom Structure", exact=True).first.check()
        await page.locator("#permalink_structure").fill(structure)
        await page.get_by_role("button", name="Save Changes").click()
        await page.get_by_text("Permalink structure updated").wait_for()
        await page.close()
        await wordpress.run_due()
        await joined.has(post, url=await wordpress.php(f"return get_permalink({post});"))
    for path in ("/trams/", f"/{datetime.now(UTC).year}/trams/"):
        found = await joined.client.get("threads", params={"url": wordpress.url + path})
        assert found.json()["article"] == str(post), path
