"""Migrations up and down on both databases: they keep the rows, and the tables equal the models."""

import json
import re
from functools import partial
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from pyotp import TOTP
from sqlalchemy import CheckConstraint, Connection, inspect, text

from service.app import create_app
from service.integrations.endpoints.leases import renew_lease
from service.moderation.search.search_index import index_comments
from service.moderation.spam_training.train import learn_from_logs
from service.platform import clock
from service.platform.access.desk_tokens import DeskToken
from service.platform.access.external_accounts import ExternalIdentity
from service.platform.access.external_log_in import log_in_externally
from service.platform.access.oidc_provider import OidcAttempt
from service.platform.access.pending_sign_ins import PendingSignIn, store_sign_in
from service.platform.access.second_factors import make_secret
from service.platform.sites.edit_site import find_site, list_sites
from service.platform.sites.site_secrets import Secrets, set_secret
from service.platform.storage.engine import Database
from service.platform.storage.revisions import MIGRATIONS, current_revision, head_revision, migrate
from service.platform.storage.seal import Seal
from service.tables import METADATA, is_modelled, is_on
from tests.builders import ASite, AThread, a_comment, a_moderator, a_session, a_site, a_thread, decide
from tests.conftest import SECRET_KEY, an_installation
from tests.integrations.articles.articles import send_event, share_webhook_secret
from tests.integrations.endpoints.a_receiver import OK, a_receiver, an_answer
from tests.integrations.endpoints.deliveries import AWorker, an_endpoint

SCRIPTS = [*ScriptDirectory(str(MIGRATIONS)).walk_revisions()][::-1]
REVISIONS = [script.revision for script in SCRIPTS]
# The first revision that has each table: a step down to it or above keeps the table's rows.
TABLES = {
    "sites": "2026_11_24_0001",
    "api_keys": "2026_11_24_0001",
    "threads": "2026_11_24_0002",
    "comments": "2026_11_24_0003",
    "idempotency_keys": "2026_11_24_0003",
    "events": "2026_11_24_0004",
    "decisions": "2026_11_24_0004",
    "rules": "2026_11_24_0005",
    "findings": "2026_11_24_0005",
    "moderators": "2026_11_24_0008",
    "sessions": "2026_11_24_0008",
    "second_factors": "2026_11_30_0033",
    "recovery_codes": "2026_11_30_0033",
    "pending_sign_ins": "2026_11_30_0033",
    "used_desk_tokens": "2026_11_30_0033",
    "measures": "2026_11_24_0010",
    "comment_versions": "2026_11_30_0025",
    "reports": "2026_11_24_0010",
    "claims": "2026_11_24_0010",
    "site_secrets": "2026_11_24_0012",
    "log_readers": "2026_11_24_0013",
    "search_entries": "2026_11_24_0013",
    "classifiers": "2026_11_24_0014",
    "training_examples": "2026_11_24_0014",
    "workers": "2026_11_25_0015",
    "endpoints": "2026_11_25_0015",
    "deliveries": "2026_11_25_0015",
    "attempts": "2026_11_25_0015",
    "article_aliases": "2026_11_25_0016",
    "url_aliases": "2026_11_25_0016",
    "article_event_times": "2026_11_25_0016",
    "article_withdrawals": "2026_11_25_0016",
    "erasures": "2026_11_25_0016",
    "thread_activity": "2026_11_30_0029",
    "received_webhooks": "2026_11_25_0016",
    "closures": "2026_11_30_0027",
}


async def fill(database_url: str) -> None:
    """Fill every table, with replies, tombstones, and NULL and other values."""
    app = create_app(an_installation(database_url))
    async with app.router.lifespan_context(app), a_site(app) as site:
        await some_rows(site)


