"""A rule compared with the decisions of moderators, with the newest comments on which they disagree."""

from typing import NamedTuple
from urllib.parse import quote

import msgspec
from starlette.responses import Response

from service.desk.figures.rule_figures import COMPARED
from service.desk.sign_in.desk_request import DeskRequest
from service.moderation.rules.agreement import AgreementExample, compare_with_decisions
from service.platform import clock
from service.platform.sites.site_rules import ShadowRule

MAX_EXCERPT = 280


class AgreementPageQuery(msgspec.Struct, frozen=True):
    """The rule, by the name of its finding."""

    rule: ShadowRule


class Disagreement(NamedTuple):
    """A comment on which rule and moderators disagree: where it is, and the start of its text."""

    path: str
    excerpt: str


async def get_agreement(desk: DeskRequest) -> Response:
    """Send the comparison over comments of the last 30 days."""
    desk.caller.require_whole_site()
    query = desk.query(AgreementPageQuery)
    async with desk.database.read() as connection:
        found = await compare_with_decisions(connection, desk.site, query.rule, since=clock.now() - COMPARED)
    examples = {
        kind: [comment_link(each) for each in found.examples if each.kind == kind]
        for kind in ("held-wrongly", "missed")
    }
    return desk.page("rule_agreement.html", rule=query.rule, found=found, examples=examples)


def comment_link(example: AgreementExample) -> Disagreement:
    """Return where the comment is in the desk, and the start of its text."""
    article = quote(example.article, safe="")
    path = f"threads/{article}?comment={example.comment_id}#comment-{example.comment_id}"
    return Disagreement(path, example.body[:MAX_EXCERPT])
