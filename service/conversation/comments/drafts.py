"""What a reader wants to post, as it travels from the edge to the thread; and what can come of it."""

from collections.abc import Sequence
from hashlib import blake2b
from typing import Any, ClassVar
from uuid import UUID

import msgspec

from service.conversation.comments.model import AuthorRole, Comment
from service.conversation.screening.findings import Finding, Rule
from service.conversation.screening.outside_rules import OutsideAnswers
from service.conversation.screening.rule_set import DraftText as SaidIn
from service.conversation.screening.spam_model import SpamModel
from service.conversation.threads.wire import ThreadOut
from service.platform.problems import Problem, Said
from service.platform.sites.site_lookup import Site

LONG_KEY = 16


class Draft(msgspec.Struct, kw_only=True):
    """A post that has not been judged yet: cleaned, rendered, and nothing looked up in the database.

    ``locale`` is that of the answer; ``from_host`` is whether a key sent it for a reader; ``is_known`` is whether a
    token proves the reader's id; ``marks`` are all by which they could be banned, ``address_mark`` that of where the
    post came from; ``told`` is what its form and Akismet tell of it, ``model`` what the site's classifier has learned;
    ``limited`` is what refuses it unless it was accepted before.
    """

    site: Site
    article: str
    locale: str
    from_host: bool
    reader_id: UUID
    is_known: bool
    marks: list[int]
    address_mark: int | None
    author_name: str
    author_email: str | None
    author_url: str | None
    author_role: AuthorRole = "guest"
    author_avatar: str | None = None
    body: str
    html: str
    said: SaidIn
    parent_id: UUID | None
    key: str | None
    told: OutsideAnswers = OutsideAnswers()
    model: SpamModel | None = None
    limited: Problem | None = None

    def fingerprint(self) -> bytes:
        """What makes it the same post: its author, its words, and what it answers.

        A guest is who they say they are; a reader whom the host signed in stays the same when their name changes.
        """
        guest = self.author_role == "guest"
        author = [self.author_name, self.author_email] if guest else [str(self.reader_id)]
        said = [*author, self.author_url, self.body, str(self.parent_id)]
        return blake2b(msgspec.json.encode(said), digest_size=16).digest()

    def given_back(self) -> dict[str, Any]:
        """What was typed, for the problem that refuses it: nothing a reader wrote is lost."""
        author = {"name": self.author_name, "email": self.author_email, "url": self.author_url}
        return {"body": self.body, "author": author, "parent_id": self.parent_id}


class Accepted(msgspec.Struct):
    """A post that was accepted, now or when it was first sent; ``status`` is the same each time.

    ``tells_token`` is whether the author's token may be told to whoever sent it; ``findings`` are what was found in
    it now.
    """

    comment: Comment
    thread: ThreadOut
    status: int
    tells_token: bool
    findings: Sequence[Finding] = ()


class Refused(Problem):
    """A post that was not accepted: 409 or 422, with what was typed as ``draft``."""

    status: ClassVar[int] = 409

    def __init__(self, draft: Draft, detail: str | Said | None = None, **members: Any) -> None:
        super().__init__(detail, draft=draft.given_back(), **members)


class ThreadClosed(Refused):
    """The thread takes no more comments; ``notice`` says so in the reader's language."""

    slug = "thread-closed"


class CommentsOff(Refused):
    """The host has turned comments off for this article."""

    slug = "comments-off"


class NotPublishedYet(Refused):
    """The article is not published yet, so nobody can have read what they answer."""

    slug = "not-published-yet"


class NotAccepted(Refused):
    """A rule of the site refuses what was written; ``rule`` says which, so that its author can say it otherwise."""

    status, slug = 422, "not-accepted"

    def __init__(self, draft: Draft, rule: Rule, *, tells: bool) -> None:
        super().__init__(draft, Said(rule.value, table="author") if tells else None, rule=rule)


class ParentUnavailable(Refused):
    """The comment to be answered is not there, or not published."""

    slug = "parent-unavailable"


class KeyReused(Refused):
    """The idempotency key stands for another post already."""

    status, slug = 422, "idempotency-key-reused"


class Unstorable(Refused):
    """The database would not take this post, alone."""

    status, slug = 422, "unstorable"
