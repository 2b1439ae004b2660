"""A preview shows what a post would look like, and a website may be written without its scheme."""

from tests.builders import ASite, a_comment, a_thread


async def test_a_preview_is_what_the_post_will_be_and_stores_nothing(site: ASite) -> None:
    thread = await a_thread(site)
    body = "A *word* at <https://gazette.example/>\n\n<script>x()</script>\n\n> quoted\n" + "long " * 200
    preview = await site.call("POST", "/preview", json={"body": body})
    assert preview.status_code == 200
    assert preview.headers["cache-control"] == "no-store"
    assert await thread.pages() == []
    assert preview.json() == {"html": (await a_comment(thread, body))["comment"]["html"]}


async def test_a_preview_refuses_what_a_post_would(site: ASite) -> None:
    for body in ("", " \n", "x" * 10_001):
        refused = await site.call("POST", "/preview", json={"body": body})
        assert (refused.status_code, refused.json()["pointer"]) == (422, "/body")


async def test_a_website_that_begins_with_a_domain_gets_https(site: ASite) -> None:
    thread = await a_thread(site)
    for typed, kept in {
        "ada.example": "https://ada.example",
        "ada.example:8443/me?x=1": "https://ada.example:8443/me?x=1",
        "http://ada.example": "http://ada.example",
    }.items():
        assert (await a_comment(thread, typed, url=typed))["comment"]["author"]["url"].rstrip("/") == kept
    for typed in ("mailto:ada@gazette.example", "ada@gazette.example", "ada", "javascript:alert(1)"):
        author = {"name": "Ada", "url": typed}
        refused = await site.call("POST", f"{thread.path}/comments", json={"body": "Hello.", "author": author})
        assert (refused.status_code, refused.json()["pointer"]) == (422, "/author/url"), typed


async def test_a_problem_of_a_rate_limit_says_when_to_try_again(site: ASite) -> None:
    await site.set(post_limit_per_address="1/minute")
    thread = await a_thread(site)
    post = {"body": "Hello.", "author": {"name": "Ada"}}
    await site.call("POST", f"{thread.path}/comments", json=post)
    for language, sentence in {"en": "You can try again in ", "de": "Sie können es in ", "ar": "خلال"}.items():
        headers = {"Accept-Language": language}
        refused = await site.call("POST", f"{thread.path}/comments", json=post, headers=headers)
        assert refused.status_code == 429
        assert sentence in refused.json()["detail"]
