"""Rules that are tried, as they go over the wire. The rules themselves are ``sites/rules.py``."""

from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from service.comments.model import State
from service.comments.wire import FindingOut
from service.screening.findings import Verdict
from service.sites.rules import Rules
from service.web.decoding import Body


class TryIn(Body):
    """Rules to be tried on the ``last`` comments of the site."""

    rules: Rules
    last: Annotated[int, Meta(ge=1, le=10_000)] = 1000


class Verdicts(msgspec.Struct):
    """How many comments get which verdict."""

    published: int
    pending: int
    spam: int
    refused: int


class Differing(msgspec.Struct):
    """A comment that would have been judged differently; ``excerpt`` is how it begins."""

    id: UUID
    article: str
    state: State
    excerpt: str
    before: Verdict
    after: Verdict
    findings: list[FindingOut]


class Tried(msgspec.Struct):
    """What the rules tried would have changed: verdicts before and after, and the newest comments that differ."""

    tried: int
    before: Verdicts
    after: Verdicts
    changed: int
    examples: list[Differing]
