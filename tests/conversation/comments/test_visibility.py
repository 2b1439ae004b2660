"""Visibility and edits: each kind of caller, each state of a comment."""

from collections.abc import Iterable
from datetime import timedelta
from itertools import product
from uuid import UUID, uuid4

import msgspec
import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from service.conversation.comments.comment_lookup import find_comment, read_comments
from service.conversation.comments.comment_pages import Order, list_comments
from service.conversation.comments.model import Comment, CommentRow, State
from service.conversation.comments.visibility import is_listed, may_edit, may_see, view_for
from service.conversation.screening.findings import Finding, Rule
from service.conversation.threads.model import Thread
from service.platform import clock
from service.platform.access.caller import Caller
from tests.builders import ASite, Clock, a_comment, a_thread

EVA = uuid4()
FINDINGS = [Finding(Rule.MODE, "hold")]


async def one_comment(site: ASite) -> tuple[Comment, Thread, dict[str, Caller]]:
    """A published comment by Eva, its thread, and each kind of caller."""
    posted = await a_comment(await a_thread(site))
    found = await site.app.state.gate.sites.find(site.slug)
    async with site.app.state.database.read() as connection:
        comment, thread = await find_comment(connection, found, UUID(posted["comment"]["id"]))
    callers = {
        "nobody": Caller(found),
        "another": Caller(found, reader_id=uuid4()),
        "author": Caller(found, reader_id=EVA),
        "host": Caller(found, role="host"),
        "moderator": Caller(found, role="moderator"),
    }
    return msgspec.structs.replace(comment, reader_id=EVA), thread, callers


def in_state(comment: Comment, state: State, *, reports: int | None = 0) -> Comment:
    """The comment in this ``state``, without replies."""
    return msgspec.structs.replace(comment, state=state, reports=reports, shown=state is State.PUBLISHED)


def who_sees_text(comment: Comment, callers: dict[str, Caller]) -> set[str]:
    """Return the callers whose view has the text."""
    return {name for name, caller in callers.items() if view_for(comment, caller, locale="en").html}


async def test_unpublished_text_is_for_its_author_and_moderators(site: ASite) -> None:
    comment, _, callers = await one_comment(site)
    assert who_sees_text(in_state(comment, State.PUBLISHED), callers) == set(callers)
    for state in (State.PENDING, State.REJECTED, State.SPAM):
        assert who_sees_text(in_state(comment, state), callers) == {"author", "moderator"}
    deleted = in_state(comment, State.DELETED)
    assert who_sees_text(deleted, callers) == {"moderator"}
    assert who_sees_text(msgspec.structs.replace(deleted, body="", html=""), callers) == set()


async def test_may_see_excludes_readers_of_a_hidden_thread(site: ASite) -> None:
    comment, thread, callers = await one_comment(site)
    now = clock.now()
    withdrawn = msgspec.structs.replace(thread, withdrawn_at=now)

    def who(seen: Comment, within: Thread) -> set[str]:
        return {name for name, caller in callers.items() if may_see(seen, within, caller, now)}

    assert who(in_state(comment, State.PUBLISHED), thread) == set(callers)
    assert who(in_state(comment, State.REJECTED), thread) == {"author", "moderator"}
    assert who(in_state(comment, State.DELETED), thread) == {"author", "moderator"}, "the author sees why"
    erased = msgspec.structs.replace(in_state(comment, State.DELETED), body="", html="")
    assert "author" not in who(erased, thread)
    assert who(in_state(comment, State.PUBLISHED), withdrawn) == {"host", "moderator"}


async def test_only_moderators_get_findings_and_only_the_author_of_a_held_comment_gets_reasons(site: ASite) -> None:
    comment, _, callers = await one_comment(site)
    for state, (name, caller) in product(State, callers.items()):
        seen = view_for(in_state(comment, state), caller, locale="en", findings=FINDINGS)
        held = state in {State.PENDING, State.REJECTED, State.SPAM}
        assert bool(seen.findings) is (name == "moderator"), (state, name)
        assert bool(seen.status_reasons) is (name == "author" and held), (state, name)


async def test_spam_that_only_rules_found_looks_pending_to_its_author(site: ASite) -> None:
    comment, _, callers = await one_comment(site)
    by_rules, by_moderator = in_state(comment, State.SPAM), in_state(comment, State.SPAM, reports=None)
    assert view_for(by_rules, callers["author"], locale="en").state is State.PENDING
    assert view_for(by_moderator, callers["author"], locale="en").state is State.SPAM
    assert view_for(by_rules, callers["moderator"], locale="en").state is State.SPAM
    assert view_for(by_rules, callers["nobody"], locale="en").state is State.DELETED


async def test_only_the_author_edits_in_time_and_while_the_thread_is_open(site: ASite, the_clock: Clock) -> None:
    comment, thread, callers = await one_comment(site)
    now = the_clock.now()
    assert [name for name in callers if may_edit(comment, callers[name], now, thread=thread)] == ["author"]
    author = callers["author"]
    ends = comment.created_at + timedelta(seconds=author.site.settings.edit_window_seconds)
    assert may_edit(comment, author, ends - timedelta(seconds=1), thread=thread)
    assert not may_edit(comment, author, ends, thread=thread)
    closed = msgspec.structs.replace(thread, closing_kind="at", closing_at=now)
    assert not may_edit(comment, author, now, thread=closed)
    editable = {state for state in State if may_edit(in_state(comment, state), author, now, thread=thread)}
    assert editable == {State.PUBLISHED, State.PENDING, State.SPAM}
    assert not may_edit(in_state(comment, State.SPAM, reports=None), author, now, thread=thread)


async def test_lists_have_exactly_the_listed_comments(site: ASite) -> None:
    kinds = [*product(State, (EVA, uuid4()), (True, False), (0, None))]
    thread = await a_thread(site)
    ids = [UUID((await a_comment(thread, f"Comment {number}."))["comment"]["id"]) for number in range(len(kinds))]
    found = await site.app.state.gate.sites.find(site.slug)
    orders: tuple[Order, ...] = ("oldest", "newest")
    with pytest.raises(RolledBack):  # these states agree with no count, so other tests must not meet them
        async with site.app.state.database.write() as connection:
            comments = await with_kinds(connection, dict(zip(ids, kinds, strict=True)))
            for order, reader_id in product(orders, (None, uuid4(), EVA)):
                listed = await list_comments(
                    connection, comments[0].thread_id, order=order, after=b"", limit=200, reader_id=reader_id
                )
                caller = Caller(found, reader_id=reader_id)
                expected = ids_of(comment for comment in comments if is_listed(comment, caller))
                assert ids_of(listed) == expected, (order, reader_id)
            raise RolledBack


class RolledBack(Exception):
    """Ends a transaction without a commit."""


async def with_kinds(
    connection: AsyncConnection, kinds: dict[UUID, tuple[State, UUID, bool, int | None]]
) -> list[Comment]:
    """Give each comment its state, author, whether it has published replies, and number of reports."""
    for id_, (state, reader_id, has_replies, reports) in kinds.items():
        shown = has_replies or state is State.PUBLISHED
        changed = {"state": state.value, "reader_id": reader_id, "shown": shown, "reports": reports}
        await connection.execute(update(CommentRow).where(CommentRow.id == id_).values(changed))
    return [*(await read_comments(connection, kinds)).values()]


def ids_of(comments: Iterable[Comment]) -> set[UUID]:
    """Return their ids."""
    return {comment.id for comment in comments}
