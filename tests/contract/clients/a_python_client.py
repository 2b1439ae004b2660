"""A host's program on the client that openapi-python-client makes of the contract: it registers an article, posts for a
reader, edits as that reader, reads, closes the thread, and gets its text back when it posts once more.

Run with the client's folder on the path: ``a_python_client.py URL SITE KEY``.
"""

import sys
from http import HTTPStatus
from uuid import uuid4

from onereply_client import AuthenticatedClient
from onereply_client.api.comments import get_comments, patch_comment, post_comment
from onereply_client.api.threads import close_thread, put_thread
from onereply_client.models import (
    AuthorIn,
    CloseIn,
    CommentOut,
    EditIn,
    Page,
    Posted,
    PostIn,
    Problem,
    ProblemType,
    ThreadIn,
    ThreadOut,
    ThreadState,
)

ARTICLE = "python/conférence?1"


def main(url: str, site: str, key: str) -> None:
    host = AuthenticatedClient(base_url=url, token=key)

    thread = put_thread.sync(site, ARTICLE, client=host, body=ThreadIn(title="A conference"))
    assert isinstance(thread, ThreadOut), thread
    assert (thread.article, thread.state, thread.reply_count) == (ARTICLE, ThreadState.OPEN, 0)

    post = PostIn(body="Well *said*.", author=AuthorIn(name="Ada"))
    posted = post_comment.sync(site, ARTICLE, client=host, body=post, idempotency_key=str(uuid4()))
    assert isinstance(posted, Posted), posted
    assert posted.author_token is not None
    assert posted.thread.label == "One reply"

    author = AuthenticatedClient(base_url=url, token=posted.author_token)
    edited = patch_comment.sync(site, posted.comment.id, client=author, body=EditIn(body="Very *well* said."))
    assert isinstance(edited, CommentOut), edited
    assert edited.revision > posted.comment.revision

    page = get_comments.sync(site, ARTICLE, client=host)
    assert isinstance(page, Page), page
    assert [comment.id for comment in page.comments] == [posted.comment.id]
    assert page.comments[0].html == edited.html == "<p>Very <em>well</em> said.</p>"

    closed = close_thread.sync(site, ARTICLE, client=host, body=CloseIn(reason="It is late."))
    assert isinstance(closed, ThreadOut), closed
    assert (closed.state, closed.notice) == (ThreadState.CLOSED, "Comments are closed.")

    refused = post_comment.sync_detailed(site, ARTICLE, client=host, body=post)
    assert refused.status_code == HTTPStatus.CONFLICT
    problem = refused.parsed
    assert isinstance(problem, Problem), problem
    assert problem.type_ is ProblemType.THREAD_CLOSED
    assert problem.close_reason == "It is late."
    assert problem.draft and problem.draft.body == "Well *said*."


if __name__ == "__main__":
    main(*sys.argv[1:])
