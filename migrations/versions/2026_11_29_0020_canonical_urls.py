"""Stored URLs, domains and origins get their canonical form (URL Standard, RFC 3986), in which they are compared now.

Why: a lookup by URL, a rule or an origin missed other spellings of the same host.
Locks: rows of `threads` and `url_aliases` whose URL changes, of `rules` and `sites`; in one transaction. Two former
URLs that become the same find the newer thread. A downgrade undoes nothing.
The release before lives with it because: it stores any spelling; it finds a thread by the canonical form only.
"""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote, unquote_to_bytes

import ada_url
import sqlalchemy as sa
from alembic import op

revision = "2026_11_29_0020"
down_revision = "2026_11_29_0019"
branch_labels = None
depends_on = None

BATCH = 1000
THREADS = sa.table("threads", sa.column("id"), sa.column("url"))
ALIASES = sa.table("url_aliases", sa.column("site_id"), sa.column("url"), sa.column("thread_id"))
RULES = sa.table("rules", sa.column("site_id"), sa.column("rules", sa.Text))
SITES = sa.table("sites", sa.column("id"), sa.column("settings", sa.Text))
_ENCODED = re.compile(r"%([\da-fA-F]{2})")
_ENCODED_LETTERS = re.compile(r"(?:%[89A-F][\dA-F])+")
_FORBIDDEN = re.compile(
    r"[\s\x7f-\x9f\xad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ud800-\udfff]"
)
_UNRESERVED = re.compile(r"[A-Za-z\d._~-]")
_UNENCODED = re.compile(r"[^!#$%&'()*+,\-./\d:;=?@A-Z_a-z~]", re.ASCII)


def upgrade() -> None:
    """Write the canonical forms."""
    connection = op.get_bind()
    for rows in _batches(connection, sa.select(THREADS.c.id, THREADS.c.url), THREADS.c.id):
        for thread_id, url in rows:
            if url and (canonical := canonical_url(url)) != url:
                connection.execute(THREADS.update().where(THREADS.c.id == thread_id).values(url=canonical))
    _rewrite_aliases(connection)
    _rewrite(connection, RULES, RULES.c.site_id, RULES.c.rules, _with_canonical_domains)
    _rewrite(connection, SITES, SITES.c.id, SITES.c.settings, _with_canonical_origins)


def downgrade() -> None:
    """Keep the canonical forms, which are valid spellings; the original ones are gone."""


def _batches(connection: sa.Connection, statement: sa.Select[Any], key: sa.ColumnClause[Any]) -> Iterator[list[Any]]:
    """The rows of ``statement`` in batches, by ``key``, its first column, an integer above zero."""
    last = 0
    while rows := list(connection.execute(statement.where(key > last).order_by(key).limit(BATCH)).all()):
        yield rows
        last = rows[-1][0]


def _rewrite_aliases(connection: sa.Connection) -> None:
    """Write the canonical forms of former URLs; where two are the same, the newer thread is found."""
    for site_id, url, thread_id in connection.execute(sa.select(*ALIASES.c)).all():
        canonical = canonical_url(url)
        if canonical == url:
            continue
        at_site = ALIASES.c.site_id == site_id
        connection.execute(ALIASES.delete().where(at_site, ALIASES.c.url == url))
        same = (at_site, ALIASES.c.url == canonical)
        known = connection.scalar(sa.select(ALIASES.c.thread_id).where(*same))
        if known is None:
            values = {"site_id": site_id, "url": canonical, "thread_id": thread_id}
            connection.execute(ALIASES.insert().values(values))
        elif known < thread_id:
            connection.execute(ALIASES.update().where(*same).values(thread_id=thread_id))


def _rewrite(
    connection: sa.Connection,
    table: sa.TableClause,
    key: sa.ColumnClause[Any],
    column: sa.ColumnClause[str],
    change: Callable[[dict[str, Any]], None],
) -> None:
    for row_key, stored in connection.execute(sa.select(key, column)).all():
        members = json.loads(stored)
        change(members)
        rewritten = json.dumps(members, ensure_ascii=False, separators=(",", ":"))
        if json.loads(stored) != members:
            connection.execute(table.update().where(key == row_key).values({column.name: rewritten}))


def _with_canonical_domains(rules: dict[str, Any]) -> None:
    for name in ("allowed_link_domains", "reject_link_domains"):
        if name in rules:
            hosts = [(_parsed(f"http://{domain}"), domain) for domain in rules[name]]
            rules[name] = list(
                dict.fromkeys(url.hostname.removesuffix(".") if url else domain for url, domain in hosts)
            )


def _with_canonical_origins(settings: dict[str, Any]) -> None:
    """Text that is no origin is dropped: no browser sends it."""
    origins = settings.get("cors_origins")
    if origins and origins != "*":
        found = [_origin_of(url) for origin in origins.split() if (url := _parsed(origin))]
        settings["cors_origins"] = " ".join(dict.fromkeys(found)) or None


def canonical_url(url: str) -> str:
    """The canonical form of ``url``, as when this migration was written; ``url`` itself if that is too long."""
    parsed = _parsed(url)
    if parsed is None:
        return url
    if not parsed.hash.startswith(("#!", "#/")):
        parsed.hash = ""
    rest = _ENCODED.sub(_normalised, f"{parsed.pathname}{parsed.search}{parsed.hash}")
    rest = _UNENCODED.sub(lambda character: f"%{ord(character[0]):02X}", rest)
    canonical = f"{_origin_of(parsed)}{_ENCODED_LETTERS.sub(_decoded, rest)}"
    return canonical if len(canonical.encode()) <= 2000 else url


def _parsed(text: str) -> ada_url.URL | None:
    try:
        url = ada_url.URL(text)
    except ValueError:
        return None
    return None if url.hostname.startswith(".") or ".." in url.hostname else url


def _origin_of(url: ada_url.URL) -> str:
    port = f":{url.port}" if url.port else ""
    return f"{url.protocol}//{url.hostname.removesuffix('.')}{port}"


def _normalised(encoded: re.Match[str]) -> str:
    character = chr(int(encoded[1], 16))
    return character if _UNRESERVED.fullmatch(character) else encoded[0].upper()


def _decoded(encoded: re.Match[str]) -> str:
    text = unquote_to_bytes(encoded[0]).decode(errors="surrogateescape")
    return "".join(
        quote(each, errors="surrogateescape") if _FORBIDDEN.match(each) or not each.isprintable() else each
        for each in text
    )
