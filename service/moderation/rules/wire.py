"""Request and response structs of rule trials and settings. The rules are in ``sites/site_rules.py``."""

from datetime import datetime
from typing import Annotated, cast, get_type_hints
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from service.conversation.comments.model import State
from service.conversation.comments.wire import FindingOut
from service.conversation.screening.findings import Action
from service.conversation.threads.wire import Instant
from service.moderation.rules.agreement import Disagreement
from service.platform.sites.site_rules import Rules, ShadowRule
from service.platform.sites.site_settings import SiteSettings
from service.platform.wire import Body, BodyWithTimes

# The settings to update: the members of SiteSettings with their limits, all optional.
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


class TrialIn(Body):
    """Rules to try on the ``last`` comments of the site."""

    rules: Rules
    last: Annotated[int, Meta(ge=1, le=10_000)] = 1000


class ActionCounts(msgspec.Struct):
    """The number of comments per action."""

    publish: int
    hold: int
    spam: int
    reject: int


class TrialExample(msgspec.Struct):
    """A comment that gets a different action; ``excerpt`` is the start of its text."""

    id: UUID
    article: str
    state: State
    excerpt: str
    before: Action
    after: Action
    findings: list[FindingOut]


class TrialOut(msgspec.Struct):
    """The result of a trial: actions before and after, how often the webhook was asked, and the newest differences."""

    checked: int
    before: ActionCounts
    after: ActionCounts
    changed: int
    asked: int
    examples: list[TrialExample]


class AgreementQuery(BodyWithTimes):
    """Query of the comparison of a rule with moderators' decisions."""

    rule: ShadowRule
    since: Instant


class AgreementExampleOut(msgspec.Struct):
    """A comment on which the rule and the moderators disagree; ``excerpt`` is the start of its text."""

    id: UUID
    article: str
    state: State
    excerpt: str
    kind: Disagreement


class AgreementOut(msgspec.Struct):
    """A rule's findings compared with moderators' decisions: numbers of comments, and the newest disagreements."""

    rule: ShadowRule
    since: datetime
    is_complete: bool
    compared: int
    found: int
    agreed: int
    held_wrongly: int
    missed: int
    examples: list[AgreementExampleOut]
