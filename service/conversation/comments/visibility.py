"""The rules on who may see and edit a comment, for the API, the readers' pages, streams and events. Pure.

- Everyone sees published comments, and tombstones of those that still have published replies.
- The author also sees their own comment until it is deleted, with the reasons why it is not published. Lists contain
  it only while it appears to them as published or pending. If a moderator deleted it, the author sees only why.
- Moderators see every comment until its author deletes it, with its findings.
- Hosts get the text of a comment with an event only while it is published at the revision of the event. An endpoint
  may be granted the texts of pending comments (``event_log/event_texts.py``).
- Only the author may edit, for a limited time, while the thread is open.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

from msgspec import UNSET

from service.conversation.comments.model import Comment, LoggedComment, State
from service.conversation.comments.statement_of_reasons import LastDecision, needs_statement, statement_of
from service.conversation.comments.wire import AuthorOut, CommentOut, finding_out
from service.conversation.screening.findings import Finding, Rule, effective
from service.conversation.threads.model import Thread
from service.conversation.threads.thread_policy import is_closed
from service.platform.access.caller import Caller
from service.platform.languages.messages import catalogue, choose_language, sentence
from service.platform.sites.site_lookup import Site
from service.platform.sites.site_rules import Rules

UNPUBLISHED = (State.PENDING, State.REJECTED, State.SPAM)
TextWithheld = Literal["superseded", "deleted", "rejected", "held"]
EditRefusal = Literal["thread-closed", "not-editable", "edit-window-closed"]


def is_own(comment: Comment, caller: Caller) -> bool:
    """Whether ``caller`` wrote the comment."""
    return caller.reader_id is not None and comment.reader_id == caller.reader_id


def sees_text(comment: Comment, caller: Caller) -> bool:
    """Whether ``caller`` sees the text even if it is not published: moderators, and the author until it is deleted."""
    return caller.is_moderator or (is_own(comment, caller) and comment.state is not State.DELETED)


def may_see(comment: Comment, thread: Thread, caller: Caller, now: datetime) -> bool:
    """Whether ``caller`` may see the comment or its tombstone at all."""
    is_hidden = thread.is_hidden(now) and caller.role is None
    return not is_hidden and (comment.shown or sees_text(comment, caller) or is_explained(comment, caller))


def is_awaiting_review(comment: Comment, caller: Caller) -> bool:
    """Whether ``caller`` sees their own comment as pending."""
    return is_own(comment, caller) and state_for_author(comment) is State.PENDING


def is_listed(comment: Comment, caller: Caller) -> bool:
    """Whether the comment is in the lists of ``caller``; ``comment_pages.py`` has the same rule in SQL."""
    return comment.shown or is_awaiting_review(comment, caller)


def is_explained(comment: Comment, caller: Caller) -> bool:
    """Whether ``caller`` gets an explanation of the comment's state, which needs its findings."""
    return caller.is_moderator or (is_own(comment, caller) and needs_statement(comment))


def may_edit(comment: Comment, caller: Caller, now: datetime, *, thread: Thread) -> bool:
    """Whether ``caller`` may edit the comment now."""
    return is_own(comment, caller) and edit_refusal(comment, thread, caller.site, now) is None


def edit_refusal(comment: Comment, thread: Thread, site: Site, now: datetime) -> EditRefusal | None:
    """Return the reason why the author may not edit the comment now; None if they may."""
    if is_closed(thread, site, now):
        return "thread-closed"
    if state_for_author(comment) not in {State.PUBLISHED, State.PENDING}:
        return "not-editable"
    if now >= comment.created_at + timedelta(seconds=site.settings.edit_window_seconds):
        return "edit-window-closed"
    return None


def view_for(
    comment: Comment,
    caller: Caller,
    *,
    locale: str,
    findings: Sequence[Finding] | None = None,
    decision: LastDecision | None = None,
) -> CommentOut:
    """Return the view of the comment for ``caller``; with its ``findings``, also the reasons for its state."""
    if caller.is_moderator:
        out = moderator_view(comment)
        if findings is not None:
            out.findings = [finding_out(each, locale=locale) for each in findings]
        return out
    if is_own(comment, caller):
        return author_view(comment, caller.site, locale=locale, findings=findings, decision=decision)
    return public_view(comment)


def public_view(comment: Comment) -> CommentOut:
    """Return the view for every reader: a tombstone unless the comment is published.

    The decision on it stays between the site and its author, so every tombstone has the state ``deleted``.
    """
    return _full_view(comment) if comment.state is State.PUBLISHED else _tombstone(comment, State.DELETED)


