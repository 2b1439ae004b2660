"""The API reference at ``/docs``, and a page for each type of problem.

``/docs`` is Scalar, shipped as one static file; it reads ``/openapi.json``. Without JavaScript the page lists the
operations by tag and links to the contract.

*Why* Scalar 1.76.0 (1.39 MB gzip, cached): it alone has search, code samples, requests and dark mode by the system,
and axe finds only 17 faults, all of contrast. Swagger UI 5.35.0 (0.49 MB): 232 faults, no samples, no navigation.
Redoc 3.0.1 (0.65 MB, 12 faults) and 2.5.4 (0.33 MB, 972) send no requests, try ``eval``, load a logo from a CDN.

``docs.css`` gives it our colours, ``docs-aria.js`` corrects its dialogs: together axe (WCAG 2.2 AA) finds nothing.
"""

import asyncio
import json
import re
from functools import cache
from typing import Any, NamedTuple

from cmarkgfm import github_flavored_markdown_to_html
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from service.platform.http.base_path import base_path_of
from service.platform.http.conditional import entity_tag, is_not_modified, not_modified
from service.platform.http.raw_routes import path_parameter
from service.platform.languages.messages import FALLBACK, sentence
from service.reading.docs.contract import MAX_AGE_SECONDS, Json, contract
from service.reading.pages.templates_engine import DOCS_POLICY, ENVIRONMENT, html_page, page

METHODS = ("get", "put", "post", "patch", "delete")
PROBLEM_ROW = re.compile(r"^\| `([a-z-]+)` \| (\d+) \| (.*?) \| (.*?) ?\|$", re.MULTILINE)


class ProblemType(NamedTuple):
    """A type of problem, as the contract describes it; ``operations`` are those that can return it."""

    slug: str
    status: int
    title: str
    when: str
    members: str
    example: Json | None
    operations: list[Json]


async def get_docs(request: Request) -> Response:
    """Send the API reference."""
    html, tag = await asyncio.to_thread(_docs, base_path_of(request))
    headers = {"etag": tag, "cache-control": f"public, max-age={MAX_AGE_SECONDS}", **DOCS_POLICY}
    return not_modified(headers) if is_not_modified(request, tag) else html_page(html, headers=headers)


async def get_problem(request: Request) -> Response:
    """Send the page of a problem type; its URI is the ``type`` of every such problem."""
    base_path = base_path_of(request)
    problem = (await asyncio.to_thread(_problem_types)).get(path_parameter(request, "problem"))
    if problem is None:
        headers = {"cache-control": "no-store"}
        return page("missing.html", base_path=base_path, locale=FALLBACK, status=404, headers=headers)
    headers = {"cache-control": f"public, max-age={MAX_AGE_SECONDS}"}
    return page(
        "problem.html",
        base_path=base_path,
        locale=FALLBACK,
        headers=headers,
        problem=problem,
        markdown=markdown,
        pretty=pretty,
    )


@cache
def _docs(base_path: str) -> tuple[str, str]:
    """Return the page and its entity tag; rendered once."""
    document = contract()
    html = ENVIRONMENT.get_template("docs.html").render(
        base_path=base_path,
        contract=document,
        sections=[(tag, [each for each in operations() if each["tags"][0] == tag["name"]]) for tag in document["tags"]],
        problems=_problem_types().values(),
        markdown=markdown,
    )
    return html, entity_tag(html)


@cache
def operations() -> list[Json]:
    """Return every operation with its ``method``, its ``path`` and its ``anchor`` in ``/docs``."""
    return [
        {**item[method], "method": method.upper(), "path": path, "anchor": _anchor(item[method])}
        for path, item in contract()["paths"].items()
        for method in METHODS
        if method in item
    ]


def _anchor(operation: Json) -> str:
    """Return the fragment under which Scalar shows ``operation``, as ``docs.js`` configures it."""
    return f"tag/{operation['tags'][0]}/{operation['operationId']}"


def _resolve(node: Json) -> Json:
    """Return ``node``, or the target of its reference."""
    while "$ref" in node:
        _, _, section, name = node["$ref"].split("/")
        node = contract()["components"][section][name]
    return node


@cache
def _problem_types() -> dict[str, ProblemType]:
    """Return every problem type by the last part of its URI, in the order of the contract's own table."""
    components = contract()["components"]
    examples = {each["value"]["type"]: each["value"] for each in components["examples"].values() if _is_problem(each)}
    described = [(operation, _response_descriptions(operation)) for operation in operations()]
    return {
        slug: ProblemType(
            slug,
            int(status),
            sentence("problem", slug, locale=FALLBACK),
            when,
            members.strip(),
            examples.get(f"/problems/{slug}"),
            [operation for operation, descriptions in described if f"`{slug}`" in descriptions],
        )
        for slug, status, when, members in PROBLEM_ROW.findall(components["schemas"]["Problem"]["description"])
    }


def _is_problem(example: Json) -> bool:
    value = example.get("value")
    return isinstance(value, dict) and str(value.get("type", "")).startswith("/problems/")


def _response_descriptions(operation: Json) -> str:
    return " ".join(_resolve(response)["description"] for response in operation["responses"].values())


def markdown(text: str) -> Markup:
    """Render the contract's own Markdown (GFM); raw HTML in it is left out."""
    return Markup(github_flavored_markdown_to_html(text))  # noqa: S704 - the text is ours


def pretty(value: Any) -> str:
    """Return ``value`` as indented JSON."""
    return json.dumps(value, indent=2, ensure_ascii=False)
