"""The rules of a site or of a section: a form, a trial on the latest comments, and what each rule did lately."""

from typing import Annotated, Any, Literal
from urllib.parse import quote, urlencode

import msgspec
from msgspec import UNSET, Meta
from starlette.responses import Response

from service.conversation.comments.wire import finding_out
from service.desk.figures.rule_figures import read_rule_figures
from service.desk.forms.save_forms import save_section, try_on_latest
from service.desk.forms.struct_forms import Field, field_types, mark_field, read_fields, show_fields
from service.desk.frame.site_figures import DeskState
from service.desk.sign_in.desk_request import DeskRequest
from service.moderation.rules.save_rules import save_rules
from service.moderation.rules.try_rules import Trial
from service.platform.http.app_state import state_of
from service.platform.problems import Forbidden, InvalidField
from service.platform.sites.edit_site import ChangedMeanwhile, version_of
from service.platform.sites.sections import MAX_SECTION
from service.platform.sites.site_rules import Rules, SectionRules, check_rules

GROUPS: dict[str, tuple[str, ...]] = {
    "words": ("hold_words", "reject_words", "allowed_link_domains", "reject_link_domains", "max_links"),
    "text": ("max_length", "max_capitals_percent", "max_repeated_characters", "duplicates"),
    "authors": (
        "max_per_minute_per_reader",
        "max_per_minute_per_address",
        "max_rejected_percent",
        "trusted_after_published",
        "staff_name",
    ),
    "bots": ("honeypot", "min_form_seconds", "classifier"),
    "services": (
        "akismet",
        "akismet_blog",
        "on_akismet_failure",
        "screening_webhook",
        "on_screening_webhook_failure",
    ),
    "reports": ("report_threshold", "on_report_threshold", "explain_to_author"),
}
LISTS = ("hold_words", "reject_words", "allowed_link_domains", "reject_link_domains")
# The finding of a rule, where it is not named like the first setting of the rule.
FINDINGS = {
    "max_capitals_percent": "max_capitals",
    "max_repeated_characters": "max_repeated",
    "max_per_minute_per_reader": "max_per_minute",
    "max_rejected_percent": "max_rejected",
}
SHADOWED = field_types(Rules)["shadow"].choices
MAX_INLINE = 300  # items of a list in the form of all rules; a longer list has a form of its own
LAST = 1_000  # comments of a trial
MAX_EXCERPT = 280

ListName = Literal["hold_words", "reject_words", "allowed_link_domains", "reject_link_domains"]


class RulesPageQuery(msgspec.Struct, kw_only=True, frozen=True):
    """The section whose rules are shown, or one ``list`` alone; ``done`` after a form."""

    section: Annotated[str, Meta(max_length=MAX_SECTION)] | None = None
    list: ListName | None = None
    done: Literal["saved"] | None = None

    @property
    def address(self) -> str:
        """The address of this page below the desk."""
        given = {"section": self.section, "list": self.list}
        return f"rules?{urlencode({name: value for name, value in given.items() if value})}".rstrip("?")


class WordsQuery(msgspec.Struct, kw_only=True, frozen=True):
    """The list to export, and its section."""

    list: ListName
    section: Annotated[str, Meta(max_length=MAX_SECTION)] | None = None


async def get_rules(desk: DeskRequest) -> Response:
    """Send the rules; only admins see those of a section, as in the settings."""
    query = desk.query(RulesPageQuery)
    _require_section(desk, query.section)
    rules = desk.site.rules_in(query.section)
    shown = show_fields(rules, _names(query, rules))
    if query.section is not None:
        own = _own_rules(desk, query.section)
        shown = {name: field._replace(differs=getattr(own, name) is not UNSET) for name, field in shown.items()}
    return await _page(desk, query, shown)


async def get_words(desk: DeskRequest) -> Response:
    """Export a list: an item a line."""
    query = desk.query(WordsQuery)
    _require_section(desk, query.section)
    items: tuple[str, ...] = getattr(desk.site.rules_in(query.section), query.list)
    disposition = f'attachment; filename="{desk.site.slug}-{query.list}.txt"'
    headers = {"content-disposition": disposition, "cache-control": "no-store", "x-content-type-options": "nosniff"}
    return Response("".join(f"{item}\n" for item in items), headers=headers, media_type="text/plain")


