"""WordPress' export format, WXR 1.0 to 1.2, as data: where its elements stand, what its words and dates mean.

WXR is RSS 2.0 with elements of WordPress' own, documented only by its exporter: ``wp-admin/includes/export.php``. The
namespace of its elements holds the version, and has been http and https: an element is known by its name in any.
"""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from service.integrations.imports.archive import Kind, Standing, State
from service.platform.wire import EARLIEST, LATEST

CHANNEL = "/rss/channel"
ITEM = f"{CHANNEL}/item"
COMMENT = f"{ITEM}/wp:comment"
LONGEST_CONTENT = 1_000_000
LONGEST_FIELD = 10_000
LONGEST_KEY = 100  # keys of comments are held in memory for a whole article

_ITEM_FIELDS = "title link pubDate wp:post_id wp:post_date wp:post_date_gmt wp:comment_status wp:status wp:post_type"
_COMMENT_FIELDS = "author author_email author_url date date_gmt approved type"

# Every element that is looked at, with how many characters of it.
LIMITS = {
    f"{CHANNEL}/pubDate": LONGEST_FIELD,
    f"{CHANNEL}/wp:wxr_version": 0,
    ITEM: 0,
    **{f"{ITEM}/{name}": LONGEST_FIELD for name in _ITEM_FIELDS.split()},
    COMMENT: 0,
    **{f"{COMMENT}/wp:comment_{name}": LONGEST_FIELD for name in _COMMENT_FIELDS.split()},
    f"{COMMENT}/wp:comment_id": LONGEST_KEY,
    f"{COMMENT}/wp:comment_parent": LONGEST_KEY,
    f"{COMMENT}/wp:comment_content": LONGEST_CONTENT,
}

STATES: dict[str, State] = {
    "1": "published",
    "0": "pending",
    "spam": "spam",
    "trash": "deleted",
    "post-trashed": "deleted",  # its article was put in the trash, and it along with it
}
# Other types are for nobody's eyes or are nobody's words: order_note, action_log, editors' notes.
KINDS: dict[str, Kind] = {
    "": "comment",
    "comment": "comment",
    "review": "comment",
    "pingback": "pingback",
    "trackback": "trackback",
}
STANDINGS: dict[str, Standing] = {
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
# What WordPress keeps as posts though no reader meets it as a page of its own: a thread only where it has comments.
_UNREAD_TYPES = (
    "attachment nav_menu_item revision custom_css customize_changeset oembed_cache user_request wp_block wp_template "
    "wp_template_part wp_global_styles wp_navigation wp_font_family wp_font_face"
)
NO_ARTICLES = frozenset(_UNREAD_TYPES.split())

_OWN = re.compile(r"https?://(?:www\.)?wordpress\.org/export/[^/]*/?}")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def shorten(name: str) -> str:
    """An element's full name as ``LIMITS`` has it; ``""`` for other people's (``media:title`` is no title)."""
    if "}" not in name:
        return name
    own, count = _OWN.subn("wp:", name.removeprefix("{"), count=1)
    return own if count else ""


def parse_time(text: str) -> datetime | None:
    """``2024-03-01 09:30:00`` in UTC; None for what is no date, as is ``0000-00-00 00:00:00``, WordPress' unknown."""
    try:
        return _known(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        return None


def parse_rss_date(text: str) -> datetime | None:
    """An RFC 822 date in UTC; None for what is none, as is the year -0001 or 1970 that WordPress gives a draft."""
    if "-0001" in text:  # Python would read 30 November 2000
        return None
    try:
        return _known(parsedate_to_datetime(text))
    except (ValueError, OverflowError):
        return None


def _known(at: datetime) -> datetime | None:
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    return at if EARLIEST <= at.year <= LATEST and at != _EPOCH else None
