"""The problems that refuse a post. Each returns the typed text, so the reader loses nothing.

Refused 409
├── ThreadClosed        thread-closed
├── CommentsOff         comments-off
├── SignInRequired 403  sign-in-required
├── NotAllowedToPost 403 not-allowed-to-post
├── NotPublishedYet     not-published-yet
├── ParentUnavailable   parent-unavailable
├── NotAccepted 422     not-accepted
├── KeyReused 422       idempotency-key-reused
└── Unstorable 422      unstorable
RateLimited 429         rate-limited
"""

from datetime import datetime
from typing import Any, ClassVar

from service.conversation.comments.staff import STAFF
from service.conversation.comments.submission import Draft
from service.conversation.screening.findings import Finding
from service.conversation.threads.labels import labels
from service.conversation.threads.model import Thread
from service.conversation.threads.thread_lookup import no_thread
from service.conversation.threads.thread_policy import closed_state, posting_refusal
from service.platform.access.rate_limits import RateLimited
from service.platform.problems import Detail, Problem, TextByLanguage, Translated
from service.platform.sites.site_lookup import Site


def over_limit(draft: Draft) -> RateLimited:
    """Return the problem of a draft over a rate limit."""
    assert draft.limits.exceeded
    return RateLimited(draft.limits.exceeded, draft=draft.typed_fields())


class Refused(Problem):
    """A post that was not accepted: 409 or 422, with the typed text as ``draft``."""

    status: ClassVar[int] = 409

    def __init__(self, draft: Draft, detail: Detail | None = None, **members: Any) -> None:
        super().__init__(detail, draft=draft.typed_fields(), **members)


class ThreadClosed(Refused):
    """The thread is closed to comments; ``notice`` says so in the reader's language."""

    slug = "thread-closed"


class CommentsOff(Refused):
    """The host has turned comments off for this article."""

    slug = "comments-off"


class SignInRequired(Refused):
    """Only signed-in readers may post here; ``sign_in_url`` is the host's page for that, as the site has set it."""

    status, slug = 403, "sign-in-required"


class NotAllowedToPost(Refused):
    """The reader is signed in, but their host token lacks the claim that posting here needs."""

    status, slug = 403, "not-allowed-to-post"


class NotPublishedYet(Refused):
    """The article is not published yet, so no reader can have seen it."""

    slug = "not-published-yet"


class NotAccepted(Refused):
    """A rule of the site rejects the text; ``rule`` names it, so the author can rephrase."""

    status, slug = 422, "not-accepted"

    def __init__(self, draft: Draft, finding: Finding, *, explain: bool) -> None:
        super().__init__(draft, explain_rejection(finding) if explain else None, rule=finding.rule)


def explain_rejection(finding: Finding) -> Detail:
    """Return why a rule rejects the text: in the words of the screening webhook, or in ours."""
    return TextByLanguage(finding.messages) if finding.messages else Translated(finding.rule.value, table="author")


class ParentUnavailable(Refused):
    """The parent comment does not exist or is not published."""

    slug = "parent-unavailable"


class KeyReused(Refused):
    """The idempotency key was already used for a different post."""

    status, slug = 422, "idempotency-key-reused"


class Unstorable(Refused):
    """The database refused this post on its own."""

    status, slug = 422, "unstorable"


def refuse_unless_open(draft: Draft, thread: Thread, site: Site, now: datetime) -> None:
    """Refuse ``draft`` if its thread takes no posts now, or none by this author; raises Refused or NotFound."""
    if thread.withdrawn_at is not None:
        raise no_thread(draft=draft.typed_fields())
    if thread.is_embargoed(now):
        raise NotPublishedYet(draft)
    if closed := closed_state(thread, site, now):
        lines = labels(locale=draft.locale, count=thread.reply_count, title=thread.title, closed=True)
        raise ThreadClosed(draft, notice=lines.notice, close_reason=closed.reason)
    if not thread.comments_on:
        raise CommentsOff(draft)
    refusal = None if draft.from_host or draft.author.role in STAFF else posting_refusal(thread, site, draft.claims)
    if refusal == "sign-in-required":
        raise SignInRequired(draft, sign_in_url=site.settings.sign_in_url)
    if refusal:
        raise NotAllowedToPost(draft)
