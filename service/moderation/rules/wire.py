"""Rules that are tried, as they go over the wire. The rules themselves are ``sites/site_rules.py``."""

from typing import Annotated, cast, get_type_hints
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from service.conversation.comments.model import State
from service.conversation.comments.wire import FindingOut
from service.conversation.screening.findings import Action
from service.platform.sites.site_rules import Rules
from service.platform.sites.site_settings import SiteSettings
from service.platform.wire import Body

# What is to be set otherwise: the members of SiteSettings with their limits, each of which may be left out.
SettingsIn = cast(
    "type[Body]",
    msgspec.defstruct(
        "SettingsIn",
        [(name, kind | UnsetType, UNSET) for name, kind in get_type_hints(SiteSettings, include_extras=True).items()],
        bases=(Body,),
        module=__name__,
        kw_only=True,
    ),
)


class TryIn(Body):
    """Rules to be tried on the ``last`` comments of the site."""

    rules: Rules
    last: Annotated[int, Meta(ge=1, le=10_000)] = 1000


class ActionCounts(msgspec.Struct):
    """How many comments get which action."""

    publish: int
    hold: int
    spam: int
    reject: int


class Differing(msgspec.Struct):
    """A comment that would have been judged differently; ``excerpt`` is how it begins."""

    id: UUID
    article: str
    state: State
    excerpt: str
    before: Action
    after: Action
    findings: list[FindingOut]


class Tried(msgspec.Struct):
    """What the rules tried would have changed: actions before and after, and the newest comments that differ."""

    tried: int
    before: ActionCounts
    after: ActionCounts
    changed: int
    examples: list[Differing]