async def send_rules(desk: DeskRequest) -> Response:
    """Save the rules of the form, or try them on the latest comments first."""
    desk.caller.require_whole_site()
    query = desk.form(RulesPageQuery)
    _require_section(desk, query.section)
    base = desk.site.rules_in(query.section)
    names = [name for name in desk.fields.all("field") if name in _allowed(query)]
    values, shown = read_fields(desk.fields, base, names)
    if query.section is not None:
        differing = desk.fields.all("differs")
        shown = {name: field._replace(differs=name in differing) for name, field in shown.items()}
        values = {name: value for name, value in values.items() if name in differing}
        shown = {name: field if field.differs else field._replace(error=None) for name, field in shown.items()}
    trial, status = None, 422
    if not any(field.error for field in shown.values()):
        try:
            rules = await check_rules(msgspec.structs.replace(base, **values))
            if desk.fields.get("do") != "try":
                await _save(desk, query, rules, names=names, values=values)
                return desk.see_other(desk.path(query.address), done="saved")
            if query.section is not None:  # what does not differ is as at the whole site
                shared = {name: getattr(desk.site.rules, name) for name in names if name not in values}
                rules = msgspec.structs.replace(rules, **shared)
            trial, status = await try_on_latest(desk, rules, last=LAST, section=query.section), 200
        except InvalidField as problem:
            shown = mark_field(shown, problem)
        except ChangedMeanwhile:
            status = 409
    return await _page(desk, query, shown, trial=trial, status=status)


async def _save(
    desk: DeskRequest, query: RulesPageQuery, rules: Rules, *, names: list[str], values: dict[str, Any]
) -> None:
    version = desk.fields.get("version")
    if query.section is None:
        sites = state_of(desk.request, DeskState).gate.sites
        await save_rules(desk.database, sites, desk.site, rules, by=desk.caller.actor, version=version)
        return
    own = _own_rules(desk, query.section)
    checked = {name: getattr(rules, name) if name in values else UNSET for name in names}
    own = msgspec.structs.replace(own, **checked)
    await save_section(desk, query.section, {"rules": UNSET if own == SectionRules() else own}, version=version)


def _require_section(desk: DeskRequest, section: str | None) -> None:
    if section is not None and desk.caller.role != "admin":
        raise Forbidden


def _own_rules(desk: DeskRequest, section: str) -> SectionRules:
    settings = desk.site.settings.sections.get(section)
    return settings.rules if settings and settings.rules is not UNSET else SectionRules()


def _names(query: RulesPageQuery, rules: Rules) -> list[str]:
    """The fields of the page: one list, or all rules but long lists."""
    names = _allowed(query)
    if query.list:
        return [query.list]
    return [name for name in names if name not in LISTS or len(getattr(rules, name)) <= MAX_INLINE]


def _allowed(query: RulesPageQuery) -> tuple[str, ...]:
    return Rules.__struct_fields__ if query.section is None else SectionRules.__struct_fields__


async def _page(
    desk: DeskRequest,
    query: RulesPageQuery,
    shown: dict[str, Field],
    *,
    trial: Trial | None = None,
    status: int = 200,
) -> Response:
    settings = desk.site.settings
    current = desk.site.rules if query.section is None else settings
    return desk.page(
        "rules.html",
        status=status,
        query=query,
        fields=shown,
        groups={group: names for group, names in GROUPS.items() if any(name in shown for name in names)},
        long_lists={name: len(getattr(desk.site.rules_in(query.section), name)) for name in LISTS if name not in shown},
        findings={name: FINDINGS.get(name, name) for name in shown},
        shadowed=SHADOWED,
        sections=[*settings.sections] if desk.caller.role == "admin" else [],
        figures=await read_rule_figures(desk),
        trial=trial,
        examples=[_example(each, desk.locale) for each in trial.examples] if trial else [],
        last=LAST,
        version=version_of(current),
        is_changed=status == 409,
        may_save=desk.caller.own_sections is None,
    )


def _example(example: Any, locale: str) -> dict[str, Any]:
    article = quote(example.article, safe="")
    return {
        "path": f"threads/{article}?comment={example.comment_id}#comment-{example.comment_id}",
        "excerpt": example.body[:MAX_EXCERPT],
        "before": example.before,
        "after": example.after,
        "findings": [finding_out(finding, locale=locale) for finding in example.findings],
    }
