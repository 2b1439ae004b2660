"""WordPress' export format, WXR 1.0 to 1.2, as data: its elements, values and dates.

WXR is RSS 2.0 with WordPress' own elements. Its only documentation is the exporter:
``wp-admin/includes/export.php``. The namespace contains the version and has used both http and https, so elements
match under any of them.
"""

import html
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import unquote

from service.integrations.imports.archive import Kind, State, Visibility
from service.platform.wire import MAX_YEAR, MIN_YEAR

CHANNEL = "/rss/channel"
ITEM = f"{CHANNEL}/item"
COMMENT = f"{ITEM}/wp:comment"
MAX_CONTENT = 1_000_000
MAX_FIELD = 10_000
CATEGORY = f"{ITEM}/category"
MAX_KEY = 100  # an article's comment keys are all held in memory

_ITEM_FIELDS = "title link pubDate wp:post_id wp:post_date wp:post_date_gmt wp:comment_status wp:status wp:post_type"
_COMMENT_FIELDS = "author author_email author_url date date_gmt approved type"

# Every element that is read, with the maximum number of characters kept.
LIMITS = {
    f"{CHANNEL}/pubDate": MAX_FIELD,
    f"{CHANNEL}/wp:wxr_version": 0,
    ITEM: 0,
    **{f"{ITEM}/{name}": MAX_FIELD for name in _ITEM_FIELDS.split()},
    CATEGORY: MAX_FIELD,
    COMMENT: 0,
    **{f"{COMMENT}/wp:comment_{name}": MAX_FIELD for name in _COMMENT_FIELDS.split()},
    f"{COMMENT}/wp:comment_id": MAX_KEY,
    f"{COMMENT}/wp:comment_parent": MAX_KEY,
    f"{COMMENT}/wp:comment_content": MAX_CONTENT,
}

IDS = frozenset(("post_id", "comment_id", "comment_parent"))  # without markup: a rest of a tag means damage
STATES: dict[str, State] = {
    "1": "published",
    "0": "pending",
    "spam": "spam",
    "trash": "deleted",
    "post-trashed": "deleted",  # trashed together with its article
}
# Other types are internal or automatic: order_note, action_log, editors' notes.
KINDS: dict[str, Kind] = {
    "": "comment",
    "comment": "comment",
    "review": "comment",
    "pingback": "pingback",
    "trackback": "trackback",
}
VISIBILITIES: dict[str, Visibility] = {
    "": "published",
    "publish": "published",
    "inherit": "published",
    "draft": "unpublished",
    "pending": "unpublished",
    "future": "unpublished",
    "auto-draft": "unpublished",
    "private": "withdrawn",
    "trash": "withdrawn",
}
# Post types that have no page of their own for readers; they become threads only if they have comments.
_TYPES_WITHOUT_PAGES = (
    "attachment nav_menu_item revision custom_css customize_changeset oembed_cache user_request wp_block wp_template "
    "wp_template_part wp_global_styles wp_navigation wp_font_family wp_font_face"
)
NON_ARTICLE_TYPES = frozenset(_TYPES_WITHOUT_PAGES.split())

_NAMESPACE = re.compile(r"https?://(?:www\.)?wordpress\.org/export/[^/]*/?}")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def short_name(name: str) -> str:
    """Return an element's name as in ``LIMITS``; ``""`` for a foreign namespace (``media:title``)."""
    if "}" not in name:
        return name
    short, count = _NAMESPACE.subn("wp:", name.removeprefix("{"), count=1)
    return short if count else ""


def category_slug(attributes: str) -> str:
    """Return the slug of a category, whose letters beyond ASCII are percent-encoded; ``""`` for a tag of a post."""
    is_category = re.search(r"""(?:^|\s)domain\s*=\s*["']category["']""", attributes)
    slug = re.search(r"""(?:^|\s)nicename\s*=\s*["']([^"'<>]{1,1000})["']""", attributes)
    return unquote(html.unescape(slug[1])) if is_category and slug else ""


def parse_time(text: str) -> datetime | None:
    """Parse ``2024-03-01 09:30:00`` as UTC; None if invalid or ``0000-00-00 00:00:00`` (unknown)."""
    try:
        return _utc_or_none(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        return None


def parse_rss_date(text: str) -> datetime | None:
    """Parse an RFC 822 date as UTC; None if invalid or a draft's placeholder (year -0001 or 1970)."""
    if "-0001" in text:  # Python would read 30 November 2000
        return None
    try:
        return _utc_or_none(parsedate_to_datetime(text))
    except (ValueError, OverflowError):
        return None


def _utc_or_none(at: datetime) -> datetime | None:
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    return at if MIN_YEAR <= at.year <= MAX_YEAR and at != _EPOCH else None
