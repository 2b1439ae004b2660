"""The contract for people: ``/docs``, and a page for each type of problem. Rendered on the server, without script.

Why not a viewer from a package: those are megabytes of script that style themselves inline, for a document that changes
with a release only and that a strict Content-Security-Policy would not let run.
"""

import asyncio
import json
import re
from functools import cache
from typing import Any, NamedTuple
from urllib.parse import quote

from cmarkgfm import github_flavored_markdown_to_html
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import Response

from service.platform.http.conditional import entity_tag, is_known, not_modified
from service.platform.http.raw_routes import path_parameter
from service.platform.languages.messages import FALLBACK, sentence
from service.reading.docs.contract import CONTRACT, MAX_AGE_SECONDS, Json, bundle
from service.reading.pages.templates_engine import ENVIRONMENT, html_page, page

METHODS = ("get", "put", "post", "patch", "delete")
LIMITS = {
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minimum": "from {}",
    "maximum": "up to {}",
    "minItems": "at least {} items",
    "maxItems": "at most {} items",
    "format": "format {}",
    "pattern": "fits {}",
    "default": "if left out {}",
}
PROBLEM_ROW = re.compile(r"^\| `([a-z-]+)` \| (\d+) \| (.*?) \| (.*?) ?\|$", re.MULTILINE)


class ProblemType(NamedTuple):
    """A type of problem, as the contract tells of it; ``operations`` are the ids of those that can answer it."""

    slug: str
    status: int
    title: str
    when: str
    members: str
    example: Json | None
    operations: list[str]


async def get_docs(request: Request) -> Response:
    """The reference, on one page."""
    html, tag = await asyncio.to_thread(_docs)
    headers = {"etag": tag, "cache-control": f"public, max-age={MAX_AGE_SECONDS}"}
    return not_modified(headers) if is_known(request, tag) else html_page(html, headers=headers)


async def get_problem(request: Request) -> Response:
    """What a type of problem means; its URI is the ``type`` of every such problem."""
    problem = (await asyncio.to_thread(_problem_types)).get(path_parameter(request, "problem"))
    if problem is None:
        return page("missing.html", locale=FALLBACK, status=404, headers={"cache-control": "no-store"})
    headers = {"cache-control": f"public, max-age={MAX_AGE_SECONDS}"}
    return page("problem.html", locale=FALLBACK, headers=headers, problem=problem, markdown=markdown, pretty=pretty)


@cache
def contract() -> Json:
    """The one document; read once."""
    return bundle(CONTRACT)


@cache
def _docs() -> tuple[str, str]:
    """The page and its entity tag; rendered once, when somebody first asks."""
    document = contract()
    html = ENVIRONMENT.get_template("docs.html").render(
        lang="en",
        direction="ltr",
        contract=document,
        webhooks=webhooks(),
        sections=[(tag, [each for each in operations() if tag["name"] in each["tags"]]) for tag in document["tags"]],
        problems=_problem_types().values(),
        resolve=resolve,
        markdown=markdown,
        type_of=type_of,
        limits_of=limits_of,
        pretty=pretty,
        who_may=who_may,
        curl=curl,
    )
    return html, entity_tag(html)


def operations() -> list[Json]:
    """Every operation with its ``method``, its ``path`` and the parameters of the path."""
    return [
        {**item[method], "method": method.upper(), "path": path, "parameters": _parameters(item, item[method])}
        for path, item in contract()["paths"].items()
        for method in METHODS
        if method in item
    ]


def webhooks() -> list[Json]:
    """What is sent, as operations at whoever receives it, each with its ``type``."""
    return [
        {**item["post"], "type": name, "parameters": _parameters(item, item["post"])}
        for name, item in contract()["webhooks"].items()
    ]


def _parameters(item: Json, operation: Json) -> list[Json]:
    return [resolve(each) for each in [*item.get("parameters", []), *operation.get("parameters", [])]]


def resolve(node: Json) -> Json:
    """``node``, or what it refers to."""
    while "$ref" in node:
        _, _, section, name = node["$ref"].split("/")
        node = contract()["components"][section][name]
    return node


