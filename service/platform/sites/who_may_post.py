"""Who may post: anyone, signed-in readers, or those whose host token has a claim with one of some values."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

MAX_BYTES = 300  # of a claim and its values: an event, which has at most 20,000 bytes, shows them


class ClaimRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A claim of the host token, and the values of which it must have one."""

    claim: Annotated[str, Meta(min_length=1, max_length=100)]
    values: Annotated[tuple[Annotated[str, Meta(min_length=1, max_length=200)], ...], Meta(min_length=1, max_length=50)]

    def __post_init__(self) -> None:
        if len("".join([self.claim, *self.values]).encode(errors="replace")) > MAX_BYTES:
            raise ValueError(f"A claim and its values have at most {MAX_BYTES} bytes together.")


WhoMayPost = Literal["anyone", "signed-in"] | ClaimRule


def has_claim(payload: bytes, rule: ClaimRule) -> bool:
    """Whether the ``payload`` of a valid host token has the claim with one of the values.

    A list has it if one of its items does. A whole number and a boolean are compared as JSON writes them: ``5``,
    ``true``. Fractions, null, objects and lists in lists never match;
    nothing does in a token with numbers out of range or nested too deeply.
    """
    try:
        claim = msgspec.json.decode(payload, type=dict[str, object]).get(rule.claim)
    except (ValueError, RecursionError):  # the claims that are read were valid, but not those that are skipped
        return False
    return any(_text(each) in rule.values for each in (claim if isinstance(claim, list) else [claim]))


def _text(value: object) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int) else None
