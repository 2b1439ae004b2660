"""Check whether a URL may become a link."""

import re
from unicodedata import normalize
from urllib.parse import urlsplit

MAX_LENGTH = 2_000

# Browsers accept two slashes too few or too many and then see another host than urlsplit.
_SCHEME = re.compile(r"https?://[^/?#]", re.IGNORECASE)
_FORBIDDEN = re.compile(
    r"[\s\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ud800-\udfff\\<>\"]"
)
# urlsplit has parsed the address; this requires it alone in brackets, without a zone, and only a port after them.
_IPV6 = re.compile(r"\[[\da-f:.]+\](?::\d*)?", re.IGNORECASE | re.ASCII)
# Labels between single dots. ASCII: only letters, digits, hyphen and underscore, since a host is not percent-encoded.
_LABEL = r"[^\x00-,./:-@[-^`{-\x7f]+"
_HOST = re.compile(rf"{_LABEL}(?:\.{_LABEL})*\.?")
_ORIGIN = re.compile(r"https?://(?:[a-z\d._-]{1,253}|\[[a-f\d:.]{2,45}\])(?::\d{1,5})?", re.IGNORECASE | re.ASCII)
# Segments of unreserved characters (RFC 3986, section 2.3): they are the same in every spelling of a URL.
_BASE_URL = re.compile(rf"{_ORIGIN.pattern}(?:/[a-z\d._~-]+)*", _ORIGIN.flags)


def is_web_url(text: str) -> bool:
    """Whether ``text`` is an absolute ``http`` or ``https`` URL whose host every browser reads as we do.

    It has at most 2,000 bytes of UTF-8, the limit of an index, and no user name or password, white space, control or
    invisible characters, quotes, angle brackets or backslashes. Letters of any script are allowed (RFC 3987). Never
    raises.
    """
    if len(text.encode(errors="surrogatepass")) > MAX_LENGTH or not _SCHEME.match(text) or _FORBIDDEN.search(text):
        return False
    try:
        parts = urlsplit(text)
        host, _port = parts.hostname, parts.port
    except ValueError:
        # An invalid port, an invalid IPv6 address, or a host that NFKC would turn into another URL.
        return False
    if host is None or "@" in parts.netloc:
        return False
    if parts.netloc.startswith("["):
        return _IPV6.fullmatch(parts.netloc) is not None
    return _HOST.fullmatch(normalize("NFKC", host)) is not None


def is_base_url(text: str) -> bool:
    """Whether ``text`` is a web origin, or one with a path of plain segments that does not end in ``/``."""
    return is_web_url(text) and _BASE_URL.fullmatch(text) is not None and not {".", ".."} & set(text.split("/"))


def is_origin(text: str) -> bool:
    """Whether ``text`` is a web origin and nothing more: scheme, host and optional port."""
    return _ORIGIN.fullmatch(text) is not None
