"""The contract and the code say the same, each way: routes, who may call them, structs and their limits, problems."""

import pkgutil
import re
import tomllib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import pytest

import service
from service.platform.events.event_types import EventType
from service.platform.problems import Problem
from service.routes import OPEN_ROUTES, SITE, SITE_ROUTES
from tests.builders import ASite
from tests.contract.lint import Json, contract, findings, operations, resolve

Fact = tuple[str, str, object]

ROOT = Path(__file__).parents[2]
DOCUMENT = contract()
SCHEMAS: dict[str, Json] = DOCUMENT["components"]["schemas"]
OPERATIONS = {(method, path): operation for method, path, operation in operations(DOCUMENT)}
PAGES = {  # for people, and what their browsers load and send
    "/",
    "/docs",
    "/docs/guides/",
    "/docs/guides/{guide}",
    "/problems/{problem}",
    "/static/{file}",
    "/embed.js",
    "/{site}/{article}",
    "/{site}/{article}/embed",
    "/{site}/comments/{comment}",
    "/{site}/comments/{comment}/statement",
    "/{site}/comments/{comment}/appeal",
    "/{site}/reports/{receipt}",
    "/{site}/{article}/comments",
    "/{site}/{article}/comments/{comment}",
    "/{site}/{article}/comments/{comment}/deletion",
    "/{site}/{article}/comments/{comment}/report",
}
LIMITS = {"minLength", "maxLength", "minimum", "maximum", "minItems", "maxItems", "format", "pattern", "default"}
# What the code checks beside its structs; tested in test_patterns.py.
CHECKED_BESIDE = {
    ("AuthorIn", "/email", "pattern"),
    ("AuthorIn", "/url", "pattern"),
    ("ThreadIn", "/url", "pattern"),
    ("ArticleIn", "/url", "pattern"),
    ("ArticleIn", "/article", "pattern"),
    ("ArticleIn", "/previous_article", "pattern"),
    ("MoveIn", "/article", "pattern"),
    ("CountsIn", "/articles/*", "pattern"),
    ("SiteSettings", "/decision_reasons/{}/{}", "minLength"),
    ("SettingsIn", "/decision_reasons/{}/{}", "minLength"),
    ("ThreadsQuery", "/cursor", "maxLength"),
    ("PageQuery", "/cursor", "maxLength"),
    ("FragmentQuery", "/cursor", "maxLength"),
    ("QueueQuery", "/cursor", "maxLength"),
    ("DecisionsQuery", "/cursor", "maxLength"),
    ("KeysQuery", "/cursor", "maxLength"),
    ("AccountsQuery", "/cursor", "maxLength"),
    ("BansQuery", "/cursor", "maxLength"),
    ("MeasuresQuery", "/cursor", "maxLength"),
    ("OwnCommentsQuery", "/cursor", "maxLength"),
    ("ClosuresQuery", "/cursor", "maxLength"),
    ("EndpointsQuery", "/cursor", "maxLength"),
    ("DeliveriesQuery", "/cursor", "maxLength"),
}
# What one is with each security scheme but the key, which names its roles.
KINDS = {None: "anyone", "authorToken": "reader", "hostToken": "reader", "session": "session", "signature": "signed"}
QUERIES = {
    ("GET", f"{SITE}/threads"): ["ThreadsQuery", "ThreadByUrlQuery"],
    ("GET", f"{SITE}/threads/{{article}}/comments"): ["PageQuery"],
    ("GET", f"{SITE}/threads/{{article}}/comments.html"): ["FragmentQuery"],
    ("GET", f"{SITE}/threads/{{article}}/stream"): ["StreamQuery"],
    ("GET", f"{SITE}/comments"): ["CommentBySourceQuery"],
    ("GET", f"{SITE}/readers/me/comments"): ["OwnCommentsQuery"],
    ("GET", f"{SITE}/events"): ["EventsQuery"],
    ("GET", f"{SITE}/feed.atom"): ["SectionQuery"],
    ("GET", f"{SITE}/queue"): ["QueueQuery"],
    ("GET", f"{SITE}/decisions"): ["DecisionsQuery"],
    ("GET", f"{SITE}/rules/agreement"): ["AgreementQuery"],
    ("GET", f"{SITE}/transparency"): ["TransparencyQuery"],
    ("GET", f"{SITE}/transparency.csv"): ["TransparencyQuery"],
    ("GET", f"{SITE}/closures"): ["ClosuresQuery"],
    ("GET", f"{SITE}/bans"): ["BansQuery"],
    ("GET", f"{SITE}/measures"): ["MeasuresQuery"],
    ("GET", f"{SITE}/keys"): ["KeysQuery"],
    ("GET", f"{SITE}/moderators"): ["AccountsQuery"],
    ("GET", f"{SITE}/endpoints"): ["EndpointsQuery"],
    ("GET", f"{SITE}/endpoints/{{endpoint}}/deliveries"): ["DeliveriesQuery"],
}


