"""Long public answers are compressed for clients that accept gzip."""

import pytest

from service.platform.http.conditional import accepts_gzip
from tests.builders import ASite, a_comment, a_thread


@pytest.mark.parametrize(
    ("accept_encoding", "taken"),
    [
        ("gzip", True),
        ("br;q=1.0, GZIP;q=0.8", True),
        ("x-gzip", True),
        ("", False),
        ("br", False),
        ("gzip;q=0", False),
        ("gzip; q=0.000", False),
        ("*", False),
    ],
)
def test_gzip_is_accepted_as_the_header_says(accept_encoding: str, taken: bool) -> None:
    assert accepts_gzip(accept_encoding) is taken


async def test_a_compressed_page_is_smaller_and_has_the_same_content(site: ASite) -> None:
    thread = await a_thread(site)
    for number in range(20):
        await a_comment(thread, f"The same words again and again, number {number}.")
    path = f"{thread.path}/comments"
    plain = await site.call("GET", path, headers={"Accept-Encoding": "identity"})
    small = await site.call("GET", path, headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in plain.headers
    assert small.headers["content-encoding"] == "gzip"
    assert int(small.headers["content-length"]) < int(plain.headers["content-length"]) / 4
    assert small.json() == plain.json()
    assert small.headers["etag"] == plain.headers["etag"]
    assert "Accept-Encoding" in small.headers["vary"]


async def test_a_private_page_is_not_compressed(site: ASite) -> None:
    thread = await a_thread(site)
    token = (await a_comment(thread, "Mine. " * 300))["author_token"]
    page = await site.call("GET", f"{thread.path}/comments", by=token, headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in page.headers
