"""The cards of the queue as the desk shows them: findings in sentences, matches marked, earlier wordings compared."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from urllib.parse import quote

from markupsafe import Markup

from service.conversation.comments.decision_reasons import REASONS, reason_text
from service.conversation.comments.model import State
from service.conversation.comments.wire import FindingOut, finding_out
from service.conversation.screening.findings import Rule
from service.desk.review.marked_html import marked_html
from service.desk.review.word_difference import Part, difference
from service.moderation.decisions.decide import TRANSITIONS, Action
from service.moderation.queue.author_records import MAX_COMMENTS
from service.moderation.queue.cards import Card
from service.platform.sites.site_lookup import Site

# The actions that a card offers, in the order of their buttons.
OFFERED: tuple[Action, ...] = ("publish", "reject", "spam", "hold", "delete", "feature", "unfeature")
MAX_COMPARED = 3  # earlier wordings of a comment that are compared; each takes milliseconds


class Wording(NamedTuple):
    """An earlier wording: when it was replaced, and its difference from the one after it."""

    replaced_at: datetime
    parts: list[Part]


class CardView(NamedTuple):
    """A card with what the page shows of it; ``holder`` is the name of another moderator who claimed the comment."""

    card: Card
    html: Markup
    findings: list[FindingOut]
    appeal: FindingOut | None
    wordings: list[Wording]
    actions: list[Action]
    thread_path: str
    page_path: str
    holder: str | None
    own_claim_until: datetime | None
    more_comments: bool


async def card_views(
    cards: Sequence[Card], site: Site, *, locale: str, names: Mapping[str, str], me: str | None
) -> list[CardView]:
    """Return the views of ``cards``; ``names`` are those of the moderators by id, and ``me`` is the id of this one."""
    views = []
    for card in cards:
        views.append(_view(card, site, locale=locale, names=names, me=me))
        await asyncio.sleep(0)
    return views


def _view(card: Card, site: Site, *, locale: str, names: Mapping[str, str], me: str | None) -> CardView:
    comment = card.queued.comment
    article = quote(card.queued.article, safe="")
    matched = [comment.body[slice(*mark.span)] for mark in card.marks if mark.field == "body"]
    findings = [finding_out(each, locale=locale) for each in card.findings]
    claim = card.queued.claim
    return CardView(
        card=card,
        html=marked_html(comment.html, matched),
        findings=[each for each in findings if each.rule is not Rule.APPEAL],
        appeal=next((each for each in findings if each.rule is Rule.APPEAL), None),
        wordings=_wordings(card),
        actions=[each for each in OFFERED if _applies(card, each)],
        thread_path=f"threads/{article}?comment={comment.id}#comment-{comment.id}",
        page_path=f"{site.slug}/{article}?comment={comment.id}#comment-{comment.id}",
        holder=names.get(claim[0], claim[0]) if claim and claim[0] != me else None,
        own_claim_until=claim[1] if claim and claim[0] == me else None,
        more_comments=sum(card.author.comments.values()) >= MAX_COMMENTS,
    )


def _applies(card: Card, action: Action) -> bool:
    comment = card.queued.comment
    if not comment.body:  # its author deleted it; the reports on it can still be judged
        return action in {"publish", "reject"}
    if action in {"feature", "unfeature"} and (action == "unfeature") is not comment.featured:
        return False
    is_approval = action == "publish" and comment.state is State.PUBLISHED and bool(comment.reports)
    return is_approval or comment.state in TRANSITIONS[action].before


def _wordings(card: Card) -> list[Wording]:
    versions = card.versions[-MAX_COMPARED:]
    later = [*(each.body for each in versions[1:]), card.queued.comment.body]
    return [
        Wording(each.replaced_at, difference(each.body, after)) for each, after in zip(versions, later, strict=False)
    ]


def offered_reasons(site: Site, *, locale: str) -> dict[str, str]:
    """Return the coded reasons of the site with their texts, in the order of their keys 1 to 9."""
    known = dict.fromkeys([*REASONS, *site.settings.decision_reasons])
    return {reason: reason_text(reason, site, locale=locale) for reason in known}
