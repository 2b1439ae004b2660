"""A report as a reader sends it, by the API or by a page's form."""

from uuid import UUID

from starlette.requests import Request

from service.conversation.comments.build_draft import address_marks_of, author_marks_of
from service.moderation.reports.file_report import file_report
from service.moderation.reports.report_store import Report, Reporter
from service.moderation.reports.wire import ReportIn
from service.platform.access.authorize import count_post
from service.platform.access.caller import Caller
from service.platform.problems import Unauthenticated
from service.platform.storage.engine import database_of
from service.platform.text.field_types import read_line


async def take_report(request: Request, caller: Caller, comment_id: UUID, body: ReportIn) -> tuple[Report, bool]:
    """The report that is kept of a comment, and whether it is new; raises the problem that refuses it."""
    note = read_line(body.note, pointer="/note", longest=500) if body.note else None
    if limited := count_post(request, caller):
        raise limited
    by = _reporter(request, caller)
    async with database_of(request).write() as connection:
        return await file_report(connection, caller.site, comment_id, by=by, reason=body.reason, note=note)


def _reporter(request: Request, caller: Caller) -> Reporter:
    """Whom the host signed in is known by that, all others by their address: anybody gets author tokens by posting."""
    email = caller.profile.email if caller.profile else None
    marks, address = author_marks_of(request, caller, email), address_marks_of(request, caller)
    if address and not caller.profile:
        return Reporter(address[0], by_address=True, marks=marks + address)
    if not marks:
        raise Unauthenticated("Who reports is told by a token or by an address.")
    return Reporter(marks[0], by_address=False, marks=marks + address)
