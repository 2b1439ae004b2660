"""Permissions: each page of the desk with each kind of moderator, and no session opens another site's desk."""

from urllib.parse import quote

from service.desk_routes import DESK_PAGES
from tests.builders import ASite, a_comment, a_session, a_site, a_thread
from tests.desk.a_desk_client import ADesk, desk_of, sign_in

# The fields of each form; ids in a path are replaced by real ones of the site.
FORMS: dict[str, dict[str, str]] = {}
CELLS = [(method, path, who) for method, path, _, who in DESK_PAGES]


async def path_of(site: ASite, path: str) -> str:
    """The path of a page, with the ids of an article and a reader of the site."""
    thread = await a_thread(site)
    comment = (await a_comment(thread))["comment"]
    listed = (await site.call("GET", "/queue?state=any&order=newest&limit=5", by="moderator")).json()["comments"]
    reader = next(each["reader_id"] for each in listed if each["comment"]["id"] == comment["id"])
    ids = {"article": quote(thread.article, safe=""), "reader": reader, "comment": comment["id"]}
    for name in ("endpoint", "position", "key", "moderator", "measure", "session", "file", "closure"):
        ids.setdefault(name, "0")
    return path.format(**ids).removeprefix("/")


async def call(desk: ADesk, method: str, path: str) -> int:
    if method == "GET":
        return (await desk.get(path)).status_code
    return (await desk.send(path, FORMS.get(f"POST {path}", {}))).status_code


async def test_each_page_admits_whom_its_route_names(site: ASite) -> None:
    callers = {"moderator": await sign_in(site), "admin": await sign_in(site, "Otto", role="admin")}
    for method, path, who in CELLS:
        address = await path_of(site, path)
        for role, desk in callers.items():
            status = await call(desk, method, address)
            assert (status == 403) is (role not in who), (method, path, role, status)
            assert status < 500, (method, path, role)


async def test_nobody_else_gets_in(site: ASite) -> None:
    async with a_site(site.app) as other:
        tokens = {"another site": await a_session(other, role="admin"), "nobody": "", "a key": site.keys["admin"]}
        for method, path, _ in CELLS:
            address = await path_of(site, path)
            for name, token in tokens.items():
                assert await call(desk_of(site, token), method, address) == 401, (method, path, name)


async def test_a_form_needs_the_token_of_its_session(site: ASite) -> None:
    desk = await sign_in(site, role="admin")
    for method, path, _ in CELLS:
        if method == "POST":
            refused = await desk.send(await path_of(site, path), {}, csrf="")
            assert refused.status_code == 403, path
