"""Submit posts and edits from the API and the pages' forms: rate limit, Akismet, then the batch."""

from collections.abc import Sequence
from functools import partial
from uuid import UUID

from starlette.requests import Request

from service.conversation.comments.akismet_check import AkismetCheck
from service.conversation.comments.build_draft import address_marks_of, author_marks_of, draft_of, model_of, sender_of
from service.conversation.comments.drafts import Accepted
from service.conversation.comments.edit_comment import Edit, edit_comment
from service.conversation.comments.findings_store import read_findings
from service.conversation.comments.group_commit import GroupCommit
from service.conversation.comments.model import Comment
from service.conversation.comments.render import render
from service.conversation.comments.wire import EditIn, PostIn
from service.conversation.screening.findings import Finding
from service.conversation.screening.outside_rules import OutsideAnswers
from service.platform.access.authorize import count_post
from service.platform.access.caller import Caller
from service.platform.storage.engine import database_of
from service.platform.text.field_types import read_text


async def submit_post(request: Request, caller: Caller, post: PostIn, *, key: str | None) -> Accepted:
    """Submit ``post``, once per idempotency ``key``; raises the problem that refuses it.

    A draft over the rate limit is still looked up by its key, because it may have been accepted before.
    """
    draft = draft_of(request, caller, post, key=key)
    draft.limited = count_post(request, caller, draft=draft.given_back())
    if draft.limited and draft.key is None:
        raise draft.limited
    if not draft.limited:
        asking: AkismetCheck = request.app.state.asking
        draft.told = OutsideAnswers(draft.told.form, await asking.ask(draft, sender_of(request, caller)))
    draft.model = await model_of(request, caller)
    group: GroupCommit = request.app.state.group
    return await group.post(draft)


async def submit_edit(request: Request, caller: Caller, comment_id: UUID, typed: EditIn) -> Comment:
    """Edit the caller's own comment and return it; raises the problem that refuses the edit."""
    body = read_text(typed.body, pointer="/body")
    if limited := count_post(request, caller, draft={"body": body}):
        raise limited
    marks = author_marks_of(request, caller, None) + address_marks_of(request, caller)
    by_email = partial(author_marks_of, request, caller)
    edit = Edit(body, render(body), marks, by_email, await model_of(request, caller))
    async with database_of(request).write() as connection:
        return await edit_comment(connection, caller.site, comment_id, reader_id=caller.reader_id, edit=edit)


async def findings_of(request: Request, comment: Comment) -> Sequence[Finding]:
    """Read the stored findings of an accepted comment."""
    async with database_of(request).read() as connection:
        return (await read_findings(connection, [comment.id]))[comment.id]
