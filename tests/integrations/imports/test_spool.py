"""The spool yields each comment once, parents first, for any parents in the file."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.integrations.imports.archive import ArchivedComment, Issue, Issues
from service.integrations.imports.spool import CommentSpool

NOON = datetime(2024, 3, 1, 12, tzinfo=UTC)


def a_comment(key: str, parent_key: str | None = None, *, minute: int = 0, content: str = "Text") -> ArchivedComment:
    return ArchivedComment(
        key=key,
        parent_key=parent_key,
        author_name="Reader",
        author_email="",
        author_url="",
        content=content,
        created_at=NOON + timedelta(minutes=minute),
        state="published",
        kind="comment",
    )


def arranged(*comments: ArchivedComment, issues: Issues | None = None) -> list[ArchivedComment]:
    spool = CommentSpool(issues or Issues())
    for comment in comments:
        spool.add(comment)
    spool.arrange()
    try:
        assert len(spool) == len(list(spool))
        return list(spool)
    finally:
        spool.close()


def true_depth(number: int, parents: list[int | None]) -> int:
    """By the rule alone: 0 without a parent in the article or on a circle, else one more than the parent's."""
    parent = parents[number]
    if parent is None or not 0 <= parent < len(parents):
        return 0
    at: int | None = parent
    for _ in parents:
        if at == number:
            return 0
        at = parents[at] if at is not None and 0 <= at < len(parents) else None
    return true_depth(parent, parents) + 1


@given(st.lists(st.tuples(st.none() | st.integers(0, 14), st.integers(0, 5)), max_size=14))
def test_any_graph_of_parents_is_read_in_order(drawn: list[tuple[int | None, int]]) -> None:
    parents = [parent for parent, _ in drawn]
    given_comments = [
        a_comment(str(number), None if parent is None else str(parent), minute=minute)
        for number, (parent, minute) in enumerate(drawn)
    ]
    found = arranged(*given_comments)
    assert sorted(int(comment.key) for comment in found) == list(range(len(drawn)))
    before: set[str] = set()
    waiting = {comment.key: comment for comment in found}
    for comment in found:
        depth = true_depth(int(comment.key), parents)
        assert comment.depth == depth
        assert comment.parent_key == (str(parents[int(comment.key)]) if depth else None)
        could_come = [other for other in waiting.values() if other.parent_key is None or other.parent_key in before]
        assert comment == min(could_come, key=lambda other: (other.created_at, int(other.key)))
        before.add(waiting.pop(comment.key).key)


def test_a_reply_dated_before_its_parent_comes_after_it() -> None:
    found = arranged(a_comment("2", "1", minute=1), a_comment("3", minute=2), a_comment("1", minute=3))
    assert [comment.key for comment in found] == ["3", "1", "2"]
    assert found[-1].parent_key == "1"


def test_missing_parents_and_cycles_are_reported() -> None:
    issues = Issues()
    arranged(a_comment("1", "9"), a_comment("2", "2"), a_comment("3", "4"), a_comment("4", "3"), issues=issues)
    assert issues.counts == {Issue.MISSING_PARENT: 1, Issue.PARENT_CYCLE: 3}
    assert issues.examples[Issue.PARENT_CYCLE] == ["comment 2", "comment 3", "comment 4"]


def test_of_two_comments_with_one_key_the_first_is_kept() -> None:
    issues = Issues()
    found = arranged(a_comment("1", content="first"), a_comment("1", content="second"), issues=issues)
    assert [comment.content for comment in found] == ["first"]
    assert issues.counts == {Issue.REPEATED_KEY: 1}


def test_replies_to_skipped_comments_move_to_their_parents() -> None:
    issues = Issues()
    spool = CommentSpool(issues)
    spool.add(a_comment("1"))
    spool.skip("2", "1")
    spool.skip("3", "2")
    spool.add(a_comment("4", "3"))
    spool.skip("5", None)
    spool.add(a_comment("6", "5"))
    spool.skip("7", "7")
    spool.add(a_comment("8", "7"))
    spool.arrange()
    assert {comment.key: comment.parent_key for comment in spool} == {"1": None, "4": "1", "6": None, "8": None}
    assert issues.counts == {Issue.MISSING_PARENT: 1}
    spool.close()


@pytest.mark.slow
def test_a_chain_of_a_hundred_thousand_replies_causes_no_recursion() -> None:
    spool = CommentSpool(Issues())
    last = 100_000
    for number in range(last):
        spool.add(a_comment(str(number), str(number + 1), minute=number))
    spool.add(a_comment(str(last), minute=last))
    spool.arrange()
    assert max(comment.depth for comment in spool) == last
    spool.close()


def test_a_long_chain_of_skipped_comments_is_walked_once() -> None:
    spool = CommentSpool(Issues())
    length = 30_000
    for number in range(length):
        spool.skip(f"out {number}", f"out {number + 1}")
        spool.add(a_comment(str(number), f"out {number}"))
    began = time.perf_counter()
    spool.arrange()
    assert time.perf_counter() - began < 5  # a minute, if each answer walked it
    spool.close()
