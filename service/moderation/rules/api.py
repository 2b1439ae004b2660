"""HTTP endpoints for a site's rules and settings, and for trying rules. Each change is logged as a decision."""

from collections import Counter
from typing import TypeVar

from starlette.requests import Request
from starlette.responses import Response

from service.conversation.comments.conversation_state import ConversationState
from service.conversation.comments.model import State
from service.conversation.comments.wire import finding_out
from service.conversation.screening.findings import Action
from service.moderation.rules.agreement import AgreementExample, compare_with_decisions
from service.moderation.rules.save_rules import check_given_settings, save_rules, save_settings
from service.moderation.rules.try_rules import Example, try_rules
from service.moderation.rules.wire import (
    ActionCounts,
    AgreementExampleOut,
    AgreementOut,
    AgreementQuery,
    SettingsIn,
    TrialExample,
    TrialIn,
    TrialOut,
)
from service.platform.access.caller import Caller
from service.platform.http.app_state import database_of, gate_of, state_of
from service.platform.http.conditional import PRIVATE
from service.platform.http.decode import decode_body, decode_bytes, decode_query, read_body
from service.platform.http.raw_routes import json_response
from service.platform.http.request_origin import locale_of
from service.platform.sites.site_rules import Rules, check_rules, require_few_items
from service.platform.wire import sent_fields

RULES_LIMIT = 4 * 1024 * 1024  # bytes: 20,000 words, more than any site has
MAX_EXCERPT = 280
NO_STORE = {"cache-control": "no-store"}
T = TypeVar("T")


async def get_rules(_request: Request, caller: Caller) -> Response:
    """Get the site's rules."""
    return json_response(caller.site.rules, headers=PRIVATE)


async def put_rules(request: Request, caller: Caller) -> Response:
    """Replace the site's rules; they apply to comments from now on."""
    caller.require_whole_site()
    rules = await check_rules(await _decode_rules(request, Rules))
    await save_rules(database_of(request), gate_of(request).sites, caller.site, rules, by=caller.actor)
    return json_response(rules, headers=NO_STORE)


async def post_try(request: Request, caller: Caller) -> Response:
    """Try rules on the site's latest comments."""
    caller.require_whole_site()
    body = await _decode_rules(request, TrialIn)
    rules = await check_rules(body.rules, below="/rules")
    state = state_of(request, ConversationState)
    model, webhook = await state.spam_models.get(caller.site), state.remote_checks.webhook
    trial = await try_rules(state.database, caller.site, rules, last=body.last, webhook=webhook, model=model)
    locale = locale_of(request, caller)
    examples = [_trial_example(example, locale) for example in trial.examples]
    before, after = _actions(trial.before), _actions(trial.after)
    out = TrialOut(trial.before.total(), before, after, trial.changed, trial.asked, examples)
    return json_response(out, headers={**NO_STORE, "content-language": locale})


async def get_agreement(request: Request, caller: Caller) -> Response:
    """Compare a rule with moderators' decisions."""
    caller.require_whole_site()
    query = decode_query(request, AgreementQuery)
    async with database_of(request).read() as connection:
        found = await compare_with_decisions(connection, caller.site, query.rule, since=query.since)
    counts = found._asdict() | {"examples": [_agreement_example(example) for example in found.examples]}
    return json_response(AgreementOut(rule=query.rule, since=query.since, **counts), headers=PRIVATE)


async def get_settings(_request: Request, caller: Caller) -> Response:
    """Get the site's settings."""
    return json_response(caller.site.settings, headers=PRIVATE)


async def patch_settings(request: Request, caller: Caller) -> Response:
    """Update site settings; missing members keep their values."""
    given = sent_fields(await decode_body(request, SettingsIn))
    state = state_of(request, ConversationState)
    given = await check_given_settings(
        given, allow_http=state.targets.allow_private, webhook_targets=state.remote_checks.webhook.targets
    )
    settings = await save_settings(state.database, state.gate.sites, caller.site, given, by=caller.actor)
    return json_response(settings, headers=NO_STORE)


async def _decode_rules(request: Request, kind: type[T]) -> T:
    body = await read_body(request, limit=RULES_LIMIT)
    require_few_items(body)
    return decode_bytes(request, body, kind)


def _actions(counted: Counter[Action]) -> ActionCounts:
    return ActionCounts(counted["publish"], counted["hold"], counted["spam"], counted["reject"])


def _trial_example(example: Example, locale: str) -> TrialExample:
    return TrialExample(
        id=example.comment_id,
        article=example.article,
        state=State(example.state),
        excerpt=example.body[:MAX_EXCERPT],
        before=example.before,
        after=example.after,
        findings=[finding_out(finding, locale=locale) for finding in example.findings],
    )


def _agreement_example(example: AgreementExample) -> AgreementExampleOut:
    return AgreementExampleOut(
        id=example.comment_id,
        article=example.article,
        state=State(example.state),
        excerpt=example.body[:MAX_EXCERPT],
        kind=example.kind,
    )
