"""A site's moderation rules, and the presets for new sites."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from service.platform.problems import InvalidField
from service.platform.text.web_urls import canonical_host

MAX_TERMS = 10_000
TERM = r"[^\x00-\x1f\x7f]*[^\s*\x00-\x1f\x7f][^\x00-\x1f\x7f]*"
DOMAIN = r"[^\x00-\x20\x7f/?#@:\\\[\]]+"
Term = Annotated[str, Meta(min_length=1, max_length=100, pattern=rf"^{TERM}$(?!\n)")]
Terms = Annotated[tuple[Term, ...], Meta(max_length=MAX_TERMS)]
Domain = Annotated[str, Meta(max_length=253, pattern=rf"^{DOMAIN}$(?!\n)")]
Domains = Annotated[tuple[Domain, ...], Meta(max_length=1_000)]
MAX_RECENT_COMMENTS = 50  # that the rules read per author and per address
RecentCount = Annotated[int, Meta(ge=1, le=MAX_RECENT_COMMENTS)]
BlogUrl = Annotated[str, Meta(min_length=1, max_length=2000, pattern=r"^https?://[^\s/?#]+[^\s]*$(?!\n)")]


class Rules(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A site's rules. A null number or an empty list turns the rule off."""

    hold_words: Terms = ()
    reject_words: Terms = ()
    max_links: Annotated[int, Meta(ge=0, le=100)] | None = None
    allowed_link_domains: Domains = ()
    reject_link_domains: Domains = ()
    max_length: Annotated[int, Meta(ge=1, le=10_000)] | None = None
    max_capitals_percent: Annotated[int, Meta(ge=1, le=99)] | None = None
    max_repeated_characters: Annotated[int, Meta(ge=2, le=1_000)] | None = None
    duplicates: Literal["hold", "reject"] | None = None
    max_per_minute_per_reader: RecentCount | None = None
    max_per_minute_per_address: RecentCount | None = None
    max_rejected_percent: Annotated[int, Meta(ge=1, le=99)] | None = None
    trusted_after_published: RecentCount | None = None
    honeypot: bool = False
    min_form_seconds: Annotated[int, Meta(ge=1, le=60)] | None = None
    classifier: Literal["hold", "spam"] | None = None
    akismet: Literal["hold", "spam"] | None = None
    akismet_blog: BlogUrl | None = None
    on_akismet_failure: Literal["hold", "publish"] = "hold"
    report_threshold: Annotated[int, Meta(ge=1, le=100)] = 1
    on_report_threshold: Literal["queue", "hide"] = "queue"
    explain_to_author: bool = True


DOMAIN_LISTS = ("allowed_link_domains", "reject_link_domains")


def with_canonical_domains(rules: Rules, *, below: str = "") -> Rules:
    """Return ``rules`` with each domain in its canonical form; ``below`` is the JSON pointer of ``rules``.

    Raises :class:`InvalidField` for text that is not a domain.
    """
    lists = {name: _canonical(getattr(rules, name), pointer=f"{below}/{name}") for name in DOMAIN_LISTS}
    return msgspec.structs.replace(rules, **lists)


def _canonical(domains: tuple[str, ...], *, pointer: str) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for number, domain in enumerate(domains):
        host = canonical_host(domain)
        if host is None:
            raise InvalidField(NOT_A_DOMAIN, pointer=f"{pointer}/{number}")
        found[host] = None
    return tuple(found)


NOT_A_DOMAIN = "It must be a domain, such as “example.org”."

PRESETS: dict[str, Rules] = {
    "newsroom": Rules(
        max_links=2,
        max_capitals_percent=70,
        max_repeated_characters=10,
        duplicates="hold",
        max_per_minute_per_reader=5,
        max_per_minute_per_address=20,
        max_rejected_percent=50,
        trusted_after_published=10,
        honeypot=True,
        min_form_seconds=2,
        classifier="hold",
        report_threshold=2,
    ),
    "open": Rules(),
}
