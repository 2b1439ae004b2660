"""Submit a report from the API or a page's form."""

from uuid import UUID

from service.moderation.reports.file_report import file_report
from service.moderation.reports.report_store import NewReport, Report, Reporter
from service.moderation.reports.wire import ReportIn
from service.platform.access.caller import Caller, PostOrigin
from service.platform.access.fingerprints import Fingerprints
from service.platform.access.platform_state import PlatformState
from service.platform.problems import Unauthenticated
from service.platform.text.field_types import read_line


def read_report(typed: ReportIn) -> NewReport:
    """Return a report with its texts cleaned; raises InvalidField."""
    note = read_line(typed.note, pointer="/note", max_length=500) if typed.note else None
    contact = read_line(typed.contact, pointer="/contact", max_length=254) if typed.contact else None
    return NewReport(typed.reason, note, contact)


async def submit_report(
    state: PlatformState, caller: Caller, comment_id: UUID, new: NewReport, *, origin: PostOrigin
) -> tuple[Report, str | None]:
    """File a report and return it, and the token of its receipt if it is new; raises the problem that refuses it."""
    by = _reporter(state.gate.fingerprints, caller, origin)
    async with state.database.write() as connection:
        return await file_report(connection, caller.site, comment_id, by=by, new=new, seal=state.report_seal)


def _reporter(fingerprints: Fingerprints, caller: Caller, origin: PostOrigin) -> Reporter:
    """Identify a reader signed in by the host by account, others by address: anyone can post to get an author token."""
    email = caller.profile.email if caller.profile else None
    by_author = fingerprints.of_author(caller.site.id, reader_id=caller.reader_id, email=email)
    by_address = fingerprints.of_address(caller.site.id, origin.address) if origin.address else []
    if by_address and not caller.profile:
        return Reporter(by_address[0], by_address=True, fingerprints=by_author + by_address)
    if not by_author:
        raise Unauthenticated("A report needs a token or a client address to identify the reporter.")
    return Reporter(by_author[0], by_address=False, fingerprints=by_author + by_address)
