"""An imported comment is found on the whole site by its id in the old system."""

from uuid import UUID

from sqlalchemy import update

from service.conversation.comments.imported_ids import imported_from
from service.conversation.comments.model import CommentRow
from tests.builders import ASite, Json, a_comment, a_site, a_thread
from tests.integrations.imports.exports import a_comment as an_old_comment
from tests.integrations.imports.exports import an_export, an_item
from tests.integrations.imports.test_import_archive import import_file


async def import_comments(site: ASite, article: str, *ids: str) -> None:
    await import_file(site, an_export(an_item(*map(an_old_comment, ids), post_id=article)).read())


async def find(site: ASite, source: str, *, by: str | None = None) -> Json | None:
    """The permalink of the comment, or None if it is answered as one that does not exist."""
    response = await site.call("GET", "/comments", by=by, params={"source": source})
    found: Json = response.json()
    if response.status_code == 404:
        assert (found["type"], found["detail"]) == ("/problems/not-found", "There is no such comment here.")
        return None
    assert response.status_code == 200, response.text
    return found


async def test_an_imported_comment_is_answered_as_by_its_id(site: ASite) -> None:
    await import_comments(site, "111", "56", "57")
    for by in (None, "moderator"):
        by_source = await site.call("GET", "/comments?source=wordpress:57", by=by)
        found = by_source.json()
        by_id = await site.call("GET", f"/comments/{found['comment']['id']}", by=by)
        assert found == by_id.json()
        assert (found["comment"]["html"], found["article"], found["number"]) == ("<p>Text 57</p>", "111", 2)
        assert found["cursor"]
        for header in ("cache-control", "vary"):
            assert by_source.headers[header] == by_id.headers[header]


async def test_a_long_id_is_found_though_its_hash_is_stored(site: ASite) -> None:
    await import_comments(site, "111", "8" * 100, "9" * 100)
    found = await find(site, f"wordpress:{'9' * 100}")
    assert found and found["number"] == 2


async def test_an_unknown_id_and_that_of_another_site_get_404(site: ASite) -> None:
    await import_comments(site, "111", "57")
    async with a_site(site.app) as other:
        await import_comments(other, "111", "58")
        for source in ("wordpress:58", "wordpress:5", "wordpress:57 ", "disqus:57", "wordpress:\x00", "a:" + "b" * 198):
            assert await find(site, source) is None, source
        assert await find(other, "wordpress:57") is None
        assert await find(other, "wordpress:58")


async def test_a_missing_or_malformed_parameter_gets_400(site: ASite) -> None:
    for query in (
        "",
        "?source=",
        "?source=57",
        "?source=wordpress:",
        "?source=WordPress:57",
        "?source=:57",
        f"?source=wordpress:{'5' * 191}",
        "?source=wordpress:57&source=wordpress:58",
    ):
        response = await site.call("GET", f"/comments{query}")
        problem = response.json()
        assert (response.status_code, problem["parameter"]) == (400, "source"), query


async def test_a_held_comment_is_found_by_its_author_and_moderators_only(site: ASite) -> None:
    await site.set(mode="hold")
    thread = await a_thread(site)
    posted, another = await a_comment(thread), await a_comment(thread, "Hear, hear.")
    async with site.app.state.database.write() as connection:
        was = update(CommentRow).where(CommentRow.id == UUID(posted["comment"]["id"]))
        await connection.execute(was.values(imported_from=imported_from("wordpress", "57")))
    for by in (None, another["author_token"], "host"):
        assert await find(site, "wordpress:57", by=by) is None
    for by in (posted["author_token"], "moderator", "admin"):
        found = await find(site, "wordpress:57", by=by)
        assert found and found["comment"]["id"] == posted["comment"]["id"]


async def test_of_two_comments_with_the_same_id_the_one_imported_first_is_found(site: ASite) -> None:
    for article in ("222", "111"):
        await import_comments(site, article, "57")
    found = await find(site, "wordpress:57")
    assert found and found["article"] == "222"
