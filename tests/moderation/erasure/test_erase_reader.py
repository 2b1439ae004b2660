"""A reader is erased: no table keeps their words, all counts stay right, and nobody else is touched."""

from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest
from sqlalchemy import inspect, text
from sqlalchemy.engine import Connection

from service.app import create_app
from service.conversation.comments.delete_comment import delete_for_author
from service.conversation.comments.verify_counts import verify
from service.moderation.erasure import erase_reader as erasing
from service.moderation.erasure.erase_reader import count_comments, erase_reader
from service.moderation.spam_training.train import learn_from_logs
from service.platform.events.record_decisions import OPERATOR
from service.platform.problems import NotFound
from service.platform.sites.edit_site import find_site
from tests.builders import ASite, AThread, Json, a_comment, a_site, a_thread, decide, events_of, set_rules
from tests.conftest import an_installation
from tests.moderation.measures.test_measures import a_measure
from tests.platform.access.a_host import SECRET, a_token, share_secret

# What the tables hold of the reader: name, e-mail, address, the host's id, and words by them and about them.
TRACES = ("persephone", "pomegranat", "user-4711", "underworld")
PROFILE: Json = {"sub": "user-4711", "name": "Persephone", "email": "persephone@mail.example"}
PROFILE |= {"picture": "https://persephone.example/face.png"}


@pytest.fixture
async def site(fresh_database_url: str) -> AsyncIterator[ASite]:
    """A site whose host signs readers in, in a database of its own."""
    app = create_app(an_installation(fresh_database_url))
    async with app.router.lifespan_context(app), a_site(app) as site:
        await share_secret(site, SECRET)
        await set_rules(site, hold_words=["casino"], classifier="hold")
        yield site


async def erase(site: ASite, reader: str) -> None:
    async with site.app.state.database.read() as connection:
        found = await find_site(connection, site.slug)
    await erase_reader(site.app.state.database, site.app.state.gate.fingerprints, found, UUID(reader), by=OPERATOR)


async def comments_to_erase(site: ASite, reader: str) -> int:
    async with site.app.state.database.read() as connection:
        return await count_comments(connection, await find_site(connection, site.slug), UUID(reader))


async def findings(site: ASite) -> list[str]:
    async with site.app.state.database.read() as connection:
        return [finding async for finding in verify(connection)]


async def everything(site: ASite) -> str:
    """The content of all tables, with that of the full-text index."""

    def read(connection: Connection) -> list[str]:
        found = []
        for table in inspect(connection).get_table_names():
            rows = connection.execute(text(f'SELECT * FROM "{table}"')).all()
            values = [
                bytes(each).decode(errors="ignore") if isinstance(each, bytes | memoryview) else str(each)
                for row in rows
                for each in row
            ]
            found += [f"{table}: {value}" for value in values]
        return found

    async with site.app.state.database.read() as connection:
        return "\n".join(await connection.run_sync(read)).lower()


async def a_busy_reader(site: ASite) -> tuple[AThread, str, Json]:
    """A signed-in reader with comments in all states, about whom staff wrote, and a comment of another reader."""
    by, words = a_token(site.slug, **PROFILE), "A pomegranate, surely."
    thread, other = await a_thread(site, section="sport"), await a_thread(site)
    first = (await a_comment(thread, words, by=by))["comment"]
    await site.call("PATCH", f"/comments/{first['id']}", by=by, json={"body": f"{words} Edited."})
    answer = (await a_comment(thread, "A word of mine.", name="Demeter", below=first["id"]))["comment"]
    held = (await a_comment(thread, f"{words} At the casino.", by=by))["comment"]
    assert held["state"] == "pending"
    for action in ("reject", "spam", "delete"):
        comment = (await a_comment(other, f"{words} {action}", by=by))["comment"]
        await decide(site, action, comment, note="From the underworld.")
    await site.call("POST", f"/comments/{comment['id']}/appeal", by=by, json={"note": "My pomegranate!"})
    last = (await a_comment(other, f"{words} Last.", by=by))["comment"]
    await site.call("POST", f"/comments/{last['id']}/reports", json={"reason": "abuse", "note": "That pomegranate"})
    report = {"reason": "spam", "note": "As Persephone I say so", "contact": PROFILE["email"]}
    await site.call("POST", f"/comments/{answer['id']}/reports", by=by, json=report)
    for kind, action in (("reader", "note"), ("reader", "ban"), ("email", "hold")):
        await a_measure(site, action, kind=kind, comment=last["id"], reason="Persephone, of the underworld.")
    await learn_from_logs(site.app.state.database)
    await site.call("GET", "/queue?state=any&q=pomegranate", by="moderator")  # fills the index
    await site.sweep()
    listed = (await site.call("GET", "/queue?state=any", by="moderator")).json()["comments"]
    reader = next(each["reader_id"] for each in listed if each["comment"]["id"] == last["id"])
    return thread, reader, answer


async def test_no_table_keeps_the_words_by_or_about_the_reader(site: ASite) -> None:
    thread, reader, answer = await a_busy_reader(site)
    before = await everything(site)
    assert [trace for trace in TRACES if trace not in before] == []
    assert await comments_to_erase(site, reader) == 6
    await erase(site, reader)
    assert await comments_to_erase(site, reader) == 0
    await site.sweep()
    kept = await everything(site)
    assert [line for line in kept.splitlines() if any(trace in line for trace in TRACES)] == []
    assert "training_examples" in before and "training_examples" not in kept
    assert await findings(site) == []
    [tombstone, other] = await thread.pages()
    assert (tombstone["state"], tombstone["author"]) == ("deleted", None)
    assert (other["id"], other["html"]) == (answer["id"], "<p>A word of mine.</p>")
    assert (await thread.read())["reply_count"] == 1


