"""Threads link to the desk for those who work there, and stay cacheable for everybody else."""

from service.reading.pages.desk_link import COOKIE
from tests.builders import PASSWORD, ASite, AThread, a_comment, a_moderator, a_session, a_thread, client_of
from tests.platform.access.a_host import SECRET, a_token, share_secret


def link_of(thread: AThread) -> str:
    return f"/desk/{thread.site.slug}/threads/{thread.article}"


async def test_signing_in_to_the_desk_lets_the_sites_pages_link_to_it(site: ASite) -> None:
    thread = await a_thread(site)
    comment = (await a_comment(thread))["comment"]
    await a_moderator(site, "Maria")
    client, page = client_of(site.app), f"/{site.slug}/{thread.article}"
    before = await client.get(page)
    assert link_of(thread) not in before.text
    form = {"name": "Maria", "password": PASSWORD}
    await client.post(f"/desk/{site.slug}/sign-in", data=form)
    after = await client.get(page)
    assert f'href="{link_of(thread)}"' in after.text
    assert f'href="{link_of(thread)}?comment={comment["id"]}#comment-{comment["id"]}"' in after.text
    assert after.headers["cache-control"] == "private, no-store"
    assert "etag" not in after.headers
    await client.post(f"/desk/{site.slug}/sign-out")
    assert link_of(thread) not in (await client.get(page)).text


async def test_the_page_of_readers_stays_cacheable(site: ASite) -> None:
    thread = await a_thread(site)
    page = f"/{site.slug}/{thread.article}"
    seen = await site.client.get(page)
    marked = await site.client.get(page, headers={"Cookie": f"{COOKIE}=1", "If-None-Match": seen.headers["etag"]})
    assert (seen.headers["vary"], marked.status_code) == ("Accept-Language, Cookie", 200)
    assert "public" in seen.headers["cache-control"]
    again = await site.client.get(page, headers={"If-None-Match": seen.headers["etag"]})
    assert again.status_code == 304


async def test_the_embed_links_to_the_desk_for_staff_of_the_host_and_moderators(site: ASite) -> None:
    await share_secret(site, SECRET)
    thread = await a_thread(site)
    staff, reader = a_token(site.slug, roles=["staff"]), a_token(site.slug)
    shown = {
        name: link_of(thread) in (await site.call("GET", f"{thread.path}/comments.html", by=by)).text
        for name, by in {
            "staff": staff,
            "session": await a_session(site),
            "reader": reader,
            "key": "moderator",
            "nobody": None,
        }.items()
    }
    assert shown == {"staff": True, "session": True, "reader": False, "key": False, "nobody": False}
