"""Moderators log in and out: a session's permissions, its expiry, and the limits on log-ins."""

import json
import time
from datetime import timedelta
from typing import Any

import pytest
import structlog
from argon2 import PasswordHasher, extract_parameters
from sqlalchemy import select

from service.platform import clock
from service.platform.access.gate import Gate
from service.platform.access.log_in import InvalidCredentials, check_password, log_in
from service.platform.access.model import ModeratorRow, SessionRow
from service.platform.access.moderator_accounts import change_password, find_account, list_moderators, remove_moderator
from service.platform.access.passwords import Passwords
from service.platform.access.sessions import Sessions, hash_of
from service.platform.events.model import DecisionRow
from service.platform.sites.edit_site import find_site
from service.platform.storage.engine import Database
from tests.builders import PASSWORD, ASite, Clock, a_comment, a_moderator, a_session, a_site, a_thread, try_log_in
from tests.platform.http.by_hand import Answer, ask_site
from tests.promises.test_query_counts import watched

NO_NAMES: list[Any] = ["", "x" * 101, None, 1, []]
NO_PASSWORDS: list[Any] = ["", "secret" * 40, None, 1, {}]


def database_of(site: ASite) -> Database:
    database: Database = site.app.state.database
    return database


async def test_a_moderator_logs_in_and_reads_the_session(site: ASite, the_clock: Clock) -> None:
    moderator_id = await a_moderator(site, "Maria", role="admin")
    answer = await try_log_in(site, " MARIA")
    assert (answer.status_code, answer.headers["cache-control"]) == (201, "no-store")
    begun = answer.json()
    assert begun["moderator"] == {"id": moderator_id, "name": "Maria", "role": "admin", "sections": None}
    assert begun["expires_at"] == (the_clock.now() + timedelta(hours=12)).isoformat().replace("+00:00", "Z")
    current = await site.call("GET", "/sessions/current", by=begun.pop("token"))
    assert (current.status_code, current.json()) == (200, begun)
    assert current.headers["cache-control"] == "private, no-cache"


async def test_a_failed_log_in_does_not_say_which_part_was_wrong(site: ASite) -> None:
    await a_moderator(site, "Maria")
    async with a_site(site.app) as other:
        await a_moderator(other, "Otto")
    attempts = [("Maria", "nine trams to the depoT"), ("Nobody", PASSWORD), ("Otto", PASSWORD), ("\0", "\0")]
    refused = [await try_log_in(site, name, password) for name, password in attempts]
    assert [answer.status_code for answer in refused] == [401] * len(attempts)
    assert {answer.text for answer in refused} == {refused[0].text}
    assert refused[0].json()["type"] == "/problems/invalid-credentials"
    assert refused[0].headers["www-authenticate"] == 'Bearer realm="onereply"'
    refused_again = await site.call(
        "POST", "/sessions", json={"name": "Maria", "password": "wrong"}, headers={"Accept-Language": "en"}
    )
    assert refused_again.json()["title"] == "The name or the password is not right."


@pytest.mark.parametrize(
    ("pointer", "body"),
    [
        ("/name", {"password": PASSWORD}),
        ("/password", {"name": "Maria"}),
        *(("/name", {"name": value, "password": PASSWORD}) for value in NO_NAMES),
        *(("/password", {"name": "Maria", "password": value}) for value in NO_PASSWORDS),
        ("/role", {"name": "Maria", "password": PASSWORD, "role": "admin"}),
    ],
)
async def test_an_invalid_member_is_refused_without_the_password(site: ASite, pointer: str, body: object) -> None:
    refused = await site.call("POST", "/sessions", json=body)
    assert (refused.status_code, refused.json()["pointer"]) == (422, pointer)
    assert PASSWORD not in refused.text and "secret" not in refused.text


async def test_neither_password_nor_token_is_in_the_log_or_the_database(site: ASite) -> None:
    await a_moderator(site, "Maria")
    with structlog.testing.capture_logs() as log:
        token = (await try_log_in(site)).json()["token"]
        await try_log_in(site, password="not the password")
        await site.call("GET", "/sessions/current", by=token)
    assert [line["status"] for line in log if line["event"] == "request"] == [201, 401, 200]
    assert PASSWORD not in str(log) and "not the password" not in str(log) and token not in str(log)
    async with database_of(site).read() as connection:
        kept = [await connection.execute(select(row.__table__)) for row in (ModeratorRow, SessionRow)]
    assert PASSWORD not in str(kept) and token.removeprefix("session_") not in str(kept)