def event_view(comment: Comment) -> LoggedComment:
    """Return the comment for an event of the log: its true state, never its text."""
    return LoggedComment(
        id=comment.id,
        parent_id=comment.parent_id,
        depth=comment.depth,
        state=comment.state,
        created_at=comment.created_at,
        edited_at=comment.edited_at,
        revision=comment.revision,
    )


def text_withheld(comment: Comment | None, *, revision: int) -> TextWithheld | None:
    """Return why an event about the ``revision`` of a comment has no text; None if its text is public now."""
    if comment is None:
        return "deleted"
    if comment.state is State.PUBLISHED:
        return None if comment.revision == revision else "superseded"
    return _WITHHELD[comment.state]


_WITHHELD: dict[State, TextWithheld] = {
    State.PENDING: "held",
    State.REJECTED: "rejected",
    State.SPAM: "rejected",
    State.DELETED: "deleted",
}


def repeat_view(comment: Comment) -> CommentOut:
    """Return the comment for a repeated post that proves no authorship: the author's state, but only public text."""
    state = state_for_author(comment)
    return _full_view(comment) if comment.state is State.PUBLISHED else _tombstone(comment, state)


def author_view(
    comment: Comment,
    site: Site,
    *,
    locale: str,
    findings: Sequence[Finding] | None = None,
    decision: LastDecision | None = None,
) -> CommentOut:
    """Return the view for the author; with its ``findings``, also the reasons why it is not published.

    ``decision`` is the last one on the comment, if any. Once it is deleted, even the author no longer sees the text.
    """
    if comment.state is State.DELETED:
        out = public_view(comment)
    else:
        out = _full_view(comment)
        out.body, out.state = comment.body, state_for_author(comment)
    if findings is not None and needs_statement(comment):
        grounds = status_reasons(comment, findings, site.rules, locale=locale)
        out.statement = statement_of(comment, decision, findings=findings, grounds=grounds, site=site, locale=locale)
        if comment.state in UNPUBLISHED:
            out.status_reasons = grounds
    return out


def moderator_view(comment: Comment) -> CommentOut:
    """Return the view for the site's moderators, in any state; nobody sees a text that its author deleted."""
    if comment.state is State.DELETED and not comment.body:
        return public_view(comment)
    out = _full_view(comment)
    out.body = comment.body
    return out


def state_for_author(comment: Comment) -> State:
    """Return the state that the author sees.

    Spam found by rules, without a moderator's decision, appears as pending: spammers would learn from it.
    """
    by_rules = comment.state is State.SPAM and comment.reports is not None
    return State.PENDING if by_rules else comment.state


def status_reasons(comment: Comment, findings: Sequence[Finding], rules: Rules, *, locale: str) -> list[str]:
    """Return the reasons why the comment is not published, for its author, in as much detail as the site allows."""
    if comment.state is State.REJECTED or (comment.state is State.SPAM and comment.reports is None):
        return [sentence("author", "rejected", locale=locale)]
    asked_for = [finding for finding in effective(findings) if finding.action != "publish"]
    reasons = [_reason(finding, rules, locale) for finding in asked_for]
    return [*dict.fromkeys(reasons or [sentence("author", "review", locale=locale)])]


def _reason(finding: Finding, rules: Rules, locale: str) -> str:
    if rules.explain_to_author and (own := choose_language(finding.messages, locale)):
        return own
    # Our own words for the webhook are for a rejection; here it may have found spam.
    is_known = finding.rule in catalogue("en")["author"] and finding.rule is not Rule.SCREENING_WEBHOOK
    return sentence("author", finding.rule.value if rules.explain_to_author and is_known else "review", locale=locale)


def author_out(comment: Comment) -> AuthorOut:
    """Return the author as everyone sees them."""
    return AuthorOut(comment.author_name, comment.author_url, comment.author_role, comment.author_avatar)


def _full_view(comment: Comment) -> CommentOut:
    return CommentOut(
        id=comment.id,
        parent_id=comment.parent_id,
        depth=comment.depth,
        state=comment.state,
        author=author_out(comment),
        html=comment.html,
        created_at=comment.created_at,
        edited_at=comment.edited_at,
        revision=comment.revision,
        featured=comment.featured or UNSET,
    )


def _tombstone(comment: Comment, state: State) -> CommentOut:
    return CommentOut(
        id=comment.id,
        parent_id=comment.parent_id,
        depth=comment.depth,
        state=state,
        author=None,
        html=None,
        created_at=comment.created_at,
        edited_at=None,
        revision=comment.revision,
    )