def structs_of(module: ModuleType) -> Iterator[type[msgspec.Struct]]:
    """The structs that ``module`` defines."""
    for value in vars(module).values():
        if isinstance(value, type) and issubclass(value, msgspec.Struct) and value.__module__ == module.__name__:
            yield value


MODULES = [module.name for module in pkgutil.walk_packages(service.__path__, "service.")]
SENT = [
    *(name for name in MODULES if name.endswith(".wire") and name != "service.platform.wire"),
    "service.platform.sites.site_rules",
    "service.platform.sites.site_settings",
]
STRUCTS = [struct for name in SENT for struct in structs_of(import_module(name))]
CODE: dict[str, Json] = msgspec.json.schema_components(STRUCTS, ref_template="#/components/schemas/{name}")[1]


def facts(schema: Json, schemas: dict[str, Json], at: str = "") -> set[Fact]:
    """What ``schema`` says, one fact for each place and word, however it is written down."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        is_struct = "properties" in CODE.get(name, {})
        return {(at, "$ref", name)} if is_struct else facts(schemas[name], schemas, at)
    found: set[Fact] = set()
    for word, said in schema.items():
        match word:
            case "properties":
                found |= {fact for name, each in said.items() for fact in facts(each, schemas, f"{at}/{name}")}
            case "items":
                found |= facts(said, schemas, f"{at}/*")
            case "anyOf" | "oneOf":
                alternatives = [{word: each[word] for word in each if word != "required"} for each in said]
                found |= {fact for each in alternatives for fact in facts(each, schemas, at)}
            case "type":
                found |= {(at, "type", each) for each in ([said] if isinstance(said, str) else said)}
            case "enum" | "const":
                values = said if word == "enum" else [said]
                found |= {(at, "type", "null" if each is None else "string") for each in values}
                found |= {(at, "enum", each) for each in values if each is not None}
            case "required":
                found |= {(at, "required", each) for each in said}
            case "additionalProperties" if isinstance(said, dict):
                found |= facts(said, schemas, f"{at}/{{}}")
            case "additionalProperties":
                found.add((at, "closed", said is False))
            case _ if word in LIMITS:
                found.add((at, word, tuple(said) if isinstance(said, list | dict) else said))
    return found


def test_the_contract_is_sound() -> None:
    assert findings(DOCUMENT) == []


def test_the_contract_is_this_releases() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert DOCUMENT["info"]["version"] == project["version"]


async def test_the_contract_is_served_whole(site: ASite) -> None:
    served = await site.client.get("/openapi.json")
    assert served.json() == DOCUMENT
    assert served.headers["cache-control"].startswith("public, max-age=")
    references = re.findall(r'"\$ref":"([^"]+)"', served.text)
    assert {reference for reference in references if not reference.startswith("#/components/")} == set()
    again = await site.client.get("/openapi.json", headers={"If-None-Match": served.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_every_route_is_in_the_contract_and_the_contract_has_no_other() -> None:
    routes = {(method, SITE + path.partition("?")[0]) for method, path, _, _ in SITE_ROUTES}
    routes |= {(method, path) for method, path, _ in OPEN_ROUTES if path not in PAGES}
    assert set(OPERATIONS) == routes


@pytest.mark.parametrize("route", [route for route in OPERATIONS if route[1].startswith(SITE)], ids=" ".join)
def test_who_may_call_is_who_the_contract_says(route: tuple[str, str]) -> None:
    may = {
        kind for method, path, _, who in SITE_ROUTES if (method, SITE + path.partition("?")[0]) == route for kind in who
    }
    said: set[str] = set()
    requirements = OPERATIONS[route]["security"]
    for requirement in requirements:
        said |= set(requirement["key"]) if "key" in requirement else {KINDS[scheme] for scheme in requirement or [None]}
    assert said == may
    assert ({"authorToken": []} in requirements) == ({"hostToken": []} in requirements)


@pytest.mark.parametrize(
    "name", sorted(name for name in CODE if not name.endswith("Query") and "properties" in CODE[name])
)
def test_a_struct_is_what_the_contract_says(name: str) -> None:
    said, is_so = SCHEMAS[name], CODE[name]
    assert set(said["properties"]) == set(is_so["properties"])
    assert set(said.get("required", [])) == set(is_so["required"])
    # Generators take a default of null for never null; the descriptions say what is left out.
    of_code = {fact for fact in facts(is_so, CODE) if fact[1:] != ("default", None)}
    assert of_code - facts(said, SCHEMAS) == set()
    if is_so.get("additionalProperties") is False:  # what clients send: nothing may be promised or refused beyond it
        beyond = facts(said, SCHEMAS) - of_code
        assert {fact for fact in beyond if (name, *fact[:2]) not in CHECKED_BESIDE} == set()


def test_every_query_struct_is_known_here() -> None:
    assert {name for names in QUERIES.values() for name in names} == {name for name in CODE if name.endswith("Query")}


@pytest.mark.parametrize("route", QUERIES, ids=" ".join)
def test_the_parameters_of_a_query_are_what_the_contract_says(route: tuple[str, str]) -> None:
    parameters = [resolve(DOCUMENT, parameter) for parameter in OPERATIONS[route]["parameters"]]
    taken = [parameter for parameter in parameters if parameter["in"] == "query"]
    said = facts({"properties": {parameter["name"]: parameter["schema"] for parameter in taken}}, SCHEMAS)
    said |= {("", "required", parameter["name"]) for parameter in taken if parameter.get("required")}
    of_each = [facts(CODE[name], CODE) for name in QUERIES[route]]
    is_so = {fact for of_one in of_each for fact in of_one if fact[0]}
    is_so -= {fact for fact in is_so if fact[1:] in {("type", "null"), ("default", None)}}
    is_so |= {fact for fact in set.intersection(*of_each) if fact[:2] == ("", "required")}
    assert is_so - said == set()
    checked = {(at, word) for name, at, word in CHECKED_BESIDE if name in QUERIES[route]}
    assert {fact for fact in said - is_so if fact[:2] not in checked} == set()


def problems(kind: type[Problem] = Problem) -> Iterator[tuple[str, int]]:
    """Slug and status of every problem there is."""
    for each in kind.__subclasses__():
        if "slug" in vars(each):
            yield each.slug, each.status
        yield from problems(each)


def told(text: str) -> set[str]:
    """The problems that a description names."""
    return {slug for slug, _ in problems()} & set(re.findall(r"`([a-z-]+)`", text))


def test_every_problem_is_in_the_contract_and_the_contract_has_no_other() -> None:
    problem = SCHEMAS["Problem"]
    rows = re.findall(r"^\| `([a-z-]+)` \| (\d+) \|", problem["description"], re.MULTILINE)
    assert sorted((slug, int(status)) for slug, status in rows) == sorted(set(problems()))
    types = problem["properties"]["type"]
    assert sorted(types["enum"]) == sorted({f"/problems/{slug}" for slug, _ in problems()})
    named = [each.removeprefix("/problems/").replace("-", "_").upper() for each in types["enum"]]
    assert types["x-enum-varnames"] == named


def test_every_answer_names_the_problems_it_can_be() -> None:
    statuses = dict(problems())
    answers = [
        (status, resolve(DOCUMENT, answer)["description"])
        for operation in OPERATIONS.values()
        for status, answer in operation["responses"].items()
    ]
    for status, description in answers:
        if status >= "400":
            assert {statuses[slug] for slug in told(description)} == {int(status)}, description
    named = {slug for _, description in answers for slug in told(description)}
    before_any_operation, of_the_desk = (
        {"method-not-allowed", "headers-too-large"},
        {"desk-token-refused", "account-refused"},
    )
    assert set(statuses) - named == before_any_operation | of_the_desk


def test_every_event_is_in_the_contract_and_the_contract_has_no_other() -> None:
    types = SCHEMAS["EventType"]
    assert types["enum"] == list(EventType)
    assert re.findall(r"^\| `([a-z.]+)` \|", types["description"], re.MULTILINE) == list(EventType)


def test_the_bodies_shown_as_examples_are_taken() -> None:
    structs: dict[str, Any] = {struct.__name__: struct for struct in STRUCTS}
    for operation in OPERATIONS.values():
        for content in operation.get("requestBody", {}).get("content", {}).values():
            struct = structs[content["schema"]["$ref"].rpartition("/")[2]]
            for example in content["examples"].values():
                msgspec.convert(resolve(DOCUMENT, example)["value"], struct)
