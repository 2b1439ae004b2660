"""Ids from a request's path, query and headers: articles, a comment, the idempotency key."""

import re
from uuid import UUID

from starlette.requests import Request

from service.platform.http.raw_routes import path_parameter, query_of
from service.platform.problems import InvalidHeader, InvalidParameter, NotFound, Translated
from service.platform.text.article_ids import ARTICLE_ID_FORMAT, is_article_id

IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,255}")


def requested_articles(request: Request) -> list[str | None]:
    """The article ids in the path or, for counts, in the query; None, any article, if it has URLs or a section."""
    if "article" in request.path_params:
        return [article_of(request)]
    articles = query_of(request).getlist("article")
    return [None] if {"url", "section"} & query_of(request).keys() else [*articles]


def article_of(request: Request) -> str:
    """The article id in the path: 1–500 characters, no control characters, not ``.`` or ``..``.

    Raises InvalidParameter.
    """
    article = path_parameter(request, "article")
    if not is_article_id(article):
        raise InvalidParameter(ARTICLE_ID_FORMAT, parameter="article")
    return article


def comment_id_of(request: Request) -> UUID:
    """The comment id in the path; raises NotFound if it is not a UUID."""
    try:
        return UUID(path_parameter(request, "comment"))
    except ValueError:
        raise NotFound(Translated("no-comment")) from None


def idempotency_key(request: Request) -> str | None:
    """The ``Idempotency-Key`` header (draft-ietf-httpapi-idempotency-key-header), unchanged; raises InvalidHeader."""
    key = request.headers.get("idempotency-key")
    if key is not None and not IDEMPOTENCY_KEY.fullmatch(key):
        raise InvalidHeader("An idempotency key must be 1 to 255 visible ASCII characters.", header="Idempotency-Key")
    return key
