"""What the contract says of text by a pattern is what the code takes."""

import re
from urllib.parse import quote

import msgspec
import pytest
from starlette.requests import Request

from service.platform.http import cursors
from service.platform.http.path_ids import IDEMPOTENCY_KEY, article_of
from service.platform.http.request_log import VALID_REQUEST_ID
from service.platform.problems import InvalidParameter
from service.platform.sites.site_lookup import SLUG
from service.platform.text.field_types import EMAIL
from service.platform.text.web_urls import is_web_url
from tests.contract.lint import Json, contract
from tests.contract.test_contract import STRUCTS

DOCUMENT = contract()
SCHEMAS: dict[str, Json] = DOCUMENT["components"]["schemas"]


def test_patterns_are_those_of_the_code() -> None:
    parameters = DOCUMENT["components"]["parameters"]
    assert parameters["Site"]["schema"]["pattern"] == f"^{SLUG.pattern}$"
    assert parameters["IdempotencyKey"]["schema"]["pattern"] == f"^{IDEMPOTENCY_KEY.pattern}$"
    assert (
        DOCUMENT["components"]["headers"]["RequestId"]["schema"]["pattern"] == f"^{VALID_REQUEST_ID.pattern.decode()}$"
    )
    assert parameters["Cursor"]["schema"]["maxLength"] == cursors.MAX_LENGTH
    assert SCHEMAS["AuthorIn"]["properties"]["email"]["pattern"] == rf"^\s*(?:{EMAIL.pattern})?\s*$"


@pytest.mark.parametrize(
    "article", ["1", "a/b", "...", ".a", "?#", "ё", "😀" * 500, ".", "..", "\x00", "a\n", "\x7f", "\x85", "x" * 501]
)
def test_an_article_id_is_what_the_contract_says(article: str) -> None:
    schema = SCHEMAS["ArticleId"]
    fits = re.fullmatch(schema["pattern"], article) and schema["minLength"] <= len(article) <= schema["maxLength"]
    request = Request({"type": "http", "path_params": {"article": quote(article, safe="")}})
    try:
        assert article_of(request) == article
        assert fits
    except InvalidParameter:
        assert not fits


def test_no_pattern_of_a_field_ends_before_a_final_newline() -> None:
    """In Python ``$`` also matches there, in JSON Schema (ECMA-262) it does not."""
    _, components = msgspec.json.schema_components(STRUCTS)
    patterns = set(re.findall(r'"pattern":"((?:[^"\\]|\\.)*)"', msgspec.json.encode(components).decode()))
    assert len(patterns) > 5
    assert [each for each in patterns if not each.endswith(r"$(?!\\n)")] == []


def test_a_url_begins_as_the_contract_says() -> None:
    of_thread, of_author = (SCHEMAS[name]["properties"]["url"]["pattern"] for name in ("ThreadIn", "AuthorIn"))
    for url in (
        "http://a.example",
        "HTTPS://a.example/b?c#d",
        "https://[::1]:80/",
        "//a.example",
        "ftp://a",
        "http:///a",
    ):
        assert bool(re.search(of_thread, url)) == bool(re.search(of_author, f" {url}")) == is_web_url(url)