@cache
def _problem_types() -> dict[str, ProblemType]:
    """Every type of problem, by the last part of its URI, in the order of the contract's own table."""
    components = contract()["components"]
    examples = {each["value"]["type"]: each["value"] for each in components["examples"].values() if _is_problem(each)}
    told = [(operation["operationId"], _answers(operation)) for operation in operations()]
    return {
        slug: ProblemType(
            slug,
            int(status),
            sentence("problem", slug, locale=FALLBACK),
            when,
            members.strip(),
            examples.get(f"/problems/{slug}"),
            [operation for operation, answers in told if f"`{slug}`" in answers],
        )
        for slug, status, when, members in PROBLEM_ROW.findall(components["schemas"]["Problem"]["description"])
    }


def _is_problem(example: Json) -> bool:
    value = example.get("value")
    return isinstance(value, dict) and str(value.get("type", "")).startswith("/problems/")


def _answers(operation: Json) -> str:
    return " ".join(resolve(answer)["description"] for answer in operation["responses"].values())


def markdown(text: str) -> Markup:
    """The contract's own Markdown (GFM); raw HTML in it is left out."""
    return Markup(github_flavored_markdown_to_html(text))  # noqa: S704 - the text is ours


def pretty(value: Any) -> str:
    """``value`` as indented JSON."""
    return json.dumps(value, indent=2, ensure_ascii=False)


def type_of(schema: Json) -> Markup:
    """What a schema takes, in a few words; named schemas are links to where they are told."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return Markup('<a href="#schema-{0}">{0}</a>').format(name)
    if alternatives := schema.get("anyOf") or schema.get("oneOf"):
        return Markup(" or ").join(type_of(each) for each in alternatives)
    if "enum" in schema or "const" in schema:
        values = schema.get("enum") or [schema["const"]]
        return Markup(", ").join(Markup("<code>{}</code>").format(pretty(value)) for value in values)
    if schema.get("type") == "array":
        return Markup("array of ") + type_of(schema.get("items", {}))
    kinds = schema.get("type", "anything")
    return escape(kinds if isinstance(kinds, str) else " or ".join(kinds))


def limits_of(schema: Json) -> list[Markup]:
    """How long, how many, of which form."""
    said = [(words, pretty(schema[name])) for name, words in LIMITS.items() if name in schema]
    return [escape(words).format(Markup("<code>{}</code>").format(value)) for words, value in said]


def who_may(operation: Json) -> str:
    """Who may call an operation, in words."""
    said: list[str] = []
    for requirement in operation["security"]:
        roles = requirement.get("key", [])
        named = {
            "authorToken": "authors (author token)",
            "hostToken": "readers (host token)",
            "metricsKey": "the metrics key",
            "session": "a moderator who is logged in (session)",
            "signature": "the host, signed (signature)",
        }
        said += [named[name] for name in requirement if name in named]
        said += [f"{role} key" for role in roles]
        said += [] if requirement else ["anyone"]
    return ", ".join(said) or "anyone"


def curl(operation: Json) -> str:
    """A call that can be copied, with the contract's own examples."""
    path = operation["path"]
    for parameter in operation["parameters"]:
        if parameter["in"] == "path":
            path = path.replace(f"{{{parameter['name']}}}", quote(str(_example(parameter)), safe=""))
    query = [each for each in operation["parameters"] if each["in"] == "query" and each.get("required")]
    if query:
        path += "?" + "&".join(f"{each['name']}={quote(str(_example(each)), safe='')}" for each in query)
    lines = [f"curl -X {operation['method']} 'http://127.0.0.1:8000{path}'"]
    if operation["security"] and {} not in operation["security"]:
        [scheme, *_] = operation["security"][0]
        secret = {"authorToken": "TOKEN", "session": "SESSION"}.get(scheme, "KEY")
        signed = ('-H "webhook-id: $ID"', '-H "webhook-timestamp: $NOW"', '-H "webhook-signature: $SIGNATURE"')
        lines += signed if scheme == "signature" else (f'-H "Authorization: Bearer ${secret}"',)
    for content in operation.get("requestBody", {}).get("content", {}).values():
        body = resolve(next(iter(content["examples"].values())))["value"]
        lines += ["-H 'Content-Type: application/json'", f"-d '{json.dumps(body, ensure_ascii=False)}'"]
    return " \\\n  ".join(lines)


def _example(parameter: Json) -> Any:
    examples = [resolve(each)["value"] for each in parameter.get("examples", {}).values()]
    return parameter.get("example", examples[0] if examples else parameter["name"])