async def some_rows(site: ASite) -> None:
    assert (await site.call("POST", "/close", by="host", json={"section": "none"})).is_success
    thread = await a_thread(site, url="https://gazette.example/a", published_at="2026-11-20T08:00:00Z")
    posted = await a_comment(thread, "Мир 👋", email="ada@example.com", key="a-key-of-sixteen")
    await a_comment(thread, "Answer.", below=posted["comment"]["id"])
    await site.call("PATCH", f"/comments/{posted['comment']['id']}", by=posted["author_token"], json={"body": "Peace"})
    await decide(site, "reject", posted["comment"] | {"revision": 2}, reason="off-topic", note="Off topic.")
    await site.call("PUT", "/rules", by="admin", json={"hold_words": ["casino"], "classifier": "hold"})
    held = await a_comment(thread, "A casino.")
    await decide(site, "spam", held["comment"])
    await learn_from_logs(site.app.state.database)
    await a_thread(site, closed=True)
    await a_session(site)
    await some_sign_ins(site)
    published = (await a_comment(thread, "Reported."))["comment"]
    await site.call("POST", f"/comments/{published['id']}/reports", json={"reason": "illegal"})
    other = (await a_comment(thread, "Her address."))["comment"]
    reported = await site.call("POST", f"/comments/{other['id']}/reports", json={"reason": "personal-data"})
    assert reported.is_success
    await site.call("POST", "/bans", by="moderator", json={"kind": "domain", "value": "spam.example"})
    regretted = await a_comment(thread, "Regretted.")
    await site.call("POST", f"/comments/{regretted['comment']['id']}/reports", json={"reason": "abuse"})
    await site.call("DELETE", f"/comments/{regretted['comment']['id']}", by=regretted["author_token"])
    await a_comment(await a_thread(site, mode="hold"))
    await site.call("POST", "/claims", by="moderator")
    async with site.app.state.database.write() as connection:
        found = await find_site(connection, site.slug)
        await set_secret(connection, found, "akismet-key", "c0ffee", secret_key=SECRET_KEY)
    await index_comments(site.app.state.database, found, limit=100)
    await deliver(site)
    await some_article_events(site)


async def some_sign_ins(site: ASite) -> None:
    """A moderator with a second factor, one whom a provider vouches for, and a sign-in that is under way."""
    state = site.app.state
    moderator_id, secret = await a_moderator(site, "Otto"), make_secret()
    identity = ExternalIdentity("https://login.example", "42", "Maria", "moderator", ("sport",))
    attempt = OidcAttempt("https://onereply.example/desk", "nonce", "verifier")
    async with state.database.write() as connection:
        found = await find_site(connection, site.slug)
        code = TOTP(secret).at(clock.now())
        await state.gate.second_factors.turn_on(connection, moderator_id, secret=secret, code=code)
        pending = PendingSignIn(attempt, "/desk/x/queue", [("note", "Мир 👋")])
        await store_sign_in(connection, found, "token", pending, seal=state.sign_in_seal)
    token = DeskToken(identity, b"h" * 32, clock.now())
    await log_in_externally(state.database, found, identity, unmatched_hash="-", user_agent="Firefox", desk_token=token)


async def deliver(site: ASite) -> None:
    """A delivery that succeeded, one that failed, one without a response, and a worker with a lease."""
    answers = iter([OK, an_answer(500), None])
    async with a_receiver(lambda _: next(answers)) as host:
        await an_endpoint(site, host.origin)
        worker = AWorker(site)
        for _ in range(3):
            await a_thread(site)
            await worker.work()
        await worker.deliverer.stop(within_seconds=0)
    async with site.app.state.database.write() as connection:
        await renew_lease(connection, clock.new_id(), now=clock.now())


async def some_article_events(site: ASite) -> None:
    """Send article events: a moved article, one with another URL, one to erase, and one that is unknown."""
    await share_webhook_secret(site)
    await site.set(on_article_deleted="erase")
    await send_event(site, "published", "old", title="A title", url="https://gazette.example/old")
    await a_comment(AThread(site, "old"), "Soon gone.")
    await send_event(site, "updated", "new", previous_article="old", url="https://gazette.example/new")
    await send_event(site, "deleted", "new")
    await send_event(site, "withdrawn", "unheard-of")
    await site.call("GET", "/threads?sort=replies", by="host")


NAMES, LATER_NAMES, STRIPPED = (
    next(script.module for script in SCRIPTS if script.revision == revision)
    for revision in ("2026_11_29_0018", "2026_11_29_0019", "2026_11_29_0022")
)
RENAMED_TABLES = NAMES.TABLES | LATER_NAMES.TABLES | {"bans": "measures"}
Rows = dict[str, list[dict[str, Any]]]


async def rows(database: Database) -> Rows:
    """Return the rows of each table."""

    def columns_of(sync: Connection) -> dict[str, str]:
        inspector = inspect(sync)
        present = [table for table in (*TABLES, *RENAMED_TABLES) if table in inspector.get_table_names()]
        return {table: ", ".join(column["name"] for column in inspector.get_columns(table)) for table in present}

    async with database.read() as connection:
        held: Rows = {}
        for table, columns in (await connection.run_sync(columns_of)).items():
            found = await connection.execute(text(f"SELECT {columns} FROM {table}"))  # names from the database itself
            held[table] = sorted((dict(row._mapping) for row in found), key=repr)
        return held


