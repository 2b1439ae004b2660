"""What the forms of rules and settings share: saving settings as the API does, and trying rules."""

from typing import Any

import msgspec

from service.desk.frame.site_figures import DeskState
from service.desk.sign_in.desk_request import DeskRequest
from service.moderation.rules.save_rules import check_given_settings, save_settings
from service.moderation.rules.try_rules import Trial, try_rules
from service.platform.http.app_state import state_of
from service.platform.sites.site_rules import Rules
from service.platform.sites.site_settings import SectionSettings


async def save_site_settings(desk: DeskRequest, given: dict[str, Any], *, version: str | None) -> None:
    """Check and save the settings ``given``; raises InvalidField or ChangedMeanwhile."""
    state = state_of(desk.request, DeskState)
    webhook_targets = state.remote_checks.webhook.targets
    given = await check_given_settings(given, allow_http=state.targets.allow_private, webhook_targets=webhook_targets)
    await save_settings(state.database, state.gate.sites, desk.site, given, by=desk.caller.actor, version=version)


async def save_section(desk: DeskRequest, label: str, changes: dict[str, Any], *, version: str | None) -> None:
    """Save ``changes`` to the settings of a section; one that differs in nothing is removed."""
    sections = desk.site.settings.sections
    own = msgspec.structs.replace(sections.get(label, SectionSettings()), **changes)
    others = {name: each for name, each in sections.items() if name != label}
    given = others if own == SectionSettings() else {**others, label: own}
    await save_site_settings(desk, {"sections": given}, version=version)


async def try_on_latest(desk: DeskRequest, rules: Rules, *, last: int, section: str | None) -> Trial:
    """Try ``rules`` on the ``last`` comments of the site or of a section, without changing anything."""
    state = state_of(desk.request, DeskState)
    model, webhook = await state.spam_models.get(desk.site), state.remote_checks.webhook
    return await try_rules(state.database, desk.site, rules, last=last, webhook=webhook, model=model, section=section)
