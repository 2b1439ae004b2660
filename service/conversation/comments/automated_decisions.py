"""Record in the decision log what rules decide: a comment is held or marked as spam without a person."""

from collections.abc import Sequence

from service.conversation.comments.model import Comment, State
from service.conversation.screening.findings import Finding, effective, strictest
from service.platform.events.record_decisions import Actor, NewDecision


def decision_by_rules(
    site_id: int, comment: Comment, findings: Sequence[Finding], *, before: State | None, revision: int
) -> NewDecision:
    """Return the decision of the strictest of ``findings``, which led to the present state of ``comment``.

    ``revision`` is that before the decision, 0 for a new comment. The log names the first of the strictest rules that
    have an effect.
    """
    action = strictest(findings)
    rule = next(finding.rule for finding in effective(findings) if finding.action == action)
    return NewDecision(
        site_id,
        action,
        Actor("rule", rule.value),
        comment_id=comment.id,
        thread_id=comment.thread_id,
        reader_id=comment.reader_id,
        before=before,
        after=comment.state,
        revision=revision,
    )
