"""What a site has comments judged by as they arrive: its rules, one typed struct, and what a new site begins with."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

MOST_TERMS = 10_000
TERM = r"[^\x00-\x1f\x7f]*[^\s*\x00-\x1f\x7f][^\x00-\x1f\x7f]*"
DOMAIN = r"[a-z0-9](?:[a-z0-9.\-]{0,251}[a-z0-9])?"
Term = Annotated[str, Meta(min_length=1, max_length=100, pattern=rf"^{TERM}$(?!\n)")]
Terms = Annotated[tuple[Term, ...], Meta(max_length=MOST_TERMS)]
Domain = Annotated[str, Meta(max_length=253, pattern=rf"^{DOMAIN}$(?!\n)")]
Domains = Annotated[tuple[Domain, ...], Meta(max_length=1_000)]
MOST_REMEMBERED = 50  # of an author's comments, and of an address'
FewEnough = Annotated[int, Meta(ge=1, le=MOST_REMEMBERED)]
BlogUrl = Annotated[str, Meta(min_length=1, max_length=2000, pattern=r"^https?://[^\s/?#]+[^\s]*$(?!\n)")]


class Rules(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A site's rules. A number that is null and a list that is empty judge nothing."""

    held_words: Terms = ()
    refused_words: Terms = ()
    most_links: Annotated[int, Meta(ge=0, le=100)] | None = None
    allowed_domains: Domains = ()
    refused_domains: Domains = ()
    longest: Annotated[int, Meta(ge=1, le=10_000)] | None = None
    most_capitals: Annotated[int, Meta(ge=1, le=99)] | None = None
    most_repeated: Annotated[int, Meta(ge=2, le=1_000)] | None = None
    duplicates: Literal["hold", "refuse"] | None = None
    most_per_reader: FewEnough | None = None
    most_per_address: FewEnough | None = None
    most_rejected: Annotated[int, Meta(ge=1, le=99)] | None = None
    trusted_after: FewEnough | None = None
    honeypot: bool = False
    fewest_seconds: Annotated[int, Meta(ge=1, le=60)] | None = None
    classifier: Literal["hold", "spam"] | None = None
    akismet: Literal["hold", "spam"] | None = None
    akismet_blog: BlogUrl | None = None
    akismet_unreachable: Literal["hold", "publish"] = "hold"
    reports_needed: Annotated[int, Meta(ge=1, le=100)] = 1
    reported: Literal["queue", "hide"] = "queue"
    tell_authors: bool = True


PRESETS: dict[str, Rules] = {
    "newsroom": Rules(
        most_links=2,
        most_capitals=70,
        most_repeated=10,
        duplicates="hold",
        most_per_reader=5,
        most_per_address=20,
        most_rejected=50,
        trusted_after=10,
        honeypot=True,
        fewest_seconds=2,
        classifier="hold",
        reports_needed=2,
    ),
    "open": Rules(),
}
