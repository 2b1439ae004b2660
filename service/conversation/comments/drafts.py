"""A draft: a reader's post before it is accepted; and the outcomes it can have."""

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
from service.platform.problems import Problem, Translated
from service.platform.sites.site_lookup import Site

LONG_KEY = 16


class Draft(msgspec.Struct, kw_only=True):
    """A post that is not decided yet: cleaned and rendered, with nothing looked up in the database.

    ``locale`` is the language of the response. ``from_host`` is whether an API key sent it for a reader. ``is_known``
    is whether a token proves the reader's id. ``marks`` are all fingerprints to check for bans; ``address_mark`` is
    that of the address. ``told`` holds the form's data and Akismet's answer, ``model`` the site's spam model.
    ``limited`` is the problem that refuses the draft unless it was accepted before.
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
        """Hash what identifies the post: its author, its text and its parent.

        A guest is identified by the name and e-mail they give. A reader signed in by the host stays the same if their
        name changes.
        """
        guest = self.author_role == "guest"
        author = [self.author_name, self.author_email] if guest else [str(self.reader_id)]
        said = [*author, self.author_url, self.body, str(self.parent_id)]
        return blake2b(msgspec.json.encode(said), digest_size=16).digest()

    def given_back(self) -> dict[str, Any]:
        """Return the typed text for the problem that refuses it, so the reader loses nothing."""
        author = {"name": self.author_name, "email": self.author_email, "url": self.author_url}
        return {"body": self.body, "author": author, "parent_id": self.parent_id}


class Accepted(msgspec.Struct):
    """A post that was accepted, now or when it was first sent; ``status`` is the same each time.

    ``tells_token`` is whether the response may contain the author token. ``findings`` are those made now.
    """

    comment: Comment
    thread: ThreadOut
    status: int
    tells_token: bool
    findings: Sequence[Finding] = ()


class Refused(Problem):
    """A post that was not accepted: 409 or 422, with the typed text as ``draft``."""

    status: ClassVar[int] = 409

    def __init__(self, draft: Draft, detail: str | Translated | None = None, **members: Any) -> None:
        super().__init__(detail, draft=draft.given_back(), **members)


class ThreadClosed(Refused):
    """The thread is closed to comments; ``notice`` says so in the reader's language."""

    slug = "thread-closed"


class CommentsOff(Refused):
    """The host has turned comments off for this article."""

    slug = "comments-off"


class NotPublishedYet(Refused):
    """The article is not published yet, so no reader can have seen it."""

    slug = "not-published-yet"


class NotAccepted(Refused):
    """A rule of the site rejects the text; ``rule`` names it, so the author can rephrase."""

    status, slug = 422, "not-accepted"

    def __init__(self, draft: Draft, rule: Rule, *, tells: bool) -> None:
        super().__init__(draft, Translated(rule.value, table="author") if tells else None, rule=rule)


class ParentUnavailable(Refused):
    """The parent comment does not exist or is not published."""

    slug = "parent-unavailable"


class KeyReused(Refused):
    """The idempotency key was already used for a different post."""

    status, slug = 422, "idempotency-key-reused"


class Unstorable(Refused):
    """The database refused this post on its own."""

    status, slug = 422, "unstorable"
