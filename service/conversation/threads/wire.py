"""Request and response structs of threads."""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from service.conversation.threads.labels import label, labels
from service.conversation.threads.model import ClosingKind, Thread
from service.conversation.threads.thread_policy import (
    closed_state,
    closing_time,
    if_announced,
    is_closed,
    own_who_may_post,
)
from service.platform.sites.sections import MAX_SECTION, SectionName
from service.platform.sites.site_lookup import Site
from service.platform.sites.site_settings import Mode
from service.platform.sites.who_may_post import WhoMayPost
from service.platform.text.field_types import read_canonical_url, read_line
from service.platform.text.plain_text import clean_line
from service.platform.wire import Body, BodyWithTimes, sent_fields

Title = Annotated[str, Meta(min_length=1, max_length=500)]
Reason = Annotated[str, Meta(min_length=1, max_length=500)]
Url = Annotated[str, Meta(min_length=1, max_length=2000)]
State = Literal["open", "closed"]
Instant = Annotated[datetime, Meta(tz=True)]


class ClosingAt(BodyWithTimes, tag_field="kind", tag="at"):
    """Closes at a given time."""

    at: Instant


class ClosingNever(Body, tag_field="kind", tag="never"):
    """Stays open until it is closed."""


class ClosingAuto(Body, tag_field="kind", tag="auto"):
    """Closes a number of days after the article's ``published_at``, set by the site."""


class ThreadIn(BodyWithTimes):
    """An article to register or update; missing members keep their values."""

    title: Title | UnsetType = UNSET
    url: Url | None | UnsetType = UNSET
    section: Annotated[str, Meta(min_length=1, max_length=MAX_SECTION)] | None | UnsetType = UNSET
    published_at: Instant | None | UnsetType = UNSET
    updated_at: Instant | None | UnsetType = UNSET
    closing: ClosingAt | ClosingNever | ClosingAuto | UnsetType = UNSET
    mode: Mode | None | UnsetType = UNSET
    who_may_post: WhoMayPost | None | UnsetType = UNSET
    comments_on: bool | UnsetType = UNSET


class CloseIn(BodyWithTimes):
    """The closing time (default: now), and the reason."""

    at: Instant | None = None
    reason: Reason | None = None


class ReopenIn(BodyWithTimes):
    """How long to reopen (default: for good)."""

    at: Instant | None = None


class ModeIn(Body):
    """The mode of a thread; null: the site's mode. The reason is for the decision log."""

    mode: Mode | None
    reason: Reason | None = None


class SectionQuery(BodyWithTimes):
    """The base of requests with a filter by section, whose name is cleaned as that of an article's section."""

    section: SectionName | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self.section = None if self.section is None else clean_line(self.section)


class ThreadsQuery(SectionQuery):
    """Query of a page of threads."""

    state: State | None = None
    changed_since: Instant | None = None
    sort: Literal["replies", "activity"] | None = None
    since: Instant | None = None
    limit: Annotated[int, Meta(ge=1, le=200)] = 50
    cursor: str | None = None


class ThreadByUrlQuery(Body):
    """The URL of the article whose thread to get."""

    url: Url


class CountsIn(Body):
    """The ids and URLs of the articles to count, together at most 200."""

    articles: Annotated[list[Annotated[str, Meta(min_length=1, max_length=500)]], Meta(max_length=200)] = msgspec.field(
        default_factory=list
    )
    urls: Annotated[list[Url], Meta(max_length=200)] = msgspec.field(default_factory=list)


class Closing(msgspec.Struct):
    """How a thread closes; ``at`` is the closing time, if known."""

    kind: ClosingKind
    at: datetime | None


