"""Revision 0020 gives stored URLs, domains and origins their canonical form, and a downgrade keeps them."""

import json
from typing import Any

from sqlalchemy import text

from service.app import create_app
from service.platform.storage.engine import Database
from service.platform.storage.revisions import migrate
from tests.builders import ASite, a_site, a_thread
from tests.conftest import an_installation

BEFORE = "2026_11_29_0019"
LONG = "https://gazette.example/" + "|" * 900
URLS = {
    "capitals": ("HTTPS://Gazette.example:443/a/./b", "https://gazette.example/a/b"),
    "letters": ("https://пример.рф/но?x=%c3%a9#comments", "https://xn--e1afmkfd.xn--p1ai/но?x=é"),
    "too long": (LONG, LONG),
    "canonical": ("https://gazette.example/c?d=e", "https://gazette.example/c?d=e"),
}
RULES = {"reject_link_domains": ["0x7f.1", "evil.example"], "allowed_link_domains": ["a..b"], "max_links": 2}
SETTINGS = {"cors_origins": "https://gazette.example:443 http://[ https://gazette.example http://a.example:8000"}


async def store(site: ASite, ids: dict[str, int]) -> None:
    """Store what the release before could store."""
    async with site.app.state.database.write() as connection:

        async def write(statement: str, **values: Any) -> None:
            await connection.execute(text(statement), values)

        site_id = await connection.scalar(text("SELECT id FROM sites"))
        for article, (url, _) in URLS.items():
            await write("UPDATE threads SET url = :url WHERE id = :id", url=url, id=ids[article])
        insert = "INSERT INTO url_aliases (site_id, url, thread_id) VALUES (:site, :url, :id)"
        for url, article in (("https://g.example/%7ea", "capitals"), ("https://G.example/~a", "letters")):
            await write(insert, site=site_id, url=url, id=ids[article])
        for url, article in (("https://g.example/z", "letters"), ("https://g.example:443/z", "capitals")):
            await write(insert, site=site_id, url=url, id=ids[article])
        await write("INSERT INTO rules (site_id, rules) VALUES (:site, :rules)", site=site_id, rules=json.dumps(RULES))
        await write("UPDATE sites SET settings = :settings", settings=json.dumps(SETTINGS))


async def test_the_migration_writes_canonical_forms(fresh_database_url: str) -> None:
    app = create_app(an_installation(fresh_database_url))
    async with app.router.lifespan_context(app), a_site(app) as site:
        for article in URLS:
            await a_thread(site, article=article)
        async with app.state.database.read() as connection:
            ids = {row.article: row.id for row in await connection.execute(text("SELECT id, article FROM threads"))}
        await store(site, ids)
    database = Database(fresh_database_url, read_connections=1)
    await migrate(database, to=BEFORE)
    await migrate(database)
    await migrate(database, to=BEFORE)
    async with database.read() as connection:
        threads = {row.article: row.url for row in await connection.execute(text("SELECT article, url FROM threads"))}
        aliases = {row.url: row.thread_id for row in await connection.execute(text("SELECT * FROM url_aliases"))}
        rules = json.loads(await connection.scalar(text("SELECT rules FROM rules")) or "")
        settings = json.loads(await connection.scalar(text("SELECT settings FROM sites")) or "")
    await database.close()
    assert threads == {article: canonical for article, (_, canonical) in URLS.items()}
    assert aliases == {"https://g.example/~a": ids["letters"], "https://g.example/z": ids["letters"]}
    assert rules == RULES | {"reject_link_domains": ["127.0.0.1", "evil.example"]}
    assert settings == {"cors_origins": "https://gazette.example http://a.example:8000"}
