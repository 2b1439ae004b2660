"""The routes of the moderators' desk, one line each: method, path, handler. Every page needs a session."""

from service.desk.claim_forms import send_claims
from service.desk.decision_forms import send_decision
from service.desk.desk_page import get_desk_file
from service.desk.desk_request import DeskHandler, with_moderator
from service.desk.queue_page import get_newer, get_queue
from service.desk.reports_page import get_reports
from service.desk.sign_in_page import get_sign_in, send_sign_in, send_sign_out
from service.platform.access.caller import MODERATOR, CallerKinds
from service.platform.http.raw_routes import Handler

# fmt: off
DESK_PAGES: list[tuple[str, str, DeskHandler, CallerKinds]] = [
    ("GET",    "/queue",                      get_queue,                   MODERATOR),
    ("GET",    "/queue/newer",                get_newer,                   MODERATOR),
    ("GET",    "/comments/{comment}/reports", get_reports,                 MODERATOR),
    ("POST",   "/claims",                     send_claims,                 MODERATOR),
    ("POST",   "/decisions",                  send_decision,               MODERATOR),
]
DESK_ROUTES: list[tuple[str, str, Handler]] = [
    ("GET",    "/desk/static/{file}",         get_desk_file),
    ("GET",    "/desk/{site}/sign-in",        get_sign_in),
    ("POST",   "/desk/{site}/sign-in",        send_sign_in),
    ("POST",   "/desk/{site}/sign-out",       send_sign_out),
    *((method, f"/desk/{{site}}{path}", with_moderator(handler, who)) for method, path, handler, who in DESK_PAGES),
]
# fmt: on
