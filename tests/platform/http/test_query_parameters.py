"""A query parameter that a route does not have is refused, on every route; pages for readers ignore trackers'."""

from uuid import uuid4

from service.platform.http.query_parameters import is_tracking
from service.routes import OPEN_ROUTES, PARAMETERS, SITE_ROUTES
from tests.builders import ASite, a_comment, a_session, a_thread
from tests.contract.lint import contract, operations, resolve

ROUTES = [(method, path, who) for method, path, _, who in SITE_ROUTES]


async def test_every_route_of_a_site_refuses_an_unknown_parameter(site: ASite) -> None:
    posted = await a_comment(await a_thread(site, article="a"))
    comment, session = posted["comment"]["id"], await a_session(site)
    ids = {
        "article": "a",
        "comment": comment,
        "measure": uuid4(),
        "ban": uuid4(),
        "reader": uuid4(),
        "endpoint": uuid4(),
        "position": 1,
        "receipt": "report_x",
        "key": "0" * 12,
        "moderator": "0" * 12,
    }
    for method, path, who in ROUTES:
        by = {"admin": "admin", "reader": posted["author_token"], "session": session, "signed": None}
        caller = by[next(kind for kind in by if kind in who)]
        path_and_query = path.format(**ids) + ("=https://gazette.example/&" if "?" in path else "?")
        answer = await site.call(method, f"{path_and_query}limlt=5", by=caller)
        problem = answer.json()
        assert (answer.status_code, problem["type"]) == (400, "/problems/invalid-parameter"), (method, path)
        assert problem["parameter"] == "limlt"


async def test_every_other_route_refuses_an_unknown_parameter(site: ASite) -> None:
    await a_thread(site, article="a")
    for method, path, _ in OPEN_ROUTES:
        ids = {"article": "a", "comment": uuid4(), "guide": "embed", "problem": "busy", "file": "page.css"}
        ids["receipt"] = "report_x"
        answer = await site.client.request(method, path.format(site=site.slug, **ids) + "?limlt=5")
        assert (answer.status_code, answer.json()["parameter"]) == (400, "limlt"), (method, path)


async def test_a_reader_who_follows_a_shared_link_sees_the_page(site: ASite) -> None:
    await a_thread(site, article="a")
    tracked = "fbclid=IwAR0&utm_source=newsletter&utm_medium=email&gclid=1"
    for query in (tracked, f"order=newest&{tracked}"):
        page = await site.client.get(f"/{site.slug}/a?{query}")
        assert page.status_code == 200
        assert "fbclid" not in page.text
    refused = await site.client.get(f"/{site.slug}/a?limlt=5", headers={"Accept": "text/html"})
    assert refused.status_code == 400
    assert refused.headers["content-type"].startswith("text/html")
    assert (await site.call("GET", f"/threads/a?{tracked}")).status_code == 400
    assert not is_tracking("cursor")


async def test_the_embed_may_have_a_version_in_its_address(site: ASite) -> None:
    for path in ("/embed.js?ver=6.5", "/static/page.css?v=2"):
        assert (await site.client.get(path)).status_code == 200


def test_the_parameters_of_each_route_are_those_of_the_contract() -> None:
    document = contract()
    stated: dict[str, set[str]] = {}
    for method, path, operation in operations(document):
        for parameter in (resolve(document, each) for each in operation.get("parameters", [])):
            if parameter["in"] == "query":
                stated.setdefault(f"{method} {path.removeprefix('/v1/sites/{site}')}", set()).add(parameter["name"])
    of_sites: dict[str, set[str]] = {}
    for method, path, _ in ROUTES:
        if names := PARAMETERS.get(f"{method} {path}"):
            of_sites.setdefault(f"{method} {path.partition('?')[0]}", set()).update(names)
    assert of_sites == {route: names for route, names in stated.items() if route in of_sites or "{site}" not in route}
