"""The answer of a screening webhook: a list of findings. Pure.

An answer that does not fit the contract, such as one with an unknown action, counts as no answer as a whole: half of it
could mean the opposite.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

from service.conversation.screening.findings import STRICTEST, Action, Finding, Rule
from service.platform.outbound.remote_client import NoAnswer, RemoteResponse
from service.platform.text.plain_text import clean_line

MAX_FINDINGS = 20


class WebhookFinding(msgspec.Struct, frozen=True):
    """One finding of the webhook: ``message`` is by language (BCP 47), ``score`` from 0 to 1."""

    action: Action
    code: Annotated[str, Meta(pattern=r"^[A-Za-z0-9._-]{1,64}$(?!\n)")]
    message: Annotated[
        dict[Annotated[str, Meta(max_length=35)], Annotated[str, Meta(max_length=300)]], Meta(max_length=50)
    ] = {}
    score: Annotated[float, Meta(ge=0, le=1)] | None = None


class WebhookAnswer(msgspec.Struct, frozen=True):
    """The answer; members that are not known are ignored."""

    findings: Annotated[list[WebhookFinding], Meta(max_length=MAX_FINDINGS)]


def read_answer(response: RemoteResponse) -> tuple[Finding, ...]:
    """Return the findings of a response; raises NoAnswer if it is none."""
    response.require_ok()
    try:
        answer = _decode(response.body)
    except (ValueError, RecursionError):  # not JSON, not the contract's, or nested without end
        raise NoAnswer("unexpected response body") from None
    return tuple(_finding(each) for each in answer.findings)


def encode_details(findings: list[Finding]) -> str:
    """Return the webhook's ``findings`` on a comment as text, to store them."""
    stored = [WebhookFinding(each.action, each.matched or "", each.messages, each.score) for each in findings]
    return _encode(WebhookAnswer(stored)).decode()


def decode_details(details: str, *, shadow: bool) -> list[Finding]:
    """Return the findings from the text of :func:`encode_details`."""
    return [_finding(each, shadow=shadow) for each in _decode(details).findings]


def in_one(findings: list[Finding]) -> Finding:
    """Return one finding for those of the webhook: their strictest action and their codes."""
    action = min((each.action for each in findings), key=STRICTEST.index)
    codes = ", ".join(dict.fromkeys(each.matched or "" for each in findings))
    return Finding(Rule.SCREENING_WEBHOOK, action, codes[:300], findings[0].shadow)


def _finding(given: WebhookFinding, *, shadow: bool = False) -> Finding:
    cleaned = {language: clean_line(text) for language, text in given.message.items()}
    messages = {language: text for language, text in cleaned.items() if text}
    return Finding(Rule.SCREENING_WEBHOOK, given.action, given.code, shadow, messages, given.score)


_decode = msgspec.json.Decoder(WebhookAnswer).decode
_encode = msgspec.json.Encoder().encode
