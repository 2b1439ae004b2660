"""The coded reasons of moderators' decisions, and their texts for authors.

A site adds reasons of its own, or other texts for ours, in its setting ``decision_reasons``.
"""

from collections.abc import Mapping

from service.platform.languages.messages import catalogue, sentence
from service.platform.problems import InvalidField
from service.platform.sites.site_lookup import Site

# Each language catalogue has a text for each, in the table [ground].
REASONS = ("abuse", "spam", "off-topic", "illegal", "personal-data", "misinformation", "other")
# The actions that have a reason, each with the reason of a decision that names none.
DEFAULT_REASONS = {"reject": "other", "spam": "spam", "delete": "other"}


def require_known_reason(reason: str | None, site: Site, *, action: str) -> None:
    """Raise InvalidField if the site has no such ``reason``, or if ``action`` has none."""
    if reason is None:
        return
    if action not in DEFAULT_REASONS:
        raise InvalidField(f"Only {', '.join(DEFAULT_REASONS)} have a reason; use “note”.", pointer="/reason")
    known = dict.fromkeys([*REASONS, *site.settings.decision_reasons])
    if reason not in known:
        raise InvalidField(f"“reason” must be one of: {', '.join(known)}. Use “note” for text.", pointer="/reason")


def reason_text(reason: str, site: Site, *, locale: str) -> str:
    """Return the text of ``reason`` in ``locale``, or in the nearest language that the site has written it in.

    A reason that the site no longer has gets the text of ``other``.
    """
    if own := site.settings.decision_reasons.get(reason):
        return _nearest(own, [locale, site.locale])
    key = reason if reason in catalogue("en")["ground"] else "other"
    return sentence("ground", key, locale=locale)


def _nearest(texts: Mapping[str, str], locales: list[str]) -> str:
    known = {tag.lower(): text for tag, text in texts.items()}
    for locale in locales:
        tag = locale.lower()
        found = known.get(tag) or known.get(tag.partition("-")[0])
        if found:
            return found
    return next(iter(texts.values()))
