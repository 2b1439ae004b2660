"""Rules on how the page's form was filled in: the hidden field, and the time taken. Pure."""

from math import floor

import msgspec

from service.conversation.screening.findings import Finding, Rule


class FormSignals(msgspec.Struct, frozen=True):
    """``honeypot`` is the value of the hidden field; ``seconds`` is the time from loading the form to sending it."""

    honeypot: str
    seconds: float | None


def find_honeypot(form: FormSignals) -> Finding | None:
    """Find a filled-in hidden field, which only programs fill in."""
    return Finding(Rule.HONEYPOT, "spam") if form.honeypot.strip() else None


def find_fast_form(form: FormSignals, *, min_form_seconds: int | None) -> Finding | None:
    """Find a form sent in less than ``min_form_seconds``."""
    if min_form_seconds is None or form.seconds is None or form.seconds >= min_form_seconds:
        return None
    tenths = floor(form.seconds * 10) / 10  # round down: rounded up, the time could look long enough
    return Finding(Rule.MIN_FORM_SECONDS, "hold", f"{tenths:g} s")
