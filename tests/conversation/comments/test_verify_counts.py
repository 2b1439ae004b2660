"""``onereply verify`` finds each kind of wrong stored value; every test case is rolled back."""

import pytest
from sqlalchemy import text

from service.app import create_app
from service.conversation.comments.verify_counts import verify
from tests.builders import a_comment, a_site, a_thread
from tests.conftest import an_installation

THREAD = "(SELECT id FROM threads WHERE article = :article AND site_id = (SELECT id FROM sites WHERE slug = :slug))"
ELSEWHERE = bytes.fromhex("0000000300000002")
WRONG_VALUES = {
    "reply count 3": f"UPDATE threads SET reply_count = 3 WHERE id = {THREAD}",
    "last place 1, but a comment has place 2": f"UPDATE threads SET places = 1 WHERE id = {THREAD}",
    "has shown True": f"UPDATE comments SET state = 'spam' WHERE depth = 1 AND thread_id = {THREAD}",
    "depth 5": f"UPDATE comments SET depth = 5 WHERE depth = 1 AND thread_id = {THREAD}",
    "newest path 0000000300000002": (
        f"UPDATE comments SET newest_path = :elsewhere WHERE depth = 1 AND thread_id = {THREAD}"
    ),
    "0 above it": f"UPDATE comments SET path = :elsewhere, depth = 2 WHERE depth = 1 AND thread_id = {THREAD}",
    "sequence 9": f"UPDATE threads SET sequence = 9 WHERE id = {THREAD}",
    "position 7": "UPDATE sites SET position = 7 WHERE slug = :slug AND :article <> ''",
    "but 2 events": f"DELETE FROM events WHERE sequence = 2 AND thread_id = {THREAD}",
}


class RolledBack(Exception):
    """Raised to roll a transaction back."""


async def test_each_wrong_value_is_found(fresh_database_url: str) -> None:
    app = create_app(an_installation(fresh_database_url))
    async with app.router.lifespan_context(app), a_site(app) as site:
        thread = await a_thread(site)
        first = await a_comment(thread)
        await a_comment(thread, below=first["comment"]["id"])
        for finding, statement in WRONG_VALUES.items():
            values: dict[str, object] = {"article": thread.article, "slug": site.slug}
            if ":elsewhere" in statement:
                values["elsewhere"] = ELSEWHERE
            with pytest.raises(RolledBack):
                async with app.state.database.write() as connection:
                    assert [found async for found in verify(connection)] == []
                    await connection.execute(text(statement), values)
                    found = [found async for found in verify(connection)]
                    assert [each for each in found if finding in each], found
                    raise RolledBack
