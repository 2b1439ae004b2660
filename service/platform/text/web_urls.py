"""Check URLs, and give each URL, host and origin one canonical form, in which it is stored and compared.

*Why.* A host has many spellings: capitals, percent-encoding, full-width dots, Unicode or punycode, a default port, a
final dot. Code that compares spellings lets a banned domain through and misses an article's thread. The canonical form
is that of browsers: the URL Standard (https://url.spec.whatwg.org), with IDNA (UTS #46), as ada-url implements it.
"""

import re
from unicodedata import normalize
from urllib.parse import quote, unquote_to_bytes, urlsplit

import ada_url

MAX_LENGTH = 2_000

_ORIGIN_PART = re.compile(r"https?://[^/?#]*", re.IGNORECASE)
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
# An origin in any spelling: nothing that begins a user name, a path, a query or a fragment, and nothing that the URL
# Standard would drop (white space and control characters).
_ANY_ORIGIN = re.compile(r"https?://[^\x00-\x20\x7f/?#@\\\s]+/?", re.IGNORECASE)
_NOT_A_DOMAIN = re.compile(r"[\x00-\x20\x7f/?#@:\\\[\]\s]")
_DOMAIN = re.compile(r"(?=.{1,253}$)[a-z\d_-]+(?:\.[a-z\d_-]+)*", re.ASCII)
_PLAIN_DOMAIN = re.compile(r"(?=[a-z\d.]{1,253}$)(?:[a-z\d]+\.)*[a-z]{2,}", re.ASCII)  # no “xn--”, no number at the end
_ROUTE = ("#!", "#/")  # fragments that name a page of a single-page app
_PERCENT_ENCODED = re.compile(r"%([\da-fA-F]{2})")
_ENCODED_LETTERS = re.compile(r"(?:%[89A-F][\dA-F])+")
_UNRESERVED = re.compile(r"[A-Za-z\d._~-]")
_UNENCODED = re.compile(r"[^!#$%&'()*+,\-./\d:;=?@A-Z_a-z~]", re.ASCII)  # what RFC 3986 requires to be encoded


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
    if host is None or "@" in parts.netloc or _parsed(text) is None:
        return False
    if parts.netloc.startswith("["):
        return _IPV6.fullmatch(parts.netloc) is not None
    return _HOST.fullmatch(normalize("NFKC", host)) is not None


def is_base_url(text: str) -> bool:
    """Whether ``text`` is a web origin, or one with a path of plain segments that does not end in ``/``."""
    return is_web_url(text) and _BASE_URL.fullmatch(text) is not None and not {".", ".."} & set(text.split("/"))


def is_origin(text: str) -> bool:
    """Whether ``text`` is a web origin and nothing more: scheme, host and optional port."""
    return _ORIGIN.fullmatch(text) is not None and canonical_origin(text) is not None


def canonical_url(text: str) -> str | None:
    """The canonical form of an ``http`` or ``https`` URL; equivalent URLs have the same. None for any other text.

    Beyond the URL Standard, percent-encoding is normalised (RFC 3986, section 6.2.2), and letters of any script after
    the host are not encoded (RFC 3987, section 3.2), so the form is as short as people write it. The host's final dot
    is dropped. So is the fragment, which names a place in the page, unless it is the route of a single-page app (``#!``
    or ``#/``). None also if the form has more than 2,000 bytes. Never raises.
    """
    url = _parsed(text)
    if url is None or url.username or url.password:
        return None
    if not url.hash.startswith(_ROUTE):
        url.hash = ""
    rest = _PERCENT_ENCODED.sub(_normalised, f"{url.pathname}{url.search}{url.hash}")
    rest = _UNENCODED.sub(lambda character: f"%{ord(character[0]):02X}", rest)
    canonical = f"{_origin_of(url)}{_ENCODED_LETTERS.sub(_decoded, rest)}"
    return canonical if len(canonical.encode()) <= MAX_LENGTH else None


def with_canonical_origin(text: str) -> str | None:
    """Return the web URL ``text`` with the canonical form of its scheme, host and port; None for any other text.

    The rest stays as typed: a server may distinguish URLs that have the same :func:`canonical_url`. Never raises.
    """
    url = _parsed(text) if is_web_url(text) else None
    result = f"{_origin_of(url)}{_ORIGIN_PART.sub('', text, count=1)}" if url else None
    return result if result is None or len(result.encode()) <= MAX_LENGTH else None


def canonical_origin(text: str) -> str | None:
    """The canonical form of a web origin, as browsers send it (RFC 6454); None for any other text. Never raises.

    A slash at the end is dropped, and so is the host's final dot.
    """
    url = _parsed(text) if _ANY_ORIGIN.fullmatch(text) else None
    return _origin_of(url) if url else None


def canonical_host(text: str) -> str | None:
    """The canonical form of a domain or IPv4 address: lower case, punycode, no final dot; None for any other text."""
    if _PLAIN_DOMAIN.fullmatch(text):  # most are: a list of 1,000 must not hold the loop
        return text
    host = None if _NOT_A_DOMAIN.search(text) else host_of(f"http://{text}")
    return host if host and _DOMAIN.fullmatch(host) else None


def host_of(url: str) -> str | None:
    """The canonical host of an ``http`` or ``https`` URL; None if ``url`` is not one. Never raises."""
    parsed = _parsed(url)
    return parsed.hostname.removesuffix(".") if parsed else None


def _parsed(text: str) -> ada_url.URL | None:
    try:
        url = ada_url.URL(text)
    except (ValueError, UnicodeError):
        return None
    # No label is empty but the last, the root of the DNS; without it the host must still be one.
    host = url.hostname
    has_host = not host.startswith(".") and ".." not in host
    return url if url.protocol in {"http:", "https:"} and has_host else None


def _origin_of(url: ada_url.URL) -> str:
    port = f":{url.port}" if url.port else ""
    return f"{url.protocol}//{url.hostname.removesuffix('.')}{port}"


def _normalised(encoded: re.Match[str]) -> str:
    """Decode an unreserved character; write any other with capital digits."""
    character = chr(int(encoded[1], 16))
    return character if _UNRESERVED.fullmatch(character) else encoded[0].upper()


def _decoded(encoded: re.Match[str]) -> str:
    """Decode the characters that may be in a link as they are; the others, and bytes that are not UTF-8, stay."""
    text = unquote_to_bytes(encoded[0]).decode(errors="surrogateescape")
    return "".join(
        quote(each, errors="surrogateescape") if _FORBIDDEN.match(each) or not each.isprintable() else each
        for each in text
    )
