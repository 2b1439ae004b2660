"""Read a WordPress export (WXR, see ``wxr.py``) as a stream: one thread for each article."""

from collections.abc import Iterator
from datetime import datetime
from typing import BinaryIO

from service.integrations.imports.archive import (
    ArchivedComment,
    ArchivedThread,
    ArchiveUnreadable,
    Issue,
    Issues,
    plain_text,
)
from service.integrations.imports.spool import CommentSpool
from service.integrations.imports.wxr import (
    CATEGORY,
    COMMENT,
    IDS,
    ITEM,
    KINDS,
    LIMITS,
    NON_ARTICLE_TYPES,
    STATES,
    VISIBILITIES,
    category_slug,
    parse_rss_date,
    parse_time,
    short_name,
)
from service.integrations.imports.xml_elements import Element, read_elements


def read_wordpress(source: BinaryIO, *, issues: Issues | None = None) -> Iterator[ArchivedThread]:
    """Yield the threads of ``source`` in file order, including pings and other posts that have comments.

    The file is read on demand, so ``source.tell()`` shows the progress. A thread's comments are readable until the
    next thread is requested. ``issues`` counts the repairs and the articles left out, which belong to no thread. Raises
    :class:`ArchiveUnreadable`, after all complete threads and the complete comments of a thread that is cut off.
    """
    issues = Issues() if issues is None else issues
    is_wxr, line = False, 1
    item = _Item()
    try:
        for element in read_elements(source, LIMITS, short_name, issues):
            line = element.line
            is_wxr = is_wxr or "/wp:" in element.path
            if element.path == ITEM and not is_wxr:
                break
            if element.path == ITEM:
                yield from item.as_thread(line, issues)
                item.close()
                item = _Item(item.exported_at)
            elif element.path.startswith(f"{ITEM}/"):
                item.add_element(element)
            elif element.text:
                item.exported_at = parse_rss_date(element.text)
    except ArchiveUnreadable as error:
        if item.is_usable_if_cut:
            yield from item.as_thread(error.line, issues)
        raise
    finally:
        item.close()
    if not is_wxr:
        raise ArchiveUnreadable("this is an RSS feed, not a WordPress export: it has no wp: elements.", line=line)


