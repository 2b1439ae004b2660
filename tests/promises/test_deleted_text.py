"""Promise 7: after any life of a site, text that is not visible now is in no table but where it may be.

The one exception is sealed: the words of an open report of illegal content, which only moderators get.

Every name, comment and note is a word of its own, so each word in a dump of all tables has one origin.
"""

import random
import re
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

import pytest
from msgspec import Struct, field
from sqlalchemy import func, select, text

from service.conversation.readers.model import ReportRow
from service.moderation.spam_training.train import learn_from_logs
from service.tables import METADATA
from tests.builders import Action, ASite, AThread, Clock, Json, a_thread, decide, set_rules
from tests.integrations.endpoints.a_receiver import Received, a_receiver, an_answer
from tests.integrations.endpoints.deliveries import AWorker, a_worker, an_endpoint

STEPS = 50
WORD = re.compile(r"zq\d{6}")
WORD_IN_BODY = re.compile(rb"zq\d{6}")
# Where a text may be while its comment has it, and while it is also public.
WITH_COMMENT = {"comments", "findings", "search_entries", "training_examples", "classifiers"}
ACTIONS: tuple[Action, ...] = ("publish", "hold", "reject", "spam", "delete", "restore", "feature", "unfeature", "undo")


class Written(Struct):
    """A comment with its author's token, its words now, and the notes of reports on it."""

    id: str
    token: str
    words: set[str]
    notes: set[str] = field(default_factory=set)
    earlier: set[str] = field(default_factory=set)  # words that were edited away, for moderators only
    reported: set[str] = field(default_factory=set)  # the words and the note of the last report


class Life:
    """A site's life: random steps of authors, readers who report, and moderators."""

    def __init__(self, site: ASite, threads: list[AThread], worker: AWorker, *, seed: int) -> None:
        self.site, self.worker = site, worker
        self.threads = threads
        self._random = random.Random(seed)  # noqa: S311 - no secret
        self.written: list[Written] = []
        self._words = 0

    async def begin(self) -> None:
        """Edit two comments, and delete one of them: a short life may do neither."""
        for _ in range(2):
            await self.post()
            await self.edit(self.written[-1])
        await self.delete(self.written[-1])

    async def step(self) -> None:
        steps: list[Callable[[], Awaitable[object]]] = [self.post, self.post, self.worker.work, self.site.sweep]
        if self.written:
            steps += [self.edit, self.edit, self.delete, self.report, self.decide, self.decide, self.decide]
        await self._random.choice(steps)()

    def word(self) -> str:
        self._words += 1
        return f"zq{self._words:06}"

    async def post(self) -> None:
        name, body = self.word(), self.word()
        held = self._random.choice(["", "", " casino"])
        author = {"name": name, "url": f"https://{name}u.example/", "email": f"{name}e@example.org"}
        response = await self._random.choice(self.threads).post(f"{body}{held}", **author)
        posted = response.json()
        self.written.append(Written(posted["comment"]["id"], posted["author_token"], {name, body}))
        if self._random.random() < 0.5:
            await self.worker.work()

    def one(self) -> Written:
        return self._random.choice(self.written[-8:])

    async def edit(self, one: Written | None = None) -> None:
        one, body = one or self.one(), self.word()
        response = await self.site.call("PATCH", f"/comments/{one.id}", by=one.token, json={"body": body})
        if response.status_code == 200:
            one.earlier |= one.words - {min(one.words)}
            one.words = {min(one.words), body}

    async def delete(self, one: Written | None = None) -> None:
        one = one or self.one()
        await self.site.call("DELETE", f"/comments/{one.id}", by=one.token)
        one.words, one.notes, one.earlier = set(), set(), set()

    async def report(self) -> None:
        one, note = self.one(), self.word()
        body = {*WORD.findall((await self.now(one)).get("body") or "")}
        report = {"reason": "illegal", "note": note}
        response = await self.site.call("POST", f"/comments/{one.id}/reports", json=report)
        if response.status_code == 201:
            one.notes = {note}  # a second report by the same reader, after an edit, replaces the first
            one.reported = {note} | body

    async def decide(self) -> None:
        comment = await self.now(self.one())
        await decide(self.site, self._random.choice(ACTIONS), comment)

    async def now(self, written: Written) -> Json:
        found: Json = (await self.site.call("GET", f"/comments/{written.id}", by="moderator")).json()["comment"]
        return found


async def words_in_files(site: ASite) -> set[str]:
    """The words in the files of SQLite, also where rows were deleted; none on PostgreSQL, which needs a vacuum."""
    async with site.app.state.database.write() as connection:
        if connection.dialect.name != "sqlite":
            return set()
        [path] = [row.file for row in (await connection.execute(text("PRAGMA database_list"))).all()]
    with closing(sqlite3.connect(path)) as other:
        assert other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0
    found = b"".join(file.read_bytes() for file in Path(path).parent.glob(f"{Path(path).name}*"))
    return {*WORD.findall(found.decode(errors="replace"))}


