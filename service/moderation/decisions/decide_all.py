"""Decide on many comments, a few per transaction: between two of them, posts are written."""

from collections.abc import Sequence
from uuid import UUID

from service.conversation.comments.decision_reasons import require_known_reason
from service.moderation.decisions.decide import Action, DecisionResult, decide
from service.platform.access.caller import Caller
from service.platform.storage.engine import Database

DECIDED_AT_ONCE = 15  # comments per transaction, some 15 ms


async def decide_all(
    database: Database,
    caller: Caller,
    comments: Sequence[tuple[UUID, int]],
    *,
    action: Action,
    reason: str | None,
    note: str | None,
) -> list[DecisionResult]:
    """Apply ``action`` to each of ``comments``, an id and the revision that the moderator saw.

    Returns the results in their order; raises InvalidField for a reason that the site does not have.
    """
    require_known_reason(reason, caller.site, action=action)
    results: list[DecisionResult] = []
    for first in range(0, len(comments), DECIDED_AT_ONCE):
        some = comments[first : first + DECIDED_AT_ONCE]
        async with database.write() as connection:
            results += await decide(
                connection,
                caller.site,
                some,
                action=action,
                reason=reason,
                note=note,
                by=caller.actor,
                sections=caller.own_sections,
            )
    return results