class _Item:
    """One ``item`` while it is read: its fields, the current comment's fields, and the earlier comments.

    ``exported_at`` is the date of the whole file.
    """

    def __init__(self, exported_at: datetime | None = None) -> None:
        self.exported_at = exported_at
        self._fields: dict[str, str] = {}
        self._section = ""
        self._comment: dict[str, str] = {}
        self._is_truncated = False
        self._is_damaged = False
        self._is_merged = False  # the tags before the next article were lost: later comments are not of this one
        self._unknown: set[str] = set()  # fields whose value was damaged
        self._comment_count = 0
        self._issues = Issues()
        self._spool = CommentSpool(self._issues)

    def add_element(self, element: Element) -> None:
        """Add an element inside the item, at its end tag."""
        name = element.path.rpartition("/")[2].removeprefix("wp:")
        is_damaged = element.damaged or (name in IDS and ("<" in element.text or ">" in element.text))
        if element.path == COMMENT:
            self._comment_count += 1
            self._is_damaged = self._is_damaged or is_damaged
            self._add_comment(self._comment, self._comment.get("comment_id") or f"#{self._comment_count}", element.line)
            self._comment, self._is_truncated, self._is_damaged = {}, False, False
        elif element.path.startswith(f"{COMMENT}/"):
            # A field that is there twice belongs to the next comment: the tags between them were lost.
            self._is_damaged = self._is_damaged or is_damaged or name in self._comment
            self._comment[name] = element.text if name == "comment_content" else element.text.strip()
            self._is_truncated = self._is_truncated or element.truncated
        elif element.path == CATEGORY:
            self._section = self._section or category_slug(element.attributes)
        elif is_damaged:
            self._unknown.add(name)
        elif name == "post_id" and name in self._fields:
            self._is_merged = True
        else:
            self._fields.setdefault(name, element.text.strip())

    @property
    def is_usable_if_cut(self) -> bool:
        """Whether an item without its end tag has complete comments, and the id and status of its article."""
        return self._comment_count > 0 and self._fields.keys() >= {"post_id", "status"}

    def as_thread(self, line: int, issues: Issues) -> Iterator[ArchivedThread]:
        """Yield the complete item as a thread; nothing if it is not an article or has no id."""
        get = self._fields.get
        if get("post_type") in NON_ARTICLE_TYPES and not self._comment_count:
            return
        article = get("post_id") or get("link")
        if not article or "post_id" in self._unknown:
            issues.record(Issue.NO_ARTICLE, f"line {line}: “{get('title', '')}”, {self._comment_count} comments")
            return
        visibility = None if "status" in self._unknown else VISIBILITIES.get(get("status", ""))
        if visibility is None:
            self._issues.record(Issue.UNKNOWN_STATUS, f"line {line}: {get('status')}")
        self._spool.arrange()
        yield ArchivedThread(
            article=article,
            title=plain_text(get("title", "")),
            raw_title=get("title", ""),
            url=get("link", ""),
            section=self._section,
            published_at=self._published_at(),
            visibility=visibility or "withdrawn",
            closed=get("comment_status") == "closed",
            comments=self._spool,
            issues=self._issues,
        )

    def close(self) -> None:
        """Close the comment spool."""
        self._spool.close()

    def _add_comment(self, fields: dict[str, str], key: str, line: int) -> None:
        """Add the complete comment, or record the reason to skip it."""
        where = f"line {line}: comment {key}"
        parent = fields.get("comment_parent", "")
        parent_key = None if parent in ("", "0") else parent
        own_date = parse_time(fields.get("comment_date_gmt", ""))
        created_at = own_date or self._fallback_date(fields)
        reason = self._reason_to_skip(fields)
        if reason is not None or created_at is None:
            self._issues.record(reason or Issue.NO_DATE, where)
            self._spool.skip(key, parent_key)
            return
        comment = ArchivedComment(
            key=key,
            parent_key=parent_key,
            author_name=plain_text(fields.get("comment_author", "")),
            author_email=fields.get("comment_author_email", ""),
            author_url=fields.get("comment_author_url", ""),
            content=fields.get("comment_content", ""),
            created_at=created_at,
            state=STATES.get(fields.get("comment_approved", ""), "pending"),
            kind=KINDS[fields.get("comment_type", "")],
        )
        if self._spool.add(comment):
            self._record_changes(fields, where, guessed=own_date is None)

    def _reason_to_skip(self, fields: dict[str, str]) -> Issue | None:
        if self._is_damaged or self._is_merged:
            return Issue.DAMAGED
        kind = KINDS.get(fields.get("comment_type", ""))
        if kind is None:
            return Issue.UNKNOWN_KIND
        if self._is_truncated:
            return Issue.TOO_LONG
        is_empty = not fields.get("comment_content", "").strip()
        return Issue.EMPTY_CONTENT if kind == "comment" and is_empty else None

    def _record_changes(self, fields: dict[str, str], where: str, *, guessed: bool) -> None:
        approved = fields.get("comment_approved", "")
        if not fields.get("comment_id"):
            self._issues.record(Issue.NO_KEY, where)
        if guessed:
            self._issues.record(Issue.GUESSED_DATE, where)
        if not approved:
            self._issues.record(Issue.EMPTY_STATE, where)
        elif approved not in STATES:
            self._issues.record(Issue.UNKNOWN_STATE, f"{where}: {approved}")

    def _fallback_date(self, fields: dict[str, str]) -> datetime | None:
        """Return a fallback date: the local one (zone unknown), the article's, or the export's."""
        local = parse_time(fields.get("comment_date", ""))
        return local or self._published_at() or parse_time(self._fields.get("post_date", "")) or self.exported_at

    def _published_at(self) -> datetime | None:
        """Return the article's publication date; None for a draft without one."""
        get = self._fields.get
        at = parse_time(get("post_date_gmt", "")) or parse_rss_date(get("pubDate", ""))
        if at is None and VISIBILITIES.get(get("status", "")) == "published":
            return parse_time(get("post_date", ""))
        return at
