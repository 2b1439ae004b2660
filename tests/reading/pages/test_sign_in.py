"""Where the viewer may not post, pages and fragments show a line to sign in instead of the form."""

from tests.builders import ASite, a_comment, a_thread
from tests.platform.access.a_host import SECRET, a_token, share_secret

SLOT = '<slot name="sign-in">'


async def test_the_form_appears_only_for_those_who_may_post(site: ASite) -> None:
    await share_secret(site, SECRET)
    await site.set(sign_in_url="https://gazette.example/login?next={return_url}&x=1")
    rule = {"claim": "plan", "values": ["gold"]}
    for who, readers in (("anyone", "fff"), ("signed-in", "sff"), (rule, "snf")):
        thread = await a_thread(site, who_may_post=who, url="https://gazette.example/a?b=c")
        for by, seen in zip((None, a_token(site.slug), a_token(site.slug, plan="gold")), readers, strict=True):
            html = (await site.call("GET", f"{thread.path}/comments.html", by=by)).text
            assert ('data-action="post"' in html) == (seen == "f"), (who, by)
            assert (SLOT in html) == (seen != "f")
            link = 'href="https://gazette.example/login?next=https%3A%2F%2Fgazette.example%2Fa%3Fb%3Dc&amp;x=1"'
            assert (link in html) == (seen == "s"), html
            assert ("Your account can’t comment here." in html) == (seen == "n")
        page = (await site.client.get(f"/{site.slug}/{thread.article}")).text
        assert (SLOT in page) == (who != "anyone")


async def test_a_refused_form_gives_the_text_back_and_a_closed_thread_has_no_line(site: ASite) -> None:
    thread = await a_thread(site)
    await a_comment(thread)
    await site.call("PUT", thread.path, by="host", json={"who_may_post": "signed-in"})
    page = f"/{site.slug}/{thread.article}"
    headers = {"Origin": "http://onereply.test", "Sec-Fetch-Site": "same-origin"}
    sent = await site.client.post(f"{page}/comments", data={"name": "Jo", "body": "My text."}, headers=headers)
    assert sent.status_code == 403
    assert "My text." in sent.text and SLOT in sent.text and "Sign in to comment." in sent.text
    assert 'data-action="reply"' not in sent.text
    await thread.close()
    assert SLOT not in (await site.client.get(page)).text