def without_texts(held: Rows) -> Rows:
    """Return the rows ``held`` as revision 0022 leaves them when it is undone: null where a text was."""

    def data(stored: str) -> str:
        members = json.loads(stored)
        for noun, names in STRIPPED.TEXTS.items():
            if noun in members:
                members[noun] |= dict.fromkeys(names)
        return json.dumps(members, ensure_ascii=False, separators=(",", ":"))

    def kind(row: dict[str, Any]) -> str:
        return "operator" if row["by_kind"] == "author" else row["by_kind"]

    return held | {
        "events": [row | {"data": data(row["data"])} for row in held["events"]],
        "erasures": [row | {"after_sequence": 0} for row in held["erasures"]],
        "decisions": [row | {"by_kind": kind(row)} for row in held["decisions"]],
    }


def with_names_before_0019(held: Rows) -> Rows:
    """Return the rows ``held`` with the names that tables and columns had before revision 0019."""
    held = {table: [with_old_columns(row, LATER_NAMES.COLUMNS.get(table, {})) for row in held[table]] for table in held}
    return held | {old: held.pop(new) for old, new in LATER_NAMES.TABLES.items()}


def with_names_before_0018(held: Rows) -> Rows:
    """Return the rows ``held`` with the names that tables, columns and values had before revision 0018."""
    rules, settings, findings, actions = (
        {new: old for old, new in each.items()} for each in (NAMES.RULES, NAMES.SETTINGS, NAMES.FINDINGS, NAMES.ACTIONS)
    )

    def members(stored: str, old: dict[str, str]) -> str:
        return re.sub(r'"(\w+)":', lambda member: f'"{old.get(member[1], member[1])}":', stored)

    def reason(row: dict[str, Any]) -> str | None:
        old = {"rules": rules, "settings": settings}.get(row["verdict"], {})
        changed: str | None = row["reason"]
        return changed and ", ".join(old.get(word, word) for word in changed.split(", "))

    def times(stored: str) -> str:
        return stored.replace('"fields":', '"things":').replace('"withdrawal":', '"standing":')

    held = {table: [with_old_columns(row, NAMES.COLUMNS.get(table, {})) for row in held[table]] for table in held}
    secrets, errors = ({new: old for old, new in each.items()} for each in (NAMES.SECRETS, NAMES.ATTEMPT_ERRORS))
    event_times, withdrawals = held.pop("article_event_times"), held.pop("article_withdrawals")
    return held | {
        "articles_told": [row | {"told": times(row["told"])} for row in event_times],
        "article_standings": withdrawals,
        "attempts": [row | {"error": errors.get(row["error"], row["error"])} for row in held["attempts"]],
        "site_secrets": [row | {"name": secrets.get(row["name"], row["name"])} for row in held["site_secrets"]],
        "sites": [row | {"settings": members(row["settings"], settings)} for row in held["sites"]],
        "rules": [row | {"rules": members(row["rules"], rules)} for row in held["rules"]],
        "findings": [
            row
            | {"rule": findings.get(row["rule"], row["rule"]), "verdict": actions.get(row["verdict"], row["verdict"])}
            for row in held["findings"]
        ],
        "decisions": [row | {"reason": reason(row)} for row in held["decisions"]],
    }


def with_old_columns(row: dict[str, Any], columns: dict[str, str]) -> dict[str, Any]:
    return row | {old: row[new] for old, new in columns.items()}


def without_notes(held: Rows) -> Rows:
    """Return the rows ``held`` as before revision 0026: a note was a reason, and rules and appeals were not logged."""

    def reason(row: dict[str, Any]) -> str | None:
        found: str | None = (row["note"] or row["reason"]) if row["comment_id"] else row["reason"]
        return found

    logged = [row for row in held["decisions"] if row["by_kind"] != "rule" and row["action"] != "appeal"]
    return held | {"decisions": [row | {"reason": reason(row)} for row in logged]}


def with_personal_reports(held: Rows) -> Rows:
    """Return the rows ``held`` as before revision 0030: the reason of reports for personal data was ``personal``."""
    events, old = held["events"], {"personal-data": "personal"}
    return held | {
        "reports": [row | {"reason": old.get(row["reason"], row["reason"])} for row in held["reports"]],
        "events": [row | {"data": row["data"].replace('"personal-data"', '"personal"')} for row in events],
    }


