"""Rules on the recent activity of an author, their address and the thread. Pure.

Only comments published under an author token or a host token earn trust. A name or an e-mail earns none, because anyone
can type them: a guest without a token has no reputation.
"""

from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Literal, NamedTuple
from uuid import UUID

import msgspec

from service.conversation.screening.findings import Finding, Rule
from service.platform.sites.site_rules import Rules
from service.platform.sites.site_settings import Mode

Trust = Literal["held", "trusted"]  # what moderators decided about an author
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
MAX_RECENT_DECIDED = 20  # decided comments of an author that count as recent
MIN_DECIDED = 5  # with fewer decided comments a percentage means nothing
SHORT_TEXT = 20  # characters; many readers post “Agreed.”


class PastComment(NamedTuple):
    """An earlier comment: its state, its time, and the hash of its text."""

    id: UUID
    state: str
    created_at: datetime
    text_hash: int | None


class Reputation(msgspec.Struct, frozen=True):
    """An author's reputation when a comment arrives; the defaults are those of a new author.

    ``published`` counts the public comments. ``decided`` and ``rejected`` cover the latest decided ones, at most
    :data:`MAX_RECENT_DECIDED`. ``posted`` and ``posted_from_address`` count comments of the last minute, by the author
    and from the address. ``is_repeated`` is whether the same text was posted in the thread within a day.
    """

    published: int = 0
    decided: int = 0
    rejected: int = 0
    posted: int = 0
    posted_from_address: int = 0
    is_repeated: bool = False


NEW_AUTHOR = Reputation()


def reputation_of(
    past: list[PastComment],
    from_address: list[datetime],
    *,
    last_posted_at: datetime | None,
    text_hash: int,
    is_short: bool,
    now: datetime,
) -> Reputation:
    """Compute an author's reputation from their ``past`` comments, newest first.

    ``from_address`` are the times of the posts from their address. ``last_posted_at`` is when anyone last posted the
    same text in the thread. A short text counts as repeated only if the author repeats it.
    """
    decided = [each.state for each in past if each.state in {"published", "rejected", "spam"}]
    recent = decided[:MAX_RECENT_DECIDED]
    by_author = any(each.text_hash == text_hash and now - each.created_at < DAY for each in past)
    by_anyone = last_posted_at is not None and now - last_posted_at < DAY and not is_short
    return Reputation(
        published=decided.count("published"),
        decided=len(recent),
        rejected=len(recent) - recent.count("published"),
        posted=sum(now - each.created_at < MINUTE for each in past),
        posted_from_address=sum(now - at < MINUTE for at in from_address),
        is_repeated=by_author or by_anyone,
    )


def hash_text(thread_id: int, folded: str) -> int:
    """Hash the folded text within its thread (64-bit BLAKE2b); texts that look alike hash alike."""
    digest = blake2b(b"%d\0" % thread_id + folded.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def is_trusted(reputation: Reputation, rules: Rules) -> bool:
    """Whether the author skips some rules: enough comments were published, and few were rejected."""
    enough = rules.trusted_after_published is not None and reputation.published >= rules.trusted_after_published
    distrusted = Rule.MAX_REJECTED not in rules.shadow and find_rejected_author(reputation, rules) is not None
    return enough and not distrusted


def find_held_reader(trust: Trust | None) -> Finding | None:
    """Hold an author if moderators decided to hold all that they write."""
    return Finding(Rule.HOLD_READER, "hold") if trust == "held" else None


def find_first_timer(reputation: Reputation, mode: Mode) -> Finding | None:
    """Hold an author without a published comment, in mode ``hold-first-timers``."""
    held = mode == "hold-first-timers" and reputation.published == 0
    return Finding(Rule.HOLD_FIRST_TIMERS, "hold") if held else None


def find_duplicate(reputation: Reputation, rules: Rules) -> Finding | None:
    """Find the same text in the thread within a day: from this author, or from anyone if it is not short."""
    if rules.duplicates is None or not reputation.is_repeated:
        return None
    return Finding(Rule.DUPLICATES, "reject" if rules.duplicates == "reject" else "hold")


def find_flood(reputation: Reputation, rules: Rules) -> Finding | None:
    """Find more comments per minute than the site allows per author or per address, this one included."""
    counted = (
        (reputation.posted + 1, rules.max_per_minute_per_reader),
        (reputation.posted_from_address + 1, rules.max_per_minute_per_address),
    )
    too_many = [count for count, limit in counted if limit is not None and count > limit]
    return Finding(Rule.MAX_PER_MINUTE, "hold", str(max(too_many))) if too_many else None


def find_rejected_author(reputation: Reputation, rules: Rules) -> Finding | None:
    """Find an author whose recent comments were rejected more often than ``max_rejected_percent``."""
    if rules.max_rejected_percent is None or reputation.decided < MIN_DECIDED:
        return None
    share = reputation.rejected * 100 // reputation.decided
    return Finding(Rule.MAX_REJECTED, "hold", f"{share} %") if share > rules.max_rejected_percent else None
