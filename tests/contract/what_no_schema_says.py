"""Refusals that are right though the request fits its schema: schemathesis takes these for failures and is told here.

Each row is one problem of one operation, at one place, with the reason. All other checks stay as they are, everywhere.
Loaded by schemathesis, in its own environment.
"""

import json
import re

import schemathesis
from schemathesis import Case, HookContext, Response
from schemathesis.core.failures import Failure
from schemathesis.openapi.checks import RejectedPositiveData

AN_INTEGER = "to a schema 2.0 is an integer; here it is written 2"

# operations, type of problem, parameter or pointer: why no schema says it
RIGHTLY_REFUSED = {
    (
        "getThreads|getComments|getFragment|getQueue|getDecisions|getBans|getEndpoints|getDeliveries|getOwnComments"
        "|getMeasures|getClosures|getKeys|getModerators",
        "invalid-cursor",
        "cursor",
    ): "a cursor is opaque: a good one is one that was given",
    ("getThreads", "invalid-parameter", "limit|cursor|state|changed_since|section"): "`url` takes no other parameter",
    ("getThreads", "invalid-parameter", "changed_since|since|query"): "times lie between 1900 and 2999",
    ("getThreads", "invalid-parameter", "sort|since|state"): "`sort` does not go with all others, `since` goes with it",
    ("getCounts", "invalid-parameter", "article|url"): "one of both, and no pattern parses a URL",
    ("postCounts", "invalid-field", r"/articles|/urls(/\d+)?"): "one of both, and no pattern parses a URL",
    ("postModerator", "invalid-field", "/name|/password"): "a name that is taken, or nothing that can be seen is left",
    ("patchModerator", "invalid-field", "/password"): "control characters, or the name",
    ("postModerator|patchModerator", "invalid-field", "/sections"): "an admin is not limited to sections",
    ("putThread", "invalid-field", "/(published_at|updated_at|closing(/at)?)?"): "times lie between 1900 and 2999",
    ("putThread", "invalid-field", "/section"): "nothing that can be seen is left",
    ("putThread|patchSettings", "invalid-field", "/who_may_post.*"): "no schema counts the bytes of all values",
    ("setThreadMode", "invalid-field", "/reason"): "nothing that can be seen is left",
    ("closeSite", "invalid-field", "/until"): "the time must be to come",
    ("closeSite", "invalid-field", "/published_before|/quiet_since"): "times lie between 1900 and 2999",
    ("closeSite", "invalid-field", "/reason"): "nothing that can be seen is left",
    ("patchSettings", "invalid-field", "/time_zone|/opening_hours"): "no schema knows the zones, or that hours overlap",
    ("patchSettings", "invalid-field", "/sections.*"): "labels and words where nothing that can be seen is left",
    ("patchSettings", "invalid-field", "/oidc_issuer"): "an https URL, unless in development",
    ("patchSettings", "invalid-field", "/desk_frame_origins"): "no pattern parses an origin",
    ("patchSettings", "invalid-field", "/oidc_roles.*"): "an admin is not limited to sections, and labels can be seen",
    ("putThread", "invalid-field", "/title"): "nothing that can be seen is left, or a new thread has no title",
    ("putThread", "invalid-field", "/url"): "a host that browsers read in two ways is not told by a pattern",
    ("closeThread", "invalid-field", "/at"): "times lie between 1900 and 2999",
    ("closeThread", "invalid-field", "/reason"): "nothing that can be seen is left",
    ("reopenThread", "invalid-field", "/at"): "the time must be to come",
    ("patchSettings", "invalid-field", "/screening_webhook_url"): "no schema knows where a name leads",
    ("postEndpoint|patchEndpoint", "invalid-field", "/url"): "no schema knows where a name leads",
    ("postEndpoint|patchEndpoint", "invalid-field", r"/types/\d+"): "types of events are told in words",
    ("postEndpoint|patchEndpoint", "invalid-field", "/description"): "nothing that can be seen is left",
    ("postEndpoint|rotateSecret", "invalid-field", "/secret"): "a pattern counts no bytes of base64",
    ("redeliver", "invalid-field", "/first"): "one of two members is needed, and " + AN_INTEGER,
    ("redeliver", "invalid-field", "/last"): AN_INTEGER,
    ("redeliver", "invalid-field", "/failed_since"): "times lie between 1900 and 2999",
    ("rotateSecret", "invalid-field", "/overlap_seconds"): AN_INTEGER,
    ("postComment|patchComment", "not-accepted", ""): "the site's rules, which are tried as well, refuse it",
    ("postComment", "idempotency-key-reused", ""): "the key was sent with another post before",
    ("postComment", "invalid-field", "/body|/author/name"): "nothing that can be seen is left",
    ("postComment", "invalid-field", "/author"): "a guest says who they are, for whom the host signed in it has",
    ("postComment", "invalid-field", "/author/email"): "characters that no address has, of all scripts, are no pattern",
    ("postComment", "invalid-field", "/author/url"): "a host that browsers read in two ways is not told by a pattern",
    ("patchComment|previewComment", "invalid-field", "/body"): "nothing that can be seen is left",
    ("postSession", "invalid-credentials", ""): "a name and a password that fit nobody",
    ("postArticleEvent", "invalid-signature", ""): "nobody who tries it can sign",
    ("postDecisions", "invalid-field", r"/comments/\d+/revision"): AN_INTEGER,
    ("getQueue|getDecisions", "invalid-parameter", "since|until|query"): "times lie between 1900 and 2999",
    (
        "getTransparency|getTransparencyCsv|getAgreement",
        "invalid-parameter",
        "since|until|query",
    ): "a period has a start and a length, and times lie between 1900 and 2999",
    ("postBan|postMeasure", "invalid-field", "/until"): "the time must be to come, and lie between 1900 and 2999",
    (
        "postBan|postMeasure",
        "invalid-field",
        "(/value|/comment|/kind)?",
    ): "one of both, that names somebody",
    ("postBan|postMeasure", "invalid-field", "/reason"): "nothing that can be seen is left",
    ("postDecisions", "invalid-field", "/reason"): "a site has reasons of its own, and only some actions have one",
    ("postDecisions", "invalid-field", "/note"): "nothing that can be seen is left",
    ("patchSettings", "invalid-field", "/decision_reasons/.*"): "nothing that can be seen is left",
    ("postReport|postAppeal", "invalid-field", "/note"): "nothing that can be seen is left",
    ("postAppeal", "not-held|already-appealed", ""): "the comment is published, or its author has asked before",
    ("postClaims", "invalid-field", "/limit"): AN_INTEGER,
    ("putRules|tryRules", "invalid-field", "(/rules)?/[a-z_]+|/last"): AN_INTEGER,
    ("patchSettings", "invalid-field", "/(max_depth|[a-z_]+_(seconds|days|minutes|queue))"): AN_INTEGER,
    ("putRules|tryRules", "invalid-field", r"(/rules)?/(allowed|reject)_link_domains/\d+"): "no pattern parses a host",
    ("patchSettings", "invalid-field", "/(cors_origins|sign_in_url)"): "no pattern parses a host",
    ("patchSettings", "invalid-field", "/jwt_jwks_url"): "the same, and http is for private targets only",
}


def filter_failure(_context: HookContext, failure: Failure, case: Case, response: Response) -> bool:
    """Whether ``failure`` is one."""
    operation = case.operation.definition.raw["operationId"]
    if isinstance(failure, RejectedPositiveData):
        problem = json.loads(response.content)
        place = problem.get("parameter") or problem.get("pointer") or ""
        return not any(
            re.fullmatch(operations, operation)
            and re.fullmatch(f"/problems/({kind})", problem["type"])
            and re.fullmatch(places, place)
            for operations, kind, places in RIGHTLY_REFUSED
        )
    return True


def before_call(_context: HookContext, case: Case, _kwargs: object) -> None:
    """Leave out limits of requests that are valid: they would end the trial, and have tests of their own."""
    if isinstance(case.body, dict):
        case.body = {name: value for name, value in case.body.items() if not (name in LIMITS and _is_rate(value))}


LIMITS = ("post_limit_per_reader", "post_limit_per_address", "request_limit_per_address", "request_limit_per_key")


def _is_rate(value: object) -> bool:
    return isinstance(value, str) and re.match(r"[1-9][0-9]{0,6}/(second|minute|hour|day)", value) is not None


schemathesis.hook(filter_failure)
schemathesis.hook(before_call)