async def test_a_session_has_the_permissions_of_a_key_with_its_role(site: ASite) -> None:
    token = await a_session(site, role="moderator")
    comment = (await a_comment(await a_thread(site, mode="hold")))["comment"]
    body = {"action": "publish", "comments": [{"id": comment["id"], "revision": comment["revision"]}]}
    decided = await site.call("POST", "/decisions", by=token, json=body)
    assert decided.json()["results"][0]["state"] == "published"
    me = (await site.call("GET", "/sessions/current", by=token)).json()["moderator"]
    async with database_of(site).read() as connection:
        statement = select(DecisionRow.by_kind, DecisionRow.decided_by).where(DecisionRow.comment_id.is_not(None))
        recorded = (await connection.execute(statement.order_by(DecisionRow.id.desc()).limit(1))).one()
    assert tuple(recorded) == ("moderator", me["id"])


async def test_logging_out_ends_that_session_and_no_other(site: ASite) -> None:
    await a_moderator(site)
    one, other = [(await try_log_in(site)).json()["token"] for _ in range(2)]
    assert (await site.call("DELETE", "/sessions/current", by=one)).status_code == 204
    over = await site.call("GET", "/sessions/current", by=one)
    assert (over.status_code, 'error="invalid_token"' in over.headers["www-authenticate"]) == (401, True)
    assert (await site.call("DELETE", "/sessions/current", by=one)).status_code == 401
    assert (await site.call("GET", "/sessions/current", by=other)).status_code == 200


async def test_a_session_expires_after_twelve_hours_and_is_pruned(own_site: ASite, the_clock: Clock) -> None:
    token = await a_session(own_site)
    for _ in range(11):
        the_clock.move(hours=1)
        assert (await own_site.call("GET", "/queue", by=token)).status_code == 200
    the_clock.move(minutes=59, seconds=59)
    await own_site.app.state.gate.sessions.write_last_seen()
    await own_site.sweep()
    assert (await own_site.call("GET", "/queue", by=token)).status_code == 200
    the_clock.move(seconds=1)
    assert (await own_site.call("GET", "/queue", by=token)).status_code == 401
    await own_site.sweep()
    async with database_of(own_site).read() as connection:
        left = select(SessionRow.id).where(SessionRow.expires_at <= the_clock.now())
        assert (await connection.execute(left)).all() == []


async def test_a_session_ends_after_two_hours_without_use(own_site: ASite, the_clock: Clock) -> None:
    idle, busy = await a_session(own_site, "Maria"), await a_session(own_site, "Otto")
    the_clock.move(hours=1)
    assert (await own_site.call("GET", "/queue", by=busy)).status_code == 200
    the_clock.move(minutes=59, seconds=59)
    assert (await own_site.call("GET", "/sessions/current", by=busy)).status_code == 200
    the_clock.move(seconds=1)
    assert (await own_site.call("GET", "/queue", by=idle)).status_code == 401
    assert (await own_site.call("GET", "/queue", by=busy)).status_code == 200, "its last use is not yet written"


async def test_every_process_knows_of_a_use_that_was_written(own_site: ASite, the_clock: Clock) -> None:
    token, idle = await a_session(own_site, "Maria"), await a_session(own_site, "Otto")
    the_clock.move(hours=1, minutes=30)
    await own_site.call("GET", "/queue", by=token)
    await own_site.app.state.gate.sessions.write_last_seen()
    the_clock.move(hours=1)
    await own_site.sweep()
    database, elsewhere = database_of(own_site), Sessions(database_of(own_site))
    assert await elsewhere.check(token) is not None
    assert await elsewhere.check(idle) is None
    async with database.read() as connection:
        left = select(SessionRow.id).where(SessionRow.id == hash_of(idle))
        assert (await connection.execute(left)).all() == [], "the sweep has pruned it"