def there_at(held: Rows, revision: str, like: Rows) -> Rows:
    """Return the rows ``held`` that ``revision`` can store: the tables and columns of ``like``, in order."""
    if revision < "2026_11_30_0030":
        held = with_personal_reports(held)
    if revision < "2026_11_30_0025":
        bans = [{name: row[name] for name in row if name != "action"} for row in held["measures"]]
        held = {table: held[table] for table in held if table != "measures"} | {"bans": bans}
    if revision < "2026_11_30_0026":
        held = without_notes(held)
    if revision < "2026_11_29_0023":
        responses = dict.fromkeys(("response", "comment_id", "comment_revision"))
        held = held | {"attempts": [row | responses for row in held["attempts"]]}
    if revision < "2026_11_29_0022":
        held = without_texts(held)
    if revision < "2026_11_29_0019":
        held = with_names_before_0019(held)
    if revision < "2026_11_29_0018":
        held = with_names_before_0018(held)
    if revision < "2026_11_24_0009":  # before it, only decisions on comments by keys were stored
        decisions = [row for row in held["decisions"] if row["comment_id"] and row["by_kind"] == "key"]
        held = held | {"decisions": decisions}
    if revision < "2026_11_25_0016":  # before it, no secret had that name
        secrets = [row for row in held["site_secrets"] if row["name"] != "article-hooks"]
        held = held | {"site_secrets": secrets}
    first = TABLES | {old: TABLES[new] for old, new in RENAMED_TABLES.items()}
    present = {} if revision == "base" else {table: held[table] for table in held if first[table] <= revision}
    columns = {table: rows[0].keys() for table, rows in like.items() if rows}
    return {
        table: sorted(({name: row[name] for name in columns[table]} for row in rows), key=repr)
        for table, rows in present.items()
    }


async def differences(database: Database) -> list[Any]:
    """Return the changes that autogenerate would make."""

    def compare(sync: Connection) -> list[Any]:
        options = {
            "compare_type": True,
            "compare_server_default": True,
            "include_name": is_modelled,
            "include_object": partial(is_on, database.dialect),
        }
        found: list[Any] = compare_metadata(MigrationContext.configure(sync, opts=options), METADATA)
        return found

    async with database.read() as connection:
        return await connection.run_sync(compare)


async def at(database: Database) -> str | None:
    async with database.read() as connection:
        return await current_revision(connection)


@pytest.fixture
async def database(fresh_database_url: str) -> Any:
    """A migrated database of its own."""
    database = Database(fresh_database_url, read_connections=1)
    yield database
    await database.close()


async def test_the_tables_equal_the_models(database: Database) -> None:
    assert await differences(database) == []
    assert TABLES.keys() == METADATA.tables.keys()
    assert await at(database) == head_revision() == REVISIONS[-1]


async def test_constraints_and_indexes_have_the_models_names_and_conditions(database: Database) -> None:
    """Compare what autogenerate ignores: checks, and the conditions of partial indexes."""

    def of(sync: Connection) -> dict[str, tuple[set[str | None], set[str | None], set[str]]]:
        inspector = inspect(sync)
        return {
            name: (
                {check["name"] for check in inspector.get_check_constraints(name)},
                {index["name"] for index in inspector.get_indexes(name) if not index.get("duplicates_constraint")},
                {index["name"] or "" for index in inspector.get_indexes(name) if where(index)},
            )
            for name in METADATA.tables
        }

    def where(index: Any) -> bool:
        options = index.get("dialect_options", {})
        return options.get(f"{database.dialect}_where") is not None

    async with database.read() as connection:
        found = await connection.run_sync(of)
    for name, table in METADATA.tables.items():
        checks = {str(one.name) for one in table.constraints if isinstance(one, CheckConstraint)}
        indexes = {str(index.name) for index in table.indexes if is_on(database.dialect, index)}
        partial = {
            str(index.name)
            for index in table.indexes
            if index.dialect_options[database.dialect].get("where") is not None
        }
        assert found[name] == (checks, indexes, partial), name


@pytest.mark.parametrize("steps", ["one", pytest.param("each", marks=pytest.mark.slow)])
async def test_steps_down_and_up_keep_the_rows_of_remaining_tables(
    database: Database, fresh_database_url: str, steps: str
) -> None:
    """All the way down and up, or with each step up and down once more on the way down."""
    await fill(fresh_database_url)
    before = await rows(database)
    assert all(before.values()) and before.keys() == TABLES.keys()
    for to in [*reversed(REVISIONS[:-1]), "base"] if steps == "each" else ["2026_11_24_0008", "base"]:
        above = await at(database)
        await go(database, to)
        held = await rows(database)
        assert held == there_at(before, to, held), to
        if steps == "each":
            await go(database, above)
            await go(database, to)
            assert await rows(database) == held, to
    await go(database, REVISIONS[-1])
    assert there_at(await rows(database), "base", held) == held
    assert await differences(database) == []


