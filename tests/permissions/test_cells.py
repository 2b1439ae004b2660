"""Permissions: each route with each kind of caller, and no site sees another site's data."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import msgspec
import pytest
from joserfc.jwk import OctKey
from sqlalchemy import event, update

from service.platform import clock
from service.platform.access.api_keys import add_key, list_keys, revoke_key
from service.platform.access.gate import Gate
from service.platform.access.model import SessionRow
from service.platform.access.moderator_accounts import change_password, remove_moderator
from service.platform.access.sessions import end_session, read_session
from service.platform.sites.edit_site import find_site
from service.platform.storage.engine import Database
from service.routes import SITE_ROUTES
from tests.builders import ASite, Json, a_comment, a_session, a_site, a_thread, events_of
from tests.integrations.articles.articles import article_event, share_webhook_secret, signed
from tests.platform.access.a_host import SECRET, a_token, segment, share_secret

ROUTES = {f"{method} {path}": (method, path, who) for method, path, _, who in SITE_ROUTES}
BODIES: dict[str, Json] = {
    "POST /threads/{article}/comments": {"body": "Hello.", "author": {"name": "Ada"}},
    "POST /counts": {"articles": ["a"]},
    "PUT /threads/{article}": {"title": "A title"},
    "POST /threads/{article}/move": {"article": "b"},
    "POST /threads/{article}/close": {},
    "POST /threads/{article}/reopen": {},
    "PUT /threads/{article}/mode": {"mode": "hold"},
    "POST /close": {"dry_run": True},
    "POST /reopen": {},
    "POST /preview": {"body": "Hello."},
    "PATCH /comments/{comment}": {"body": "Better."},
    "POST /claims": {},
    "POST /comments/{comment}/reports": {"reason": "spam"},
    "POST /bans": {"kind": "domain", "value": "spam.example"},
    "POST /measures": {"action": "hold", "kind": "domain", "value": "spam.example"},
    "PUT /rules": {"hold_words": ["casino"]},
    "PATCH /settings": {},
    "POST /rules/try": {"rules": {}},
    "POST /endpoints": {"url": "https://192.0.2.1/hook"},
    "PATCH /endpoints/{endpoint}": {},
    "POST /endpoints/{endpoint}/rotate": {},
    "POST /endpoints/{endpoint}/redeliver": {"first": 1},
    "POST /keys": {"role": "host"},
    "POST /moderators": {"name": "Otto", "role": "moderator"},
    "PATCH /moderators/{moderator}": {"role": "admin"},
    "POST /sessions": {},
    "POST /decisions": {"action": "spam", "comments": [{"id": str(uuid4()), "revision": 1}]},
}
EVENT = msgspec.json.encode(article_event("withdrawn"))
QUERIES = {
    "GET /counts": "?article=a",
    "GET /threads?url": "?url=https://gazette.example/a",
    "GET /comments": "?source=wordpress:57",
    "GET /rules/agreement": "?rule=hold_words&since=2026-11-24T12:00:00Z",
}
# The kinds of each caller in ``platform/access/caller.py``; a route admits a caller of one of its kinds.
CALLER_KINDS = {
    "nobody": {"anyone"},
    "author": {"reader"},
    "signed in": {"reader"},
    "host": {"host"},
    "moderator": {"moderator"},
    "admin": {"admin"},
    "moderator who is logged in": {"moderator", "session"},
    "admin who is logged in": {"admin", "session"},
    "host that signs": {"anyone", "signed"},
}
ANONYMOUS = ("nobody", "host that signs")
OF_ANOTHER_SITE = ["key of another site", "session of another site"]
INVALID = [
    "expired session",
    "session logged out",
    "session of a removed moderator",
    "session from before the password changed",
    "unknown session",
    "session cut short",
    "signed in at another site",
    "signed in for another site",
    "signed in till yesterday",
    "signed in for ever",
    "signed in by HS512",
    "signed in by none",
    "signed in by somebody else",
    "author of another site",
    "revoked key",
    "garbage",
    "unknown key",
    "key with another secret",
    "empty",
    "Basic",
]


async def authorization(site: ASite, other: ASite, caller: str) -> str | None:
    """The ``Authorization`` header of a kind of caller."""
    if "session" in caller or "logged in" in caller:
        return f"Bearer {await a_session_of(site, other, caller)}"
    sent = {
        "nobody": None,
        "host that signs": None,
        "author": f"Bearer {await an_author_token(site)}",
        **{role: f"Bearer {key}" for role, key in site.keys.items()},
        "key of another site": f"Bearer {other.keys['admin']}",
        "signed in": f"Bearer {a_token(site.slug)}",
        "signed in at another site": f"Bearer {a_token(other.slug, key=OctKey.import_key(SECRET + ' there'))}",
        "signed in for another site": f"Bearer {a_token(other.slug)}",
        "signed in till yesterday": f"Bearer {a_token(site.slug, exp=int(clock.now().timestamp()) - 86_400)}",
        "signed in for ever": f"Bearer {a_token(site.slug, without='exp')}",
        "signed in by HS512": f"Bearer {a_token(site.slug, alg='HS512')}",
        "signed in by none": f"Bearer {segment({'alg': 'none'})}.{a_token(site.slug).split('.')[1]}.",
        "signed in by somebody else": f"Bearer {a_token(site.slug, key=OctKey.generate_key(256))}",
        "author of another site": f"Bearer {await an_author_token(other)}",
        "revoked key": f"Bearer {await a_revoked_key(site)}",
        "garbage": "Bearer garbage",
        "unknown key": f"Bearer ork_{'0' * 12}_{'x' * 43}",
        "key with another secret": f"Bearer {site.keys['admin'][:-4]}AAAA",
        "empty": "Bearer ",
        "Basic": f"Basic {site.keys['admin']}",
    }
    return sent[caller]


async def a_session_of(site: ASite, other: ASite, caller: str) -> str:
    """The session token of a kind of caller, valid or invalid."""
    token = await a_session(
        other if caller == "session of another site" else site, role="admin" if "admin" in caller else "moderator"
    )
    async with database_of(site).write() as connection:
        found, session = await find_site(connection, site.slug), await read_session(connection, token)
        assert session
        match caller:
            case "expired session":
                expires = update(SessionRow).where(SessionRow.id == session.id)
                await connection.execute(expires.values(expires_at=clock.now()))
            case "session logged out":
                await end_session(connection, session.id)
            case "session of a removed moderator":
                await remove_moderator(connection, found.id, "Maria")
            case "session from before the password changed":
                await change_password(connection, found.id, "Maria", password_hash="another")
            case "unknown session":
                token = f"session_{'x' * 43}"
            case "session cut short":
                token = token[:-1]
    return token


async def an_author_token(site: ASite) -> str:
    token: str = (await a_comment(await a_thread(site)))["author_token"]
    return token


async def a_revoked_key(site: ASite) -> str:
    async with database_of(site).write() as connection:
        found = await find_site(connection, site.slug)
        key = await add_key(connection, found.id, "admin")
        assert await revoke_key(connection, found.id, key.split("_")[1])
    return key


def database_of(site: ASite) -> Database:
    database: Database = site.app.state.database
    return database


async def call(
    site: ASite, route: str, *, authorization: str | None, comment: str, signs: bool = False
) -> tuple[int, Json, dict[str, str]]:
    method, path, who = ROUTES[route]
    ids = {
        "article": "a",
        "comment": comment,
        "ban": uuid4(),
        "measure": uuid4(),
        "reader": uuid4(),
        "endpoint": uuid4(),
        "position": 1,
        "key": "0" * 12,
        "moderator": "0" * 12,
        "receipt": "report_x",
    }
    path = path.partition("?")[0].format(**ids) + QUERIES.get(route, "")
    headers = {} if authorization is None else {"Authorization": authorization}
    if path.endswith("/stream") and (head := await site.call("HEAD", path, headers=headers)).is_success:
        return head.status_code, {}, dict(head.headers)  # a GET would never end
    if "signed" in who:
        response = await site.call(method, path, headers=headers | (signed(EVENT) if signs else {}), content=EVENT)
    else:
        response = await site.call(method, path, headers=headers, json=BODIES.get(route))
    content = response.json() if response.content and response.status_code >= 400 else {}
    return response.status_code, content, dict(response.headers)


@pytest.mark.parametrize("caller", [*CALLER_KINDS, *OF_ANOTHER_SITE, *INVALID])
async def test_each_caller_may_call_exactly_the_routes_of_the_table(site: ASite, caller: str) -> None:
    await a_thread(site, article="a", url="https://gazette.example/a")
    comment = (await a_comment(await a_thread(site)))["comment"]["id"]
    await share_secret(site, SECRET)
    await share_webhook_secret(site)
    async with a_site(site.app) as other:
        await share_secret(other, SECRET + " there")
        sent = await authorization(site, other, caller)
        # Logging out comes last, because it ends the session.
        for route, (_, _, who) in sorted(ROUTES.items(), key=lambda row: row[0] == "DELETE /sessions/current"):
            signs = "signed" in CALLER_KINDS.get(caller, set())
            status, problem, headers = await call(site, route, authorization=sent, comment=comment, signs=signs)
            if CALLER_KINDS.get(caller, set()) & who:
                assert status not in {401, 403} and status < 500, (route, status)
            elif caller == "nobody" and "signed" in who:
                assert (status, problem["type"]) == (401, "/problems/invalid-signature"), route
                assert headers["www-authenticate"].startswith("Webhook-Signature"), route
            elif caller in ANONYMOUS or caller in INVALID:
                assert (status, problem["type"]) == (401, "/problems/unauthenticated"), route
                assert headers["www-authenticate"].startswith('Bearer realm="onereply"'), route
                is_invalid = 'error="invalid_token"' in headers["www-authenticate"]
                assert is_invalid == (caller not in ANONYMOUS), route
            else:
                kind = "wrong-site" if caller in OF_ANOTHER_SITE else "forbidden"
                assert (status, problem["type"]) == (403, f"/problems/{kind}"), route


async def test_a_refused_request_changes_nothing(site: ASite) -> None:
    thread = await a_thread(site, article="a")
    posted = await a_comment(thread)
    before = await events_of(site)
    for caller in ("moderator", posted["author_token"], "nonsense"):
        assert (await site.call("PUT", thread.path, by=caller, json={"title": "Other"})).status_code in {401, 403}
    for caller in (None, "host", "moderator", "admin"):
        path = f"/comments/{posted['comment']['id']}"
        assert (await site.call("PATCH", path, by=caller, json={"body": "Other."})).status_code in {401, 403}
        assert (await site.call("DELETE", path, by=caller)).status_code in {401, 403}
    assert await events_of(site) == before


async def test_a_route_that_is_not_in_the_table_does_not_exist(site: ASite) -> None:
    for method, path in (
        ("GET", "/secrets"),
        ("GET", "/"),
        ("GET", ""),
        ("PATCH", "/threads/a"),
    ):
        response = await site.call(method, path, by="admin")
        assert response.status_code in {404, 405}
        assert response.json()["type"] in {"/problems/not-found", "/problems/method-not-allowed"}


async def test_a_405_lists_the_allowed_methods(site: ASite) -> None:
    for path, methods in (
        ("/threads/a", {"GET", "HEAD", "PUT", "DELETE"}),
        ("/threads/a/comments", {"GET", "HEAD", "POST"}),
        ("/comments/a", {"GET", "HEAD", "PATCH", "DELETE"}),
        ("/threads/a/close", {"POST"}),
    ):
        refused = await site.call("TRACE", path, by="admin")
        assert refused.status_code == 405
        assert set(refused.headers["allow"].split(", ")) == methods


async def test_no_site_sees_another_sites_data(site: ASite) -> None:
    """Both sites have the same article ids and URLs, so that only the site differs."""
    async with a_site(site.app) as other:
        mine = await a_thread(site, article="a", title="Mine", url="https://gazette.example/a")
        theirs = await a_thread(other, article="a", title="Theirs", url="https://gazette.example/a")
        hidden = await a_thread(other, article="hidden")
        posted = await a_comment(theirs, "Their secret.")
        comment = f"/comments/{posted['comment']['id']}"
        for key in ("host", "moderator", "admin"):
            assert (await site.call("GET", "/threads/a", by=key)).json()["title"] == "Mine"
            assert (await site.call("GET", "/threads?url=https://gazette.example/a", by=key)).json()["title"] == "Mine"
            assert (await site.call("GET", hidden.path, by=key)).status_code == 404
            assert (await site.call("GET", comment, by=key)).status_code == 404
            listed = (await site.call("GET", "/threads", by=key)).json()["threads"]
            assert [thread["title"] for thread in listed] == ["Mine"]
            assert await mine.pages(by=key) == []
        counts = (await site.call("GET", "/counts?article=a&article=hidden")).json()["counts"]
        assert [(count["reply_count"], count["state"]) for count in counts] == [(0, "open"), (0, None)]
        assert "Their" not in str(await events_of(site))
        assert {event["data"]["thread"]["title"] for event in await events_of(site)} == {"Mine"}


async def test_no_site_changes_another_sites_data(site: ASite) -> None:
    async with a_site(site.app) as other:
        mine, theirs = await a_thread(site), await a_thread(other, article="theirs")
        posted = await a_comment(theirs)
        before = await events_of(other)
        comment, target = posted["comment"]["id"], {"id": posted["comment"]["id"], "revision": 1}
        assert (await site.call("POST", f"{theirs.path}/close", by="admin", json={})).status_code == 404
        assert (await mine.post(below=comment)).json()["type"] == "/problems/parent-unavailable"
        decided = await site.call("POST", "/decisions", by="admin", json={"action": "spam", "comments": [target]})
        assert decided.json()["results"][0]["problem"]["status"] == 404
        for method, body in (("PATCH", {"body": "x"}), ("DELETE", None)):
            refused = await site.call(method, f"/comments/{comment}", by=posted["author_token"], json=body)
            assert refused.status_code == 401
        assert await events_of(other) == before
        assert (await theirs.read())["reply_count"] == 1


async def test_last_used_times_of_keys_are_written_in_one_statement(site: ASite) -> None:
    await a_thread(site)
    gate: Gate = site.app.state.gate
    await gate.keys.write_last_used()
    first = await last_use(site)
    with statements_of_the_writer(database_of(site)) as written:
        for _ in range(20):
            assert (await site.call("GET", "/threads", by="host")).status_code == 200
        assert written == []
        assert await last_use(site) == first
        await gate.keys.write_last_used()
    assert len([statement for statement in written if statement.startswith("UPDATE api_keys")]) == 1
    assert str(await last_use(site)) > str(first)


@contextmanager
def statements_of_the_writer(database: Database) -> Iterator[list[str]]:
    """The statements that the database's writer executes, in order."""
    written: list[str] = []

    def record(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        written.append(statement)

    engine = database._writing.sync_engine
    event.listen(engine, "before_cursor_execute", record)
    yield written
    event.remove(engine, "before_cursor_execute", record)


async def last_use(site: ASite) -> object:
    async with database_of(site).read() as connection:
        found = await find_site(connection, site.slug)
        return next(key.last_used_at for key in await list_keys(connection, found.id) if key.role == "host")


async def test_a_revoked_key_is_invalid_at_the_next_request(site: ASite) -> None:
    async with database_of(site).write() as connection:
        found = await find_site(connection, site.slug)
        key = await add_key(connection, found.id, "host")
    assert (await site.call("GET", "/events", by=key)).status_code == 200
    async with database_of(site).write() as connection:
        await revoke_key(connection, found.id, key.split("_")[1])
    assert (await site.call("GET", "/events", by=key)).status_code == 401