async def test_a_password_change_or_removal_ends_all_sessions_of_the_account(site: ASite) -> None:
    maria, otto = await a_session(site, "Maria"), await a_session(site, "Otto")
    gate: Gate = site.app.state.gate
    changed = await gate.passwords.hash("another of my trams")
    async with database_of(site).write() as connection:
        found = await find_site(connection, site.slug)
        await change_password(connection, found.id, "maria", password_hash=changed)
    assert (await site.call("GET", "/queue", by=maria)).status_code == 401
    assert (await try_log_in(site)).status_code == 401
    again = (await try_log_in(site, password="another of my trams")).json()["token"]
    async with database_of(site).write() as connection:
        await remove_moderator(connection, found.id, "Maria")
    assert (await site.call("GET", "/queue", by=again)).status_code == 401
    assert (await try_log_in(site, password="another of my trams")).status_code == 401
    assert (await site.call("GET", "/queue", by=otto)).status_code == 200


class RemovingPasswords(Passwords):
    """Removes the account during the password check."""

    def __init__(self, site: ASite) -> None:
        super().__init__(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        self._site = site

    async def check(self, password: str, kept: str | None) -> bool:
        async with database_of(self._site).write() as connection:
            await remove_moderator(connection, (await find_site(connection, self._site.slug)).id, "Maria")
        return await super().check(password, kept)


async def test_an_account_removed_during_the_password_check_gets_no_session(site: ASite) -> None:
    await a_moderator(site)
    async with database_of(site).read() as connection:
        found = await find_site(connection, site.slug)
    with pytest.raises(InvalidCredentials):
        account = await check_password(
            database_of(site),
            found,
            passwords=RemovingPasswords(site),
            limits=site.app.state.gate.limits,
            address=None,
            name="Maria",
            password=PASSWORD,
        )
        await log_in(
            database_of(site),
            found,
            account,
            limits=site.app.state.gate.limits,
            second_factors=site.app.state.gate.second_factors,
            code=None,
            user_agent=None,
        )


async def test_an_outdated_hash_is_renewed_at_the_next_log_in(site: ASite) -> None:
    gate: Gate = site.app.state.gate
    await a_moderator(site)
    old = await Passwords(PasswordHasher(time_cost=2, memory_cost=16, parallelism=1)).hash(PASSWORD)
    async with database_of(site).write() as connection:
        found = await find_site(connection, site.slug)
        await change_password(connection, found.id, "Maria", password_hash=old)
    assert (await try_log_in(site)).status_code == 201
    async with database_of(site).read() as connection:
        account = await find_account(connection, found.id, "Maria")
    assert account and extract_parameters(account.password_hash) == extract_parameters(
        await gate.passwords.hash(PASSWORD)
    )
    assert (await try_log_in(site)).status_code == 201


async def test_log_ins_are_limited_per_name_even_with_the_right_password(
    site: ASite, monkeypatch: pytest.MonkeyPatch
) -> None:
    await a_moderator(site, "Maria")
    await a_moderator(site, "Otto")
    attempts = [
        await try_log_in(site, name, "a wrong password") for name in ("Maria", "maria", " MARIA", "Ｍaria", "Maria")
    ]
    assert [answer.status_code for answer in attempts] == [401] * 5
    refused = await try_log_in(site)
    assert (refused.status_code, refused.json()["type"]) == (429, "/problems/rate-limited")
    assert 0 < int(refused.headers["retry-after"]) <= 60
    assert refused.headers["ratelimit-policy"] == '"logins-per-name";q=5;w=60'
    assert (await try_log_in(site, "Otto")).status_code == 201
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 61)
    assert (await try_log_in(site)).status_code == 201


async def attempt(site: ASite, password: str, *, address: str, cookie: str = "") -> Answer:
    """Log in as Maria from ``address``, with a device cookie."""
    body = json.dumps({"name": "Maria", "password": password}).encode()
    headers = {"Content-Type": "application/json", **({"Cookie": cookie} if cookie else {})}
    return await ask_site(site, "POST", "/sessions", headers=headers, body=body, address=address)


def cookie_of(answer: Answer) -> str:
    return answer.headers["set-cookie"].partition(";")[0]


