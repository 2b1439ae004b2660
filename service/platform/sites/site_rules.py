"""A site's moderation rules, and the presets for new sites.

*Why patterns are not checked while decoding*: the lists are decoded in one call, during which no other thread runs.
With a pattern for each item it takes 100 ms; without, 7 ms. So :func:`check_rules` checks the items of new rules, in a
thread. Stored rules are not checked again.
"""

import asyncio
import re
from typing import TYPE_CHECKING, Annotated, Literal, TypeVar, get_type_hints

import msgspec
from msgspec import UNSET, Meta, UnsetType

from service.platform.problems import INVALID_FORMAT, InvalidField
from service.platform.text.web_urls import canonical_host

MAX_TERMS, MAX_DOMAINS = 10_000, 1_000  # per list
TERM = r"[^\x00-\x1f\x7f]*[^\s*\x00-\x1f\x7f][^\x00-\x1f\x7f]*"
DOMAIN = r"[^\x00-\x20\x7f/?#@:\\\[\]]+"
TERM_PATTERN, DOMAIN_PATTERN = rf"^{TERM}$(?!\n)", rf"^{DOMAIN}$(?!\n)"
Term = Annotated[str, Meta(min_length=1, max_length=100, extra_json_schema={"pattern": TERM_PATTERN})]
Terms = Annotated[tuple[Term, ...], Meta(max_length=MAX_TERMS)]
Domain = Annotated[str, Meta(max_length=253, extra_json_schema={"pattern": DOMAIN_PATTERN})]
Domains = Annotated[tuple[Domain, ...], Meta(max_length=MAX_DOMAINS)]
MAX_RECENT_COMMENTS = 50  # that the rules read per author and per address
RecentCount = Annotated[int, Meta(ge=1, le=MAX_RECENT_COMMENTS)]
# Rules that can run in shadow, by the name of their finding (``screening/findings.py``).
ShadowRule = Literal[
    "reject_words",
    "reject_link_domains",
    "hold_words",
    "max_links",
    "max_length",
    "max_capitals",
    "max_repeated",
    "duplicates",
    "max_per_minute",
    "max_rejected",
    "honeypot",
    "min_form_seconds",
    "akismet",
    "screening_webhook",
    "classifier",
]
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
    staff_name: bool = False
    classifier: Literal["hold", "spam"] | None = None
    akismet: Literal["hold", "spam"] | None = None
    akismet_blog: BlogUrl | None = None
    on_akismet_failure: Literal["hold", "publish"] = "hold"
    screening_webhook: bool = False
    on_screening_webhook_failure: Literal["hold", "publish"] = "hold"
    report_threshold: Annotated[int, Meta(ge=1, le=100)] = 1
    on_report_threshold: Literal["queue", "hide"] = "queue"
    explain_to_author: bool = True
    shadow: Annotated[tuple[ShadowRule, ...], Meta(max_length=20)] = ()


# Rules that a section can't change: they need no thread, or are about what happens after a comment is posted.
SITE_WIDE_RULES = {
    "classifier",
    "akismet",
    "akismet_blog",
    "on_akismet_failure",
    "screening_webhook",
    "on_screening_webhook_failure",
    "report_threshold",
    "on_report_threshold",
    "explain_to_author",
}

if TYPE_CHECKING:

    class SectionRules(msgspec.Struct, frozen=True):
        """The rules that differ in a section: members of :class:`Rules` with their limits, all optional."""
else:
    SectionRules = msgspec.defstruct(
        "SectionRules",
        [
            (name, kind | UnsetType, UNSET)
            for name, kind in get_type_hints(Rules, include_extras=True).items()
            if name not in SITE_WIDE_RULES
        ],
        module=__name__,
        frozen=True,
        forbid_unknown_fields=True,
        kw_only=True,
        omit_defaults=True,
    )


def rules_of_section(rules: Rules, own: SectionRules) -> Rules:
    """Return the ``rules`` of a site as they are in a section with its ``own``."""
    changes = {name: value for name in own.__struct_fields__ if (value := getattr(own, name)) is not UNSET}
    return msgspec.structs.replace(rules, **changes)


Checked = TypeVar("Checked", bound=msgspec.Struct)
TERM_LISTS, DOMAIN_LISTS = ("hold_words", "reject_words"), ("allowed_link_domains", "reject_link_domains")
_MAX_STRINGS = 2 * MAX_TERMS + 2 * MAX_DOMAINS + 100  # in the JSON of rules: items, names and values


def require_few_items(body: bytes) -> None:
    """Check, before it is decoded, that the JSON ``body`` has no more strings than rules can have.

    A million of them would take a tenth of a second to decode. Raises :class:`InvalidField`.
    """
    if body.count(b'"') - body.count(rb"\"") > 2 * _MAX_STRINGS:
        raise InvalidField(f"A list has at most {MAX_TERMS} words or {MAX_DOMAINS} domains.", pointer="")


async def check_rules(rules: Rules, *, below: str = "") -> Rules:
    """Check the items of ``rules`` in a thread, and return them with each domain in its canonical form.

    ``below`` is the JSON pointer of ``rules``. Raises :class:`InvalidField`.
    """
    return await asyncio.to_thread(_check, rules, below)


def check_section_rules(rules: SectionRules, *, below: str) -> SectionRules:
    """Check the rules of a section as :func:`check_rules` does, in this thread."""
    return _check(rules, below)


def _check(rules: Checked, below: str) -> Checked:
    for name in TERM_LISTS:
        for number, term in enumerate(getattr(rules, name) or ()):
            if not _TERM.match(term):
                raise InvalidField(INVALID_FORMAT, pointer=f"{below}/{name}/{number}")
    given = [name for name in DOMAIN_LISTS if getattr(rules, name) is not UNSET]
    lists = {name: _canonical(getattr(rules, name), pointer=f"{below}/{name}") for name in given}
    return msgspec.structs.replace(rules, **lists)


def _canonical(domains: tuple[str, ...], *, pointer: str) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for number, domain in enumerate(domains):
        host = canonical_host(domain)
        if host is None:
            raise InvalidField(NOT_A_DOMAIN, pointer=f"{pointer}/{number}")
        found[host] = None
    return tuple(found)


_TERM = re.compile(TERM_PATTERN)
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
        staff_name=True,
        classifier="hold",
        report_threshold=2,
    ),
    "open": Rules(),
}
