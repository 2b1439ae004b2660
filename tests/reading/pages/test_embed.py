"""The embed's script and its demo page; tests/browser runs it in a browser."""

import gzip
import re
from html import unescape
from pathlib import Path

import pytest

from tests.builders import ASite, a_comment, a_thread
from tests.contract.tools import node_tool
from tests.installing import run
from tests.reading.pages.bundling import MODULES, SCRIPT, bundle

HERE = Path(__file__).parent


async def test_the_embed_is_at_most_twelve_kilobytes_by_gzip(site: ASite) -> None:
    sent = await site.client.get("/embed.js", headers={"Accept-Encoding": "gzip"})
    assert sent.headers["content-encoding"] == "gzip"
    assert int(sent.headers["content-length"]) == len(gzip.compress(sent.content)) <= 12_000


def test_no_module_has_200_lines() -> None:
    lengths = {path.name: len(path.read_text().splitlines()) for path in MODULES.glob("*.js")}
    assert {name: lines for name, lines in lengths.items() if lines >= 200} == {}


@pytest.mark.slow
def test_the_modules_type_check() -> None:
    run([*node_tool("tsc"), "--project", str(HERE / "tsconfig.json")])


@pytest.mark.slow
def test_the_served_script_is_the_bundle_of_the_modules(tmp_path: Path) -> None:
    bundle(tmp_path / "embed.js")
    assert (tmp_path / "embed.js").read_bytes() == SCRIPT.read_bytes(), "run `make embed`"


async def test_pages_of_any_origin_may_load_the_embed_and_its_style_sheet(site: ASite) -> None:
    for path, media_type in (("/embed.js", "text/javascript"), ("/static/thread.css", "text/css")):
        sent = await site.client.get(path)
        assert sent.headers["content-type"].startswith(media_type)
        assert sent.headers["access-control-allow-origin"] == "*"
        assert sent.headers["cache-control"] == "public, max-age=3600"
        assert (await site.client.get(path, headers={"If-None-Match": sent.headers["etag"]})).status_code == 304


async def test_the_embed_has_one_url(site: ASite) -> None:
    for path in ("/static/embed.js", "/static/api.js"):
        assert (await site.client.get(path)).status_code == 404


async def test_the_fragment_has_the_sequence(site: ASite) -> None:
    thread = await a_thread(site)
    await thread.close()
    fragment = await site.call("GET", f"{thread.path}/comments.html")
    assert f'data-sequence="{(await thread.read())["sequence"]}"' in fragment.text


async def test_a_readers_own_fragment_has_no_entity_tag(site: ASite) -> None:
    await site.set(mode="hold")
    thread = await a_thread(site)
    path = f"{thread.path}/comments.html"
    tag = (await site.call("GET", path)).headers["etag"]
    held = await a_comment(thread, "Wait for me.")
    for headers in ({}, {"If-None-Match": tag}):
        own = await site.call("GET", path, by=held["author_token"], headers=headers)
        assert own.status_code == 200
        assert "Wait for me." in own.text
        assert "etag" not in own.headers
        assert own.headers["cache-control"] == "private, no-cache"


async def test_a_page_shows_the_embed_with_the_lines_to_copy(site: ASite) -> None:
    thread = await a_thread(site, article='a"b/c')
    page = await site.client.get(f"/{site.slug}/a%22b%2Fc/embed")
    assert page.status_code == 200
    found = re.search(r"<code>(.*)</code>", page.text, re.DOTALL)
    assert found
    assert unescape(found[1]).splitlines() == [
        '<script type="module" src="http://onereply.test/embed.js"></script>',
        f'<comment-thread site="{site.slug}" article="a&#34;b/c">',
        f'  <a href="http://onereply.test/{site.slug}/a%22b%2Fc">Comments</a>',
        "</comment-thread>",
    ]
    shown = page.text.replace(found[0], "")
    assert f'<comment-thread site="{site.slug}" article="a&#34;b/c">' in shown
    assert f">{thread.registered['label']}</comment-count>" in shown


async def test_the_demo_page_of_the_embed_runs_only_our_script(site: ASite) -> None:
    thread = await a_thread(site)
    policy = (await site.client.get(f"/{site.slug}/{thread.article}/embed")).headers["content-security-policy"]
    assert "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';" in policy
    assert policy.endswith("require-trusted-types-for 'script'; trusted-types onereply")


async def test_an_article_that_readers_may_not_see_has_no_embed(site: ASite) -> None:
    thread = await a_thread(site, published_at="2999-01-01T00:00:00Z")
    assert (await site.client.get(f"/{site.slug}/{thread.article}/embed")).status_code == 404
