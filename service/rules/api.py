"""Rules and settings over HTTP: read, changed, and tried first. What is changed is a decision."""

from collections import Counter

from starlette.requests import Request
from starlette.responses import Response

from service import clock
from service.access.caller import Caller
from service.access.guarding import doorkeeper_of
from service.comments.drafting import model_of
from service.comments.model import State
from service.comments.wire import finding_out
from service.events.decisions import NewDecision, note_decisions
from service.rules.trying import Example, try_rules
from service.rules.wire import Differing, Tried, TryIn, Verdicts
from service.screening.findings import Verdict
from service.sites.changing import change_rules, change_site, find_site
from service.sites.rules import Rules
from service.sites.settings import SiteSettings
from service.storage.engine import database_of
from service.threads.api import locale_of
from service.web.conditional import PRIVATE
from service.web.decoding import decode_body
from service.web.routing import json_response

RULES_LIMIT = 4 * 1024 * 1024  # 20,000 words, and more than anybody has in one site
LONGEST_EXCERPT = 280
NO_STORE = {"cache-control": "no-store"}


async def get_rules(_request: Request, caller: Caller) -> Response:
    """The site's rules."""
    return json_response(caller.site.rules, headers=PRIVATE)


async def put_rules(request: Request, caller: Caller) -> Response:
    """Have what arrives from now on judged by other rules."""
    rules = await decode_body(request, Rules, limit=RULES_LIMIT)
    async with database_of(request).write() as connection:
        await change_rules(connection, caller.site, rules)
        decision = NewDecision(caller.site.id, "rules", caller.actor)
        await note_decisions(connection, [decision], now=clock.now())
    doorkeeper_of(request).sites.forget(caller.site.slug)
    return json_response(rules, headers=NO_STORE)


async def post_try(request: Request, caller: Caller) -> Response:
    """What rules would have changed."""
    body = await decode_body(request, TryIn, limit=RULES_LIMIT)
    model = await model_of(request, caller)
    trial = await try_rules(database_of(request), caller.site, body.rules, last=body.last, model=model)
    locale = locale_of(request, caller)
    examples = [_differing(example, locale) for example in trial.examples]
    before, after = _verdicts(trial.before), _verdicts(trial.after)
    out = Tried(trial.before.total(), before, after, trial.changed, examples)
    return json_response(out, headers={**NO_STORE, "content-language": locale})


async def get_settings(_request: Request, caller: Caller) -> Response:
    """How the site is set."""
    return json_response(caller.site.settings, headers=PRIVATE)


async def put_settings(request: Request, caller: Caller) -> Response:
    """Set the site otherwise; what is left out takes its default."""
    settings = await decode_body(request, SiteSettings)
    async with database_of(request).write() as connection:
        site = await find_site(connection, caller.site.slug)
        await change_site(connection, site, name=None, locale=None, settings=settings)
        decision = NewDecision(site.id, "settings", caller.actor)
        await note_decisions(connection, [decision], now=clock.now())
    doorkeeper_of(request).sites.forget(caller.site.slug)
    return json_response(settings, headers=NO_STORE)


def _verdicts(counted: Counter[Verdict]) -> Verdicts:
    return Verdicts(counted["published"], counted["pending"], counted["spam"], counted["refused"])


def _differing(example: Example, locale: str) -> Differing:
    return Differing(
        id=example.comment_id,
        article=example.article,
        state=State(example.state),
        excerpt=example.body[:LONGEST_EXCERPT],
        before=example.before,
        after=example.after,
        findings=[finding_out(finding, locale=locale) for finding in example.findings],
    )
