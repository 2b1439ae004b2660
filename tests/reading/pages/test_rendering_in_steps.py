"""Other requests go on while a long page is rendered."""

import asyncio
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, cast
from uuid import UUID

import pytest

from service.conversation.comments.wire import CommentOut
from service.reading.pages import templates_engine
from service.reading.pages.comment_tree import Branch, in_reading_order
from tests.builders import ASite, a_comment, a_thread

COMMENTS = 40


async def test_other_requests_go_on_while_a_long_page_is_rendered(site: ASite, monkeypatch: pytest.MonkeyPatch) -> None:
    thread = await a_thread(site, article="a")
    parent = (await a_comment(thread))["comment"]["id"]
    for _ in range(COMMENTS):
        await a_comment(thread, below=parent)
    rendered, at_turns = [0], [0]  # the number of pieces so far, and at each turn of the event loop
    pieces = templates_engine._pieces

    def counted(*given: Any, **named: Any) -> Iterator[str]:
        for piece in pieces(*given, **named):
            rendered[0] += 1
            yield piece

    async def note_turns() -> None:
        while True:
            at_turns.append(rendered[0])
            await asyncio.sleep(0)

    monkeypatch.setattr(templates_engine, "_pieces", counted)
    turns = asyncio.create_task(note_turns())
    for path in (f"/v1/sites/{site.slug}/threads/a/comments.html", f"/{site.slug}/a"):
        assert (await site.client.get(path)).text.count("<article ") == COMMENTS + 1
    turns.cancel()
    assert rendered[0] > 2 * 3 * templates_engine.STEP
    assert max(after - before for before, after in pairwise(at_turns)) <= templates_engine.STEP


def test_lists_of_replies_end_after_their_last_comment() -> None:
    def branch(number: int, *replies: Branch) -> Branch:
        return Branch(cast("CommentOut", UUID(int=number)), replies=list(replies))

    tree = [branch(1), branch(2, branch(3, branch(4)), branch(5, branch(6, branch(7)))), branch(8)]
    placed = [(_number(branch), [_number(each) for each in ended]) for branch, ended in in_reading_order(tree)]
    ended = {4: [3], 7: [6, 5, 2]}
    assert placed == [(number, ended.get(number, [])) for number in range(1, 9)]


def _number(branch: Branch) -> int:
    return cast("UUID", branch.comment).int
