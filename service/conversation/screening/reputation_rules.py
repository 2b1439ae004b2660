"""What an author, their address and the thread had lately, and what is found in it. Pure.

Trust is earned by what was published under an author token or a host token, never by a name or an e-mail that anybody
can type: of a guest without a token nothing is known.
"""

from datetime import datetime, timedelta
from hashlib import blake2b
from typing import NamedTuple
from uuid import UUID

import msgspec

from service.conversation.screening.findings import Finding, Rule
from service.platform.sites.site_rules import Rules
from service.platform.sites.site_settings import Mode

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
LATELY = 20  # of an author's comments that were judged
FEWEST_JUDGED = 5  # below which a share says nothing
SHORT = 20  # characters; “Agreed.” is said by many


class Past(NamedTuple):
    """One comment of before: what became of it, when it came, and the mark of what it said."""

    id: UUID
    state: str
    created_at: datetime
    words_mark: int | None


class Reputation(msgspec.Struct, frozen=True):
    """What is known as a comment arrives; the defaults are those of somebody never seen before.

    ``published`` counts the author's comments that are public, ``judged`` and ``rejected`` those lately;
    ``posted`` and ``posted_near`` those within the last minute by the author and from the address.
    """

    published: int = 0
    judged: int = 0
    rejected: int = 0
    posted: int = 0
    posted_near: int = 0
    said_before: bool = False


STRANGER = Reputation()


def standing_of(
    past: list[Past], near: list[datetime], *, said_at: datetime | None, words_mark: int, is_short: bool, now: datetime
) -> Reputation:
    """The standing of an author with a ``past``, newest first, whose address was used at the times ``near``.

    ``said_at`` is when the same words were last said in the thread by anybody.
    """
    judged = [each.state for each in past if each.state in {"published", "rejected", "spam"}]
    lately = judged[:LATELY]
    by_author = any(each.words_mark == words_mark and now - each.created_at < DAY for each in past)
    by_anybody = said_at is not None and now - said_at < DAY and not is_short
    return Reputation(
        published=judged.count("published"),
        judged=len(lately),
        rejected=len(lately) - lately.count("published"),
        posted=sum(now - each.created_at < MINUTE for each in past),
        posted_near=sum(now - at < MINUTE for at in near),
        said_before=by_author or by_anybody,
    )


def words_mark(thread_id: int, folded: str) -> int:
    """The mark of what is said in a thread: 64 bits of BLAKE2b, alike for texts that look alike."""
    digest = blake2b(b"%d\0" % thread_id + folded.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def is_trusted(standing: Reputation, rules: Rules) -> bool:
    """Whether so much of the author is published, and so little was rejected, that looks no longer count."""
    enough = rules.trusted_after_published is not None and standing.published >= rules.trusted_after_published
    return enough and find_history(standing, rules) is None


def find_first_timer(standing: Reputation, mode: Mode) -> Finding | None:
    """Nothing of the author is published yet, where that is held."""
    held = mode == "hold-first-timers" and standing.published == 0
    return Finding(Rule.HOLD_FIRST_TIMERS, "hold") if held else None


def find_duplicate(standing: Reputation, rules: Rules) -> Finding | None:
    """The same was said in the thread within a day: by the author, or by anybody where it is not short."""
    if rules.duplicates is None or not standing.said_before:
        return None
    return Finding(Rule.DUPLICATES, "reject" if rules.duplicates == "reject" else "hold")


def find_flood(standing: Reputation, rules: Rules) -> Finding | None:
    """With this one, more a minute than the author, or the address, may post without a look."""
    counted = (
        (standing.posted + 1, rules.max_per_minute_per_reader),
        (standing.posted_near + 1, rules.max_per_minute_per_address),
    )
    too_many = [count for count, most in counted if most is not None and count > most]
    return Finding(Rule.MAX_PER_MINUTE, "hold", str(max(too_many))) if too_many else None


def find_history(standing: Reputation, rules: Rules) -> Finding | None:
    """More in a hundred of what the author posted lately was rejected than is taken without a look."""
    if rules.max_rejected_percent is None or standing.judged < FEWEST_JUDGED:
        return None
    share = standing.rejected * 100 // standing.judged
    return Finding(Rule.MAX_REJECTED, "hold", f"{share} %") if share > rules.max_rejected_percent else None
