"""Take a report from the API or a page's form."""

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


async def submit_report(request: Request, caller: Caller, comment_id: UUID, body: ReportIn) -> tuple[Report, bool]:
    """File a report and return it, and whether it is new; raises the problem that refuses it."""
    note = read_line(body.note, pointer="/note", max_length=500) if body.note else None
    if limited := count_post(request, caller):
        raise limited
    by = _reporter(request, caller)
    async with database_of(request).write() as connection:
        return await file_report(connection, caller.site, comment_id, by=by, reason=body.reason, note=note)


def _reporter(request: Request, caller: Caller) -> Reporter:
    """Identify a reader signed in by the host by account, others by address: anyone can post to get an author token."""
    email = caller.profile.email if caller.profile else None
    fingerprints, address = author_marks_of(request, caller, email), address_marks_of(request, caller)
    if address and not caller.profile:
        return Reporter(address[0], by_address=True, fingerprints=fingerprints + address)
    if not fingerprints:
        raise Unauthenticated("A report needs a reader: send an author token or a host token.")
    return Reporter(fingerprints[0], by_address=False, fingerprints=fingerprints + address)
