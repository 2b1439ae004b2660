"""The reports on a comment: what readers wrote, and the sealed words of reports of illegal content."""

from starlette.responses import Response

from service.desk.sign_in.desk_request import DeskRequest
from service.moderation.reports.list_reports import list_reports
from service.platform.access.platform_state import PlatformState
from service.platform.http.app_state import state_of
from service.platform.http.path_ids import comment_id_of


async def get_reports(desk: DeskRequest) -> Response:
    """Send the reports on a comment; a script gets only the list."""
    seal = state_of(desk.request, PlatformState).report_seal
    async with desk.database.read() as connection:
        reports = await list_reports(connection, desk.caller, comment_id_of(desk.request), seal=seal)
    return desk.page("reports_list.html" if desk.is_partial else "reports.html", reports=reports)