async def words_in_tables(site: ASite) -> dict[str, set[str]]:
    """The words in each table, in lower case as the search index has them."""
    async with site.app.state.database.read() as connection:
        return {
            name: {*WORD.findall(repr((await connection.execute(select(table))).all()))}
            for name, table in METADATA.tables.items()
        }


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 7))])
async def test_text_that_is_gone_is_in_no_table(own_site: ASite, the_clock: Clock, seed: int) -> None:
    site = own_site
    await set_rules(site, hold_words=["casino", "zq*5"], classifier="hold", report_threshold=2)
    threads = [await a_thread(site) for _ in range(2)]
    bodies: list[bytes] = []

    def echo_all(message: Received) -> bytes:
        bodies.append(b" ".join(WORD_IN_BODY.findall(message.body)))
        return an_answer(200, b" ".join(bodies)[-1_000:])

    async with a_receiver(echo_all) as host, a_worker(site) as worker:
        await an_endpoint(site, host.origin)
        life = Life(site, threads, worker, seed=seed)
        await life.begin()
        for _ in range(STEPS):
            await life.step()
        await worker.work()
        await site.sweep()
        await learn_from_logs(site.app.state.database)
        states = {written.id: (await life.now(written))["state"] for written in life.written}
        public = {word for each in life.written if states[each.id] == "published" for word in each.words | each.notes}
        kept = {word for each in life.written for word in each.words}
        notes = {word for each in life.written for word in each.notes}
        earlier = {word for each in life.written for word in each.earlier}
        for table, found in (await words_in_tables(site)).items():
            allowed = (
                kept if table in WITH_COMMENT else {"reports": notes, "comment_versions": earlier}.get(table, set())
            )
            assert found <= allowed, table
        assert await words_in_files(site) <= kept | notes | earlier
        for by in (None, "host", *(each.token for each in life.written)):
            assert not earlier & await words_seen(life, by)
        await _check_sealed_words(site, life, the_clock)
        await _redeliver_all(site, worker)
        told = {word for each in host.received for word in WORD.findall(each.body.decode())}
        events = await site.call("GET", "/events?limit=1000", by="host")
        pending = {word for each in life.written if states[each.id] == "pending" for word in each.notes}
        assert {*WORD.findall(events.text)} <= public | pending
        if seed == 0:  # a short life may leave nothing public; this one shows that some text was public and is gone
            assert public and told - public


async def words_seen(life: Life, by: str | None) -> set[str]:
    """The words that a caller who is no moderator meets on every route with comments."""
    routes = [f"{thread.path}/{read}" for thread in life.threads for read in ("comments", "comments.html", "feed.atom")]
    routes += [f"/comments/{each.id}" for each in life.written]
    routes += ["/feed.atom", "/queue?state=any", "/events?limit=1000"]
    answers = [await life.site.call("GET", route, by=by) for route in routes]
    return {word for answer in answers for word in WORD.findall(answer.text)}


async def _check_sealed_words(site: ASite, life: Life, clock: Clock) -> None:
    """Moderators get the words of each open report, also of deleted comments; of settled ones nothing stays sealed."""
    clock.move(minutes=11)
    await site.sweep()
    open_ones = 0
    for each in life.written:
        response = await site.call("GET", f"/comments/{each.id}/reports", by="moderator")
        for report in response.json()["reports"]:
            seen = {*WORD.findall(f"{report['words']} {report['note']}")}
            assert seen == each.reported if not report["settled"] else seen <= each.notes
            open_ones += not report["settled"]
        for by in ("host", each.token, None):
            assert (await site.call("GET", f"/comments/{each.id}/reports", by=by)).status_code in {401, 403}
    async with site.app.state.database.read() as connection:
        sealed = select(func.count()).where(ReportRow.sealed_words.is_not(None))
        assert (await connection.execute(sealed)).scalar_one() == open_ones


async def _redeliver_all(site: ASite, worker: AWorker) -> None:
    """Redeliver the whole log to a new endpoint, and check that it says no more than the log does."""
    said = {*WORD.findall((await site.call("GET", "/events?limit=1000", by="host")).text)}
    async with a_receiver() as host:
        endpoint, _ = await an_endpoint(site, host.origin)
        await site.call("POST", f"/endpoints/{endpoint}/redeliver", by="admin", json={"first": 1})
        await worker.work()
        assert host.received
        assert {word for each in host.received for word in WORD.findall(each.body.decode())} <= said
