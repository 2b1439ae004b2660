"""Authors read why their comment is not published, and appeal, without scripts."""

from tests.builders import ASite, a_comment, a_session, a_site, a_thread, decide
from tests.moderation.queue.test_review_queue import queue
from tests.reading.pages.html_forms import form_at, forms_in, send


async def test_an_author_reads_the_statement_and_appeals_on_a_page(site: ASite) -> None:
    thread = await a_thread(site, article="a")
    await send(site, await form_at(site, "/a"), name="Ada", body="Rude.")
    [comment] = await thread.pages()
    [rejected] = await decide(site, "reject", comment, reason="abuse", note="Only for us.")
    page = await site.client.get(f"/{site.slug}/a")
    assert "It insults or threatens somebody." in page.text and "<p>Rude.</p>" in page.text
    own = await site.client.get(f"/{site.slug}/comments/{comment['id']}", follow_redirects=True)
    assert str(own.url).endswith(f"/comments/{comment['id']}/statement")
    assert "A person decided this." in own.text and "Only for us." not in own.text
    [form] = forms_in(own)
    too_long = await send(site, form, note="x" * 301)
    assert too_long.status_code == 422 and "At most 300 characters" in too_long.text
    elsewhere = await site.client.post(form.url, data={"note": "Forged."}, headers={"Sec-Fetch-Site": "cross-site"})
    assert "Forged." in elsewhere.text and (await queue(site))["pending"] == 0
    appealed = await send(site, form, note="It is a quotation.")
    assert "You have appealed. A moderator has not decided yet." in appealed.text
    assert forms_in(appealed) == []
    [waiting] = (await queue(site, rule="appeal"))["comments"]
    assert waiting["comment"]["findings"][-1]["matched"] == "It is a quotation."
    assert "You have appealed." in (await site.client.get(f"/{site.slug}/a")).text
    await decide(site, "publish", {"id": rejected["id"], "revision": 3})
    published = await site.client.get(f"/{site.slug}/comments/{comment['id']}/statement", follow_redirects=True)
    assert str(published.url).endswith(f"/a?comment={comment['id']}#comment-{comment['id']}")


async def test_nobody_else_reads_the_statement(site: ASite) -> None:
    thread = await a_thread(site, article="a")
    posted = await a_comment(thread, "Rude.")
    await decide(site, "reject", posted["comment"], reason="abuse")
    path = f"/{site.slug}/comments/{posted['comment']['id']}"
    for address in (f"{path}/statement", f"/{site.slug}/comments/x/statement", path):
        assert (await site.client.get(address)).status_code == 404
    assert (await site.client.post(f"{path}/appeal", data={})).status_code == 404
    assert "It insults or threatens somebody." not in (await site.client.get(f"/{site.slug}/a")).text
    session = await a_session(site)
    fragment = await site.call("GET", f"{thread.path}/comments.html", by=session)
    assert "Rude" not in fragment.text
    own = await site.call("GET", f"{thread.path}/comments.html", by=posted["author_token"])
    assert "It insults or threatens somebody." in own.text and "/statement" not in own.text
    async with a_site(site.app) as other:
        moved = path.replace(site.slug, other.slug)
        assert (await other.client.get(f"{moved}/statement")).status_code == 404
