"""What the page's form tells of how it was filled in: by whom nobody can see it, or sooner than anybody types. Pure."""

from math import floor

import msgspec

from service.conversation.screening.findings import Finding, Rule


class FormSignals(msgspec.Struct, frozen=True):
    """``honeypot`` is what stands in the field that people do not see; ``seconds`` is from the form to its sending."""

    honeypot: str
    seconds: float | None


def find_honeypot(form: FormSignals) -> Finding | None:
    """The field that only programs fill in, filled in."""
    return Finding(Rule.HONEYPOT, "spam") if form.honeypot.strip() else None


def find_fast(form: FormSignals, *, min_form_seconds: int | None) -> Finding | None:
    """Sent sooner than after ``min_form_seconds``."""
    if min_form_seconds is None or form.seconds is None or form.seconds >= min_form_seconds:
        return None
    tenths = floor(form.seconds * 10) / 10  # rounded up it would look like enough
    return Finding(Rule.MIN_FORM_SECONDS, "hold", f"{tenths:g} s")