async def test_wrong_passwords_from_elsewhere_do_not_lock_a_moderator_out(site: ASite) -> None:
    await a_moderator(site)
    for _ in range(6):
        await attempt(site, "a wrong password", address="192.0.2.66")
    assert (await attempt(site, PASSWORD, address="192.0.2.66")).status == 429
    assert (await attempt(site, PASSWORD, address="192.0.2.7")).status == 201


async def test_a_known_device_logs_in_while_its_address_and_name_are_locked(site: ASite) -> None:
    await a_moderator(site)
    first = await attempt(site, PASSWORD, address="192.0.2.7")
    assert "HttpOnly" in first.headers["set-cookie"] and "SameSite=strict" in first.headers["set-cookie"]
    for number in range(110):
        await attempt(site, "a wrong password", address=f"198.51.100.{number}")
    for _ in range(6):
        await attempt(site, "a wrong password", address="192.0.2.7")
    assert (await attempt(site, PASSWORD, address="192.0.2.8")).status == 429, "as a whole the name is limited too"
    assert (await attempt(site, PASSWORD, address="192.0.2.7", cookie=cookie_of(first))).status == 201


async def test_a_device_cookie_has_a_limit_of_its_own_and_is_of_one_account(site: ASite) -> None:
    await a_moderator(site)
    cookie = cookie_of(await attempt(site, PASSWORD, address="192.0.2.7"))
    tried = [await attempt(site, "a wrong password", address=f"192.0.2.{n}", cookie=cookie) for n in range(6)]
    assert [answer.status for answer in tried] == [401] * 5 + [429]
    async with a_site(site.app) as other:
        await a_moderator(other)
        for forged in (cookie, "onereply_device=", "onereply_device=AAAA", "onereply_device=é"):
            for _ in range(6):
                last = await attempt(other, "a wrong password", address="192.0.2.66", cookie=forged)
            assert last.status == 429


async def test_a_log_in_resets_the_count_of_failed_attempts(site: ASite) -> None:
    await a_moderator(site)
    for password in ["a wrong password"] * 4 + [PASSWORD] + ["a wrong password"] * 4:
        assert (await try_log_in(site, password=password)).status_code in {201, 401}
    assert (await try_log_in(site)).status_code == 201


async def test_log_ins_are_limited_per_address_for_all_names(site: ASite) -> None:
    for number in range(10):
        assert (await try_log_in(site, f"Nobody {number}")).status_code == 401
    await a_moderator(site)
    refused = await try_log_in(site)
    assert (refused.status_code, refused.headers["ratelimit-policy"]) == (429, '"logins-per-address";q=10;w=60')
    async with a_site(site.app) as other:
        await a_moderator(other)
        assert (await try_log_in(other)).status_code == 201


async def test_requests_with_a_session_are_counted_by_moderator(site: ASite) -> None:
    maria, otto = await a_session(site, "Maria"), await a_session(site, "Otto")
    await site.set(request_limit_per_key="2/hour", request_limit_per_address="1/hour")
    asked = [await site.call("GET", "/queue", by=maria) for _ in range(3)]
    assert [answer.status_code for answer in asked] == [200, 200, 429]
    assert (await site.call("GET", "/queue", by=otto)).status_code == 200


async def test_a_session_takes_one_read_and_times_of_use_take_one_write(site: ASite, the_clock: Clock) -> None:
    token = await a_session(site)
    gate: Gate = site.app.state.gate
    await site.call("GET", "/sessions/current", by=token)
    the_clock.move(seconds=0.5)
    with watched() as statements:
        for _ in range(3):
            assert (await site.call("GET", "/sessions/current", by=token)).status_code == 200
    assert len(statements) == 3
    with watched() as statements:
        await gate.sessions.write_last_seen()
        await gate.sessions.write_last_seen()
    assert [one.sql.split()[:2] for one in statements] == [["UPDATE", "moderators"], ["UPDATE", "sessions"]]
    async with database_of(site).read() as connection:
        found = await find_site(connection, site.slug)
        [moderator] = await list_moderators(connection, found.id)
    assert moderator.last_seen_at == clock.now()
