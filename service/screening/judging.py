"""The verdict on a comment as it arrives or is edited. Pure: what was said and the rules in, findings out."""

from service.screening.findings import Finding, Rule
from service.screening.rules import RULES, Said, Screen
from service.sites.settings import Mode


def judge(said: Said, screen: Screen, *, mode: Mode) -> list[Finding]:
    """All that is found against a comment in a thread that takes comments in this ``mode``; the strictest counts."""
    found = [finding for find in RULES if (finding := find(screen, said))]
    return [*found, Finding(Rule.MODE, "pending")] if mode == "hold" else found
