"""The forms that decide on comments in the desk, one or many, and undo it."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

import msgspec
from starlette.responses import Response

from service.desk.review.decided_codes import encode_decided
from service.desk.review.queue_cards import CardView, offered_reasons
from service.desk.review.queue_page import read_views
from service.desk.sign_in.desk_request import DeskRequest
from service.moderation.decisions.decide import DecisionResult
from service.moderation.decisions.decide_all import decide_all
from service.moderation.decisions.decision_log import Decision, DecisionFilter, read_decisions
from service.moderation.decisions.wire import DecisionIn
from service.moderation.queue.review_queue import read_queued
from service.moderation.queue.tab_counts import count_waiting
from service.platform import clock
from service.platform.access.moderator_accounts import names_of
from service.platform.http.decode import decode
from service.platform.problems import NotFound

MAX_IN_ADDRESS = 35  # decisions that the address of the next page can name


class RefusedDecision(NamedTuple):
    """A comment that somebody else decided on or changed first: its card as it is now, and the last decision on it.

    ``view`` is None if the cards before it fill the response, which is as long as a page of the queue at most.
    """

    comment_id: UUID
    view: CardView | None
    decision: Decision | None
    by: str | None


async def send_decision(desk: DeskRequest) -> Response:
    """Decide on the comments of the form.

    A script gets each card as it is now, without a script the moderator goes back to the list. Where somebody else was
    first, their decision is shown instead of this one. A card that does not fit into the answer becomes a line.
    """
    body, next_path, kept = _decision(desk), desk.fields.get("next", ""), desk.fields.get("keep")
    keeps_cards = kept is not None
    comments = [(each.id, each.revision) for each in body.comments]
    results = await decide_all(
        desk.database, desk.caller, comments, action=body.action, reason=body.reason, note=body.note
    )
    decided = [each.comment for each in results if each.comment]
    refused = await _refused(desk, [each for each in results if each.problem])
    gone = [each.comment_id for each in results if isinstance(each.problem, NotFound)]
    if not desk.is_partial and not refused and not gone:
        code = encode_decided((each.id, each.revision) for each in decided[:MAX_IN_ADDRESS])
        changed = {"action": body.action, "decided": code}
        if keeps_cards and len(decided) == 1:  # the comment is still on the page
            [comment] = decided
            place = {"comment": str(comment.id)} if kept == "thread" else {}
            return desk.see_other(next_path, fragment=f"comment-{comment.id}", **changed, **place)
        return desk.see_other(next_path, **changed)
    shows_cards = body.action == "undo" or keeps_cards
    restored = await _views(desk, [each.id for each in decided]) if shows_cards else {}
    counts: dict[str, int] = {}
    if not keeps_cards:  # the pages that keep their cards have no counts
        async with desk.database.read() as connection:
            counts = (await count_waiting(connection, desk.site, desk.caller.own_sections))._asdict()
    return desk.page(
        "decided.html" if desk.is_partial else "decided_page.html",
        status=200 if desk.is_partial else 409,
        action=body.action,
        decided=decided,
        restored=restored.values(),
        lines=[each for each in decided if each.id not in restored],
        is_cut=shows_cards,
        refused=refused,
        gone=gone,
        counts=counts,
        reasons=offered_reasons(desk.site, locale=desk.locale),
        back=desk.own_path(next_path),
        keeps_cards=keeps_cards,
        in_thread=kept == "thread",
    )


def _decision(desk: DeskRequest) -> DecisionIn:
    """Decode the form; each ``comment`` is an id and the revision that the moderator saw, as ``id:revision``."""
    comments = [each.partition(":") for each in desk.fields.all("comment")]
    action: str = desk.fields.get("action", "")
    has_reason = action in {"reject", "spam", "delete"}
    body = {
        "action": action,
        "comments": [
            {"id": id_, "revision": int(revision) if revision.isdigit() else 0} for id_, _, revision in comments
        ],
        "reason": desk.fields.get("reason") or None if has_reason else None,
        "note": desk.fields.get("note", "").strip() or None,
    }
    return decode(msgspec.json.encode(body), DecisionIn)


async def _refused(desk: DeskRequest, results: list[DecisionResult]) -> list[RefusedDecision]:
    ids = [each.comment_id for each in results if not isinstance(each.problem, NotFound)]
    if not ids:
        return []
    decisions: dict[UUID, Decision] = {}
    async with desk.database.read() as connection:
        names = await names_of(connection, desk.site)
        for id_ in ids:
            criteria = DecisionFilter(comment=id_)
            for last in await read_decisions(connection, desk.site, criteria, before=None, limit=1):
                decisions[id_] = last
    views = await _views(desk, ids)
    refused = []
    for id_ in ids:
        decision = decisions.get(id_)
        by = names.get(decision.decided_by or "") if decision else None
        refused.append(RefusedDecision(id_, views.get(id_), decision, by))
    return refused


async def _views(desk: DeskRequest, ids: Sequence[UUID]) -> dict[UUID, CardView]:
    """Return the cards of the comments ``ids``, without those for which the answer has no room."""
    now = clock.now()
    async with desk.database.read() as connection:
        queued, _ = await read_queued(connection, ids, now=now)
    return {each.card.queued.comment.id: each for each in await read_views(desk, queued, now=now)}
