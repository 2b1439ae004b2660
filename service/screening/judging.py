"""The verdict on a comment as it arrives or is edited. Pure: what was said, what was before, and the rules in."""

from service.screening.findings import Finding, Rule
from service.screening.rules import RULES, RULES_FOR_STRANGERS, RULES_OF_STANDING, Said, Screen
from service.screening.standing import STRANGER, Standing, find_first_timer, is_trusted
from service.sites.settings import Mode


def judge(said: Said, screen: Screen, *, mode: Mode, standing: Standing = STRANGER) -> list[Finding]:
    """All that is found against a comment in a thread that takes comments in this ``mode``; the strictest counts."""
    of_said = RULES if is_trusted(standing, screen.rules) else [*RULES, *RULES_FOR_STRANGERS]
    found = [find(screen, said) for find in of_said]
    found += [find(standing, screen.rules) for find in RULES_OF_STANDING]
    found.append(find_first_timer(standing, mode))
    if mode == "hold":
        found.append(Finding(Rule.MODE, "pending"))
    return [finding for finding in found if finding]
