"""What a site has comments judged by as they arrive: its rules, one typed struct, and what a new site begins with."""

from typing import Annotated

import msgspec
from msgspec import Meta

MOST_TERMS = 10_000
TERM = r"[^\x00-\x1f\x7f]*[^\s*\x00-\x1f\x7f][^\x00-\x1f\x7f]*"
DOMAIN = r"[a-z0-9](?:[a-z0-9.\-]{0,251}[a-z0-9])?"
Term = Annotated[str, Meta(min_length=1, max_length=100, pattern=rf"^{TERM}$(?!\n)")]
Terms = Annotated[tuple[Term, ...], Meta(max_length=MOST_TERMS)]
Domain = Annotated[str, Meta(max_length=253, pattern=rf"^{DOMAIN}$(?!\n)")]
Domains = Annotated[tuple[Domain, ...], Meta(max_length=1_000)]


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


PRESETS: dict[str, Rules] = {
    "newsroom": Rules(most_links=2, most_capitals=70, most_repeated=10),
    "open": Rules(),
}
