"""A real WordPress: its own ways to comment are shut, its widgets show One Reply's, its users are signed in."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
from playwright.async_api import expect

from tests.host.a_joined_wordpress import PHONE, JoinedWordPress
from tests.host.a_wagtail_site import until
from tests.host.a_wordpress_site import BLOCK, CLASSIC

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("wordpress")]

XMLRPC = "<?xml version='1.0'?><methodCall><methodName>{}</methodName><params>{}</params></methodCall>"
VALUE = "<param><value><string>{}</string></value></param>"
EXPORT = """<?xml version="1.0"?><rss version="2.0" xmlns:wp="http://wordpress.org/export/1.2/"><channel><item>
<title>The old bridge</title><link>{url}/bridge/</link><wp:post_id>{post}</wp:post_id><wp:status>publish</wp:status>
<wp:post_type>post</wp:post_type><wp:comment_status>closed</wp:comment_status>
<wp:post_date_gmt>2020-01-01 12:00:00</wp:post_date_gmt>
<wp:comment><wp:comment_id>{comment}</wp:comment_id><wp:comment_author>Grace</wp:comment_author>
<wp:comment_date_gmt>2020-01-02 12:00:00</wp:comment_date_gmt>
<wp:comment_content>It stood for ages.</wp:comment_content>
<wp:comment_approved>1</wp:comment_approved></wp:comment></item></channel></rss>"""


@pytest.fixture
def joined(joined_to_wordpress: JoinedWordPress) -> JoinedWordPress:
    return joined_to_wordpress


async def test_every_door_of_wordpress_is_shut_and_points_to_the_thread(joined: JoinedWordPress) -> None:
    wordpress = joined.wordpress
    post = await wordpress.add_post("doors", "The doors")
    there = f"{wordpress.url}/doors/#comments"
    typed = {"comment_post_ID": str(post), "author": "Eve", "email": "eve@gazette.example", "comment": "Shut & <sure>?"}
    refused = await wordpress.reader.post("/wp-comments-post.php", data=typed)
    assert refused.status_code == 403
    assert there in refused.text
    assert "Shut &amp; " in refused.text  # what was typed is given back
    for client in (wordpress.reader, wordpress.editor):
        answer = await client.post("/wp-json/wp/v2/comments", json={"post": post, "content": "x", "author_name": "Eve"})
        assert (answer.status_code, answer.json()["data"]["thread"]) == (403, there)
    assert (await wordpress.reader.get(f"/wp-json/wp/v2/comments?post={post}")).status_code == 403
    for method, values in (
        ("wp.newComment", ("1", "maria", "x", str(post))),
        ("pingback.ping", ("http://127.0.0.1/", f"{wordpress.url}/doors/")),
    ):
        body = XMLRPC.format(method, "".join(map(VALUE.format, map(escape, values))))
        answer = await wordpress.reader.post("/xmlrpc.php", content=body, headers={"content-type": "text/xml"})
        assert "<fault>" in answer.text, method
        assert method != "wp.newComment" or there in answer.text
    page = await wordpress.reader.get("/doors/")
    assert "x-pingback" not in page.headers
    ping = await wordpress.reader.post(f"/wp-trackback.php/{post}", data={"url": "http://127.0.0.1/", "title": "x"})
    assert "<error>1</error>" in ping.text
    own = f"return $GLOBALS['wpdb']->get_var('SELECT COUNT(*) FROM wp_comments WHERE comment_post_ID = {post}');"
    assert int(await wordpress.php(own)) == 0


async def test_widgets_feeds_and_the_admin_show_one_replys_comments(joined: JoinedWordPress) -> None:
    wordpress = joined.wordpress
    post = await wordpress.add_post("market", "The market")
    await joined.has(post, state="open")
    await wordpress.use(CLASSIC)
    said = await joined.comment(post, "Fish & chips, *of course*.", "Zoë <b>")
    gone = await joined.comment(post, "Buy pills.")
    await until(lambda: wordpress.page("/"), lambda page: f"#comment-{gone['id']}" in page)
    await joined.call("POST", "decisions", {
        "action": "spam", "comments": [{"id": gone["id"], "revision": gone["revision"]}],
    })  # fmt: skip
    await until(lambda: wordpress.page("/"), lambda page: f"#comment-{gone['id']}" not in page)
    page = await joined.visit("/")
    link = page.locator(f"a[href$='/market/#comment-{said['id']}']").first
    await expect(link).to_have_text("The market")
    await link.click()
    await expect(page.get_by_text("Fish & chips, of course.")).to_be_visible()
    for path, feed in (("/comments/feed/", "feed.atom"), ("/market/feed/", f"threads/{post}/feed.atom")):
        answer = await wordpress.reader.get(path)
        assert (answer.status_code, answer.headers["location"]) == (302, str(joined.client.base_url.join(feed)))
    assert re.search(r"<slash:comments>1<", await wordpress.page("/feed/"))
    held = await wordpress.add_post("held", "The held post")
    await joined.has(held, state="open")
    await joined.call("PUT", f"threads/{held}/mode", {"mode": "hold"})
    await joined.comment(held, "May I?")
    counts = "return wp_count_comments();"
    await until(lambda: wordpress.php(counts), lambda seen: seen["moderated"] == 1)
    admin = await joined.visit_admin("edit.php")
    row = admin.locator(f"#post-{post}")
    await expect(row.locator("td.column-onereply")).to_have_text("1")
    await admin.goto(f"{wordpress.url}/wp-admin/edit-comments.php")
    await admin.get_by_role("link", name="Moderate in One Reply").click()
    await admin.wait_for_url("**/desk/gazette/**")
    await admin.goto(f"{wordpress.url}/wp-admin/index.php")
    await expect(admin.get_by_role("heading", name="At a Glance")).to_be_visible()
    await admin.close()
    await page.context.close()


async def test_an_imported_post_keeps_its_links_and_its_closed_thread_is_reopened(
    joined: JoinedWordPress, tmp_path: Path
) -> None:
    wordpress = joined.wordpress
    make = """$post = wp_insert_post(array('post_title' => 'The old bridge', 'post_name' => 'bridge',
        'post_status' => 'draft', 'post_date' => '2020-01-01 12:00:00', 'comment_status' => 'closed'));
    $comment = wp_insert_comment(array('comment_post_ID' => $post, 'comment_author' => 'Grace',
        'comment_content' => 'It stood for ages.', 'comment_date_gmt' => '2020-01-02 12:00:00'));
    $GLOBALS['wpdb']->update($GLOBALS['wpdb']->posts, array('post_status' => 'publish'), array('ID' => $post));
    return compact('post', 'comment');"""
    made = await wordpress.php(make)  # as if it had been published before the plugin was there
    export = tmp_path / "export.xml"
    await asyncio.to_thread(export.write_text, EXPORT.format(url=wordpress.url, **made))
    await joined.command("import", "wordpress", str(export), "--site", "gazette")
    post = made["post"]
    await joined.has(post, state="closed", reply_count=1)
    for theme in (CLASSIC, BLOCK):
        await wordpress.use(theme)
        page = await joined.visit(f"/bridge/#comment-{made['comment']}", size=PHONE)
        await expect(page.get_by_text("It stood for ages.")).to_be_in_viewport()
        await expect(page.get_by_text("Comments are closed.")).to_be_visible()
        await page.context.close()
    answer = await wordpress.reader.get(f"/bridge/comment-page-2/?replytocom={made['comment']}", follow_redirects=True)
    assert "It stood for ages." in answer.text
    await wordpress.change(post, comment_status="open")
    await joined.has(post, state="open", reply_count=1)


async def test_wordpresss_users_are_signed_in_and_editors_are_staff(joined: JoinedWordPress) -> None:
    wordpress = joined.wordpress
    post = await wordpress.add_post("letters", "Letters")
    await joined.has(post, state="open")
    page = await joined.admin.new_page()
    await page.goto(f"{wordpress.url}/letters/")
    await expect(page.get_by_label("Name").filter(visible=True)).to_have_count(0)
    await page.get_by_label("Your reply").filter(visible=True).fill("From the editor's desk.")
    await page.get_by_role("button", name="Post reply").filter(visible=True).click()
    await joined.has(post, reply_count=1)
    author = (await joined.client.get(f"threads/{post}/comments")).json()["comments"][0]["author"]
    assert (author["name"], author["role"]) == ("maria", "staff")
    assert "gravatar.com" in author["avatar"]
    claims = "return OneReply\\host_token(get_user_by('id', wp_create_user('reader{0}', 'x', 'r{0}@gazette.example')));"
    token = await wordpress.php(claims.format(post))
    answer = await joined.client.post(
        f"threads/{post}/comments", json={"body": "Me too."}, headers={"Authorization": f"Bearer {token}"}
    )
    assert answer.json()["comment"]["author"]["role"] == "reader"
    assert (await wordpress.reader.get("/wp-json/onereply/v1/token")).status_code == 401
    await page.close()


@asynccontextmanager
async def silent_server() -> AsyncIterator[tuple[str, asyncio.Event]]:
    """A URL that accepts connections and never answers, and an event that the first request sets."""
    asked, closing = asyncio.Event(), asyncio.Event()

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        asked.set()
        await closing.wait()
        writer.close()

    server = await asyncio.start_server(hang, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", asked
    finally:
        closing.set()
        server.close()
        await server.wait_closed()


async def test_an_outage_delays_no_editor_and_loses_nothing(joined: JoinedWordPress) -> None:
    wordpress = joined.wordpress
    set_url = """$own = get_option('onereply'); $before = $own['url'];
    update_option('onereply', array('url' => '{}') + $own); return $before;"""
    post = await wordpress.add_post("outage", "Before")
    await joined.has(post, title="Before")
    async with silent_server() as (url, asked):
        before = await wordpress.php(set_url.format(url))
        await wordpress.change(post, title="During the outage")
        # The editor has the answer while the request to One Reply, which starts then, is never answered.
        await asyncio.wait_for(asked.wait(), 20)
        assert len(await asyncio.to_thread(wordpress.waiting)) == 1
    await wordpress.php(set_url.format(before))
    await wordpress.php("delete_transient('onereply_down');")
    assert (await joined.read(post))["title"] == "Before"
    await wordpress.send_again()
    await joined.has(post, title="During the outage")
    assert await asyncio.to_thread(wordpress.waiting) == []


async def test_a_message_that_one_reply_has_not_signed_is_refused(joined: JoinedWordPress) -> None:
    wrong = {b"webhook-id": b"1", b"webhook-timestamp": b"1", b"webhook-signature": b"v1,AAAA v2,\xff"}
    for headers in (dict[bytes, bytes](), wrong):
        path = "/wp-json/onereply/v1/webhooks"
        answer = await joined.wordpress.reader.post(path, json={"position": 1}, headers=headers)
        assert answer.status_code == 401
    refused = await joined.wordpress.reader.post("/wp-json/onereply/v1/send", data={"key": "guessed"})
    assert refused.status_code == 401


async def test_the_plugin_leaves_nothing_behind(joined: JoinedWordPress) -> None:
    """It runs last: it removes the plugin."""
    found = await joined.wordpress.php("""require_once ABSPATH . 'wp-admin/includes/plugin.php'; global $wpdb;
    deactivate_plugins('onereply/onereply.php');
    define('WP_UNINSTALL_PLUGIN', 1);
    require WP_PLUGIN_DIR . '/onereply/uninstall.php';
    return array(
        $wpdb->get_col("SHOW TABLES LIKE '%onereply%'"),
        $wpdb->get_col("SELECT option_name FROM wp_options WHERE option_name LIKE '%onereply%'"),
        $wpdb->get_col("SELECT meta_key FROM wp_postmeta WHERE meta_key LIKE '%onereply%'"),
        preg_grep('/onereply/', array_keys(array_merge(...array_values(_get_cron_array())))));""")
    assert found == [[], [], [], []]