async def go(database: Database, revision: str | None) -> None:
    """Migrate to ``revision``, and close the connections, which have prepared statements for the old tables."""
    await migrate(database, to=revision or "base")
    await database.close()
    assert await at(database) == (None if revision == "base" else revision)


async def test_a_secret_stored_under_its_old_name_opens_under_the_new_one(
    database: Database, fresh_database_url: str
) -> None:
    await fill(fresh_database_url)
    await migrate(database, to="2026_11_28_0017")
    await database.close()
    async with database.write() as connection:
        site_id = await connection.scalar(text("SELECT id FROM sites"))
        sealed = Seal(SECRET_KEY, purpose="site secrets").close("from before", about=f"{site_id} article-hooks")
        statement = text("UPDATE site_secrets SET sealed = :sealed WHERE name = 'article-hooks'")
        await connection.execute(statement, {"sealed": sealed})
    await migrate(database)
    await database.close()
    async with database.read() as connection:
        site = (await list_sites(connection))[0]
    assert await Secrets(database, SECRET_KEY).find(site, "article-webhooks") == "from before"


async def test_texts_stored_before_are_gone_and_reports_on_deleted_comments_are_settled(
    database: Database, fresh_database_url: str
) -> None:
    await fill(fresh_database_url)
    await migrate(database, to="2026_11_29_0021")
    await database.close()
    texts = {"author": {"name": "555 0100"}, "html": "555 0100", "note": "555 0100", "reason": "555 0100"}
    async with database.write() as connection:
        await connection.execute(text("UPDATE reports SET note = '555 0100', settled_by = NULL"))
        await connection.execute(text("UPDATE attempts SET response = '555 0100'"))
        await connection.execute(text("DELETE FROM decisions WHERE by_kind = 'operator'"))
        for row in (await connection.execute(text("SELECT site_id, position, data FROM events"))).all():
            data = json.loads(row.data)
            for noun, names in STRIPPED.TEXTS.items():
                if noun in data:
                    data[noun] |= {name: texts[name] for name in names}
            write = text("UPDATE events SET data = :data WHERE site_id = :site AND position = :at")
            await connection.execute(write, {"data": json.dumps(data), "site": row.site_id, "at": row.position})
    before = await rows(database)
    assert "555 0100" in repr(before["events"])
    await migrate(database)
    await database.close()
    after = await rows(database)
    assert "555 0100" not in repr(after["events"])
    assert [event["position"] for event in after["events"]] == [event["position"] for event in before["events"]]
    deleted = {comment["id"] for comment in after["comments"] if not comment["body"]}
    [report] = [report for report in after["reports"] if report["comment_id"] in deleted]
    [decision] = [decision for decision in after["decisions"] if decision["by_kind"] == "author"]
    assert (report["note"], report["settled_by"]) == (None, decision["id"])
    assert (decision["action"], decision["reports"], decision["comment_id"]) == ("delete", 1, report["comment_id"])
    assert {row["note"] for row in after["reports"] if row["comment_id"] not in deleted} == {"555 0100"}
    assert "555 0100" not in repr(after["attempts"])


async def test_migrating_again_changes_nothing(database: Database, fresh_database_url: str) -> None:
    await fill(fresh_database_url)
    before = await rows(database)
    await migrate(database)
    await migrate(database, to=REVISIONS[-1])
    assert await rows(database) == before


async def test_a_failed_migration_changes_nothing(database: Database, fresh_database_url: str) -> None:
    await fill(fresh_database_url)
    async with database.write() as connection:
        await connection.execute(text("DROP TABLE decisions"))  # so that the downgrade fails half-way
    before = await rows(database)
    with pytest.raises(Exception, match="decisions"):
        await migrate(database, to="base")
    assert (await rows(database), await at(database)) == (before, REVISIONS[-1])


@pytest.mark.parametrize("script", SCRIPTS, ids=REVISIONS)
def test_each_migration_documents_reason_locks_and_compatibility(script: Any) -> None:
    doc = script.module.__doc__
    for heading in ("Why", "Locks", "The release before lives with it because"):
        text_of_heading = re.search(rf"^{heading}: (\S.+)$", doc, re.MULTILINE)
        assert text_of_heading and len(text_of_heading[1]) > 10, heading
    assert re.fullmatch(r"\d{4}_\d\d_\d\d_\d{4}_[a-z_]+\.py", script.path.rpartition("/")[2])
    assert script.path.rpartition("/")[2].startswith(script.revision)


def test_the_migrations_have_no_branches() -> None:
    assert sorted(REVISIONS) == REVISIONS
    assert [script.down_revision for script in SCRIPTS] == [None, *REVISIONS[:-1]]