class ThreadOut(msgspec.Struct):
    """A thread with its label, heading and notice."""

    article: str
    title: str
    url: str | None
    section: str | None
    state: State
    closing: Closing
    closes_at: datetime | None
    closed_at: datetime | None
    closed_by_site: bool
    close_reason: str | None
    published_at: datetime | None
    updated_at: datetime | None
    withdrawn_at: datetime | None
    comments_on: bool
    mode: Mode | None
    who_may_post: WhoMayPost | None
    reply_count: int
    label: str
    heading: str
    notice: str | None
    sequence: int

    @property
    def timed_state(self) -> tuple[datetime | str | None, ...]:
        """What changes with time, without a write; for entity tags."""
        return self.closed_at, self.close_reason, self.closes_at


class Count(msgspec.Struct):
    """The count and label of an article."""

    article: str
    reply_count: int
    label: str
    state: State | None


class UrlCount(msgspec.Struct):
    """The count and label of the article with a URL; ``url`` is as requested, and ``article`` null if it has none."""

    url: str
    article: str | None
    reply_count: int
    label: str
    state: State | None


class Counts(msgspec.Struct):
    """The counts of articles, in the order requested; ``urls`` has those requested by URL, if there are any."""

    counts: list[Count]
    urls: list[UrlCount] | UnsetType = UNSET


class ThreadsPage(msgspec.Struct):
    """A page of threads, and the cursor of the next page."""

    threads: list[ThreadOut]
    next: str | None


def thread_out(thread: Thread, site: Site, *, locale: str, now: datetime) -> ThreadOut:
    """Return ``thread`` as of ``now``, with its lines in ``locale``."""
    closing, closed = closing_time(thread, site), closed_state(thread, site, now)
    announced = if_announced(closing, now) if thread.comments_on and closed is None else None
    lines = labels(
        locale=locale,
        count=thread.reply_count,
        title=thread.title,
        closed=closed is not None,
        comments_on=thread.comments_on,
        closes_at=announced,
        time_zone=site.settings.time_zone,
    )
    return ThreadOut(
        article=thread.article,
        title=thread.title,
        url=thread.url,
        section=thread.section,
        state="closed" if closed else "open",
        closing=Closing(thread.closing_kind, closing),
        closes_at=announced,
        closed_at=closed.since if closed else None,
        closed_by_site=closed is not None and closed.by_site,
        close_reason=closed.reason if closed else None,
        published_at=thread.published_at,
        updated_at=thread.updated_at,
        withdrawn_at=thread.withdrawn_at,
        comments_on=thread.comments_on,
        mode=thread.mode,
        who_may_post=own_who_may_post(thread),
        reply_count=thread.reply_count,
        label=lines.label,
        heading=lines.heading,
        notice=lines.notice,
        sequence=thread.sequence,
    )


def count_out(article: str, thread: Thread | None, site: Site, *, locale: str, now: datetime) -> Count:
    """Return the count of ``article``; zero and no state if it has no thread."""
    if thread is None:
        return Count(article, 0, label(locale=locale, count=0), None)
    state: State = "closed" if is_closed(thread, site, now) else "open"
    return Count(article, thread.reply_count, label(locale=locale, count=thread.reply_count), state)


def changes_of(body: ThreadIn, *, below: str = "") -> dict[str, Any]:
    """Return the thread columns that ``body`` sets; ``below`` is the JSON pointer of ``body`` in the request."""
    changes = sent_fields(body)
    if "title" in changes:
        changes["title"] = read_line(changes["title"], pointer=f"{below}/title", max_length=500)
    if changes.get("section") is not None:
        changes["section"] = read_line(changes["section"], pointer=f"{below}/section", max_length=MAX_SECTION)
    if changes.get("url") is not None:
        changes["url"] = read_canonical_url(changes["url"], pointer=f"{below}/url")
    if changes.get("who_may_post") is not None:
        changes["who_may_post"] = msgspec.json.encode(changes["who_may_post"]).decode()
    closing = changes.pop("closing", None)
    if closing is not None:
        changes["closing_kind"] = closing.__struct_config__.tag
        changes["closing_at"] = getattr(closing, "at", None)
    return changes