async def test_the_log_names_the_erasure_and_bans_stay(site: ASite) -> None:
    thread, reader, answer = await a_busy_reader(site)
    await erase(site, reader)
    log = (await site.call("GET", f"/decisions?reader={reader}", by="moderator")).json()["decisions"]
    newest = log[0]
    assert (newest["action"], newest["decided_by"]["kind"]) == ("erase-reader", "operator")
    assert (newest["reason"], newest["note"]) == (None, None)
    measures = (await site.call("GET", f"/readers/{reader}", by="moderator")).json()["measures"]
    assert {(each["action"], each["kind"], each["reason"]) for each in measures} == {
        ("ban", "reader", None),
        ("hold", "email", None),
    }
    reports = (await site.call("GET", f"/comments/{answer['id']}/reports", by="moderator")).json()["reports"]
    assert [(each["reason"], each["note"], each["contact"]) for each in reports] == [("spam", None, None)]
    assert (await thread.post("Again.", by=a_token(site.slug, **PROFILE))).status_code == 403


async def test_a_second_erasure_changes_nothing(site: ASite) -> None:
    _, reader, _ = await a_busy_reader(site)
    await erase(site, reader)
    await site.sweep()
    before = await everything(site)
    await erase(site, reader)
    assert await everything(site) == before


async def test_an_erasure_goes_on_after_a_crash_and_counts_are_right_at_every_step(
    site: ASite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasing, "BATCH", 2)
    _, reader, _ = await a_busy_reader(site)
    batches = 0

    async def crash_in_the_second(*given: object) -> None:
        nonlocal batches
        batches += 1
        if batches == 2:
            raise RuntimeError
        await delete_for_author(*given)  # type: ignore[arg-type]  # passed on as they came

    monkeypatch.setattr(erasing, "delete_for_author", crash_in_the_second)
    with pytest.raises(RuntimeError):
        await erase(site, reader)
    assert (await comments_to_erase(site, reader), await findings(site)) == (4, [])
    await erase(site, reader)
    assert (await comments_to_erase(site, reader), await findings(site)) == (0, [])
    events = [event["type"] for event in await events_of(site)]
    assert events.count("comment.deleted") == 7  # one of them by the moderator


async def test_readers_of_other_sites_and_unknown_readers_are_not_found(site: ASite) -> None:
    _, reader, _ = await a_busy_reader(site)
    async with a_site(site.app) as other:
        with pytest.raises(NotFound):
            await erase(other, reader)
    with pytest.raises(NotFound):
        await erase(site, str(uuid4()))
    assert await comments_to_erase(site, reader) == 6


async def test_an_admin_erases_a_reader_through_the_api(site: ASite) -> None:
    thread, reader, _ = await a_busy_reader(site)
    for _ in range(2):
        assert (await site.call("DELETE", f"/readers/{reader}", by="admin")).status_code == 204
    log = (await site.call("GET", f"/decisions?reader={reader}", by="admin")).json()["decisions"]
    assert [each["decided_by"]["kind"] for each in log if each["action"] == "erase-reader"] == ["key"]
    assert [each["state"] for each in await thread.pages()] == ["deleted", "published"]
    for unknown in (str(uuid4()), "x"):
        assert (await site.call("DELETE", f"/readers/{unknown}", by="admin")).status_code == 404


async def test_a_reader_who_only_reported_is_erased_too(site: ASite) -> None:
    comment = (await a_comment(await a_thread(site)))["comment"]
    by = a_token(site.slug, **PROFILE)
    report = {"reason": "spam", "note": "As Persephone I say so", "contact": PROFILE["email"]}
    assert (await site.call("POST", f"/comments/{comment['id']}/reports", by=by, json=report)).status_code == 201
    async with site.app.state.database.read() as connection:
        found = await find_site(connection, site.slug)
    reader, _ = await site.app.state.gate.host_tokens.read(found, by)
    for _ in range(2):
        await erase(site, str(reader))
        assert "persephone" not in await everything(site)
    log = (await site.call("GET", f"/decisions?reader={reader}", by="moderator")).json()["decisions"]
    assert [each["action"] for each in log] == ["erase-reader"]


async def test_reports_of_illegal_content_stay_for_the_decision(site: ASite) -> None:
    thread, reader, _ = await a_busy_reader(site)
    comment = (await thread.pages())[0]
    path = f"/comments/{comment['id']}/reports"
    assert (await site.call("POST", path, json={"reason": "illegal", "note": "Theft."})).status_code == 201
    await erase(site, reader)
    [report] = (await site.call("GET", path, by="moderator")).json()["reports"]
    assert (report["settled"], "pomegranate" in report["words"]) == (False, True)
    await decide(
        site, "reject", (await site.call("GET", f"/comments/{comment['id']}", by="moderator")).json()["comment"]
    )
    [report] = (await site.call("GET", path, by="moderator")).json()["reports"]
    assert report["settled"]
