"""The words of comments that were reported as illegal, sealed for moderators until the report is settled.

This is the one exception to promise 7: a notice of illegal content must be decided also after the author edits or
deletes the comment (EU Digital Services Act, article 16). The words and the reporter's note are encrypted
(``storage/seal.py``); only moderators get them, and only with the report. They are pruned when its decision can no
longer be undone, and erased with the article.
"""

from uuid import UUID

import msgspec

from service.platform.storage.seal import Seal, UnsealError


class Words(msgspec.Struct):
    """The reported text, in Markdown, and the reporter's note."""

    body: str
    note: str | None


def report_seal(secret_key: str) -> Seal:
    """Return the seal for reported words."""
    return Seal(secret_key, purpose="reported words")


def seal_words(seal: Seal, report_id: UUID, words: Words) -> bytes:
    """Encrypt ``words`` for their report."""
    return seal.close(msgspec.json.encode(words).decode(), about=str(report_id))


def open_words(seal: Seal, report_id: UUID, sealed: bytes | None) -> Words | None:
    """Decrypt the words of a report; None if there are none, or if the secret key has changed."""
    if sealed is None:
        return None
    try:
        return msgspec.json.decode(seal.open(sealed, about=str(report_id)), type=Words)
    except UnsealError:
        return None
