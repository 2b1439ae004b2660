"""The routes of the moderators' desk, one line each: method, path, handler. Every page needs a session."""

from service.desk.administration.endpoint_page import (
    get_attempts,
    get_endpoint,
    send_endpoint_changes,
    send_endpoint_deletion,
    send_redelivery,
    send_rotation,
    send_test,
)
from service.desk.administration.keys_page import (
    get_keys,
    get_secrets,
    send_key,
    send_key_revocation,
    send_secret,
    send_secret_deletion,
)
from service.desk.administration.moderators_page import (
    get_moderators,
    send_moderator,
    send_moderator_changes,
    send_moderator_removal,
)
from service.desk.administration.rule_agreement_page import get_agreement
from service.desk.administration.rules_page import get_rules, get_words, send_rules
from service.desk.administration.settings_page import get_section, get_settings, send_section, send_settings
from service.desk.administration.webhooks_page import get_webhooks, send_endpoint
from service.desk.figures.decision_log_page import get_log, get_log_csv, get_log_json_lines
from service.desk.figures.overview_page import get_overview
from service.desk.figures.transparency_page import get_transparency, get_transparency_csv
from service.desk.frame.desk_page import get_desk_file
from service.desk.readers.ban_author import get_ban, send_ban
from service.desk.readers.erasure_page import get_erasure, send_erasure
from service.desk.readers.reader_page import get_reader_record, send_measure, send_measure_end
from service.desk.readers.readers_page import get_readers
from service.desk.review.claim_forms import send_claims
from service.desk.review.decision_forms import send_decision
from service.desk.review.queue_page import get_newer, get_queue
from service.desk.review.reports_page import get_reports
from service.desk.sign_in.account_page import get_account, send_end_session, send_end_sessions, send_password
from service.desk.sign_in.desk_request import DeskHandler, with_moderator
from service.desk.sign_in.front_door import get_desk, get_desks
from service.desk.sign_in.second_factor_page import get_setup, send_factor_off, send_recovery_codes, send_setup
from service.desk.sign_in.sign_in_code import send_code
from service.desk.sign_in.sign_in_form import with_sign_in_form
from service.desk.sign_in.sign_in_oidc import get_oidc_sign_in, get_oidc_sign_out, send_oidc_sign_in
from service.desk.sign_in.sign_in_page import get_sign_in, send_sign_in, send_sign_out
from service.desk.sign_in.sign_in_token import send_token
from service.desk.threads.hours_page import get_hours, send_hours
from service.desk.threads.stops_page import get_stops, send_stop, send_stop_end
from service.desk.threads.thread_context_page import get_thread_context
from service.desk.threads.thread_forms import send_closing, send_mode, send_move
from service.desk.threads.thread_list_page import get_thread_list
from service.platform.access.caller import ACCOUNT, ADMIN, MODERATOR, CallerKinds
from service.platform.http.raw_routes import Handler

# fmt: off
DESK_PAGES: list[tuple[str, str, DeskHandler, CallerKinds]] = [
    ("GET",    "/queue",                      get_queue,                   MODERATOR),
    ("GET",    "/queue/newer",                get_newer,                   MODERATOR),
    ("GET",    "/comments/{comment}/reports", get_reports,                 MODERATOR),
    ("GET",    "/comments/{comment}/ban",     get_ban,                     MODERATOR),
    ("POST",   "/comments/{comment}/ban",     send_ban,                    MODERATOR),
    ("GET",    "/threads",                    get_thread_list,             MODERATOR),
    ("GET",    "/threads/{article}",          get_thread_context,          MODERATOR),
    ("POST",   "/threads/{article}/closing",  send_closing,                MODERATOR),
    ("POST",   "/threads/{article}/mode",     send_mode,                   MODERATOR),
    ("POST",   "/threads/{article}/move",     send_move,                   ADMIN),
    ("GET",    "/stops",                      get_stops,                   MODERATOR),
    ("POST",   "/stops",                      send_stop,                   MODERATOR),
    ("POST",   "/stops/{closure}/end",        send_stop_end,               MODERATOR),
    ("GET",    "/hours",                      get_hours,                   MODERATOR),
    ("POST",   "/hours",                      send_hours,                  ADMIN),
    ("GET",    "/readers",                    get_readers,                 MODERATOR),
    ("GET",    "/readers/{reader}",           get_reader_record,           MODERATOR),
    ("GET",    "/readers/{reader}/erasure",   get_erasure,                 ADMIN),
    ("POST",   "/readers/{reader}/erasure",   send_erasure,                ADMIN),
    ("POST",   "/measures",                   send_measure,                MODERATOR),
    ("POST",   "/measures/{measure}/end",     send_measure_end,            MODERATOR),
    ("GET",    "/overview",                   get_overview,                MODERATOR),
    ("GET",    "/log",                        get_log,                     MODERATOR),
    ("GET",    "/log.csv",                    get_log_csv,                 MODERATOR),
    ("GET",    "/log.jsonl",                  get_log_json_lines,          MODERATOR),
    ("GET",    "/transparency",               get_transparency,            MODERATOR),
    ("GET",    "/transparency.csv",           get_transparency_csv,        MODERATOR),
    ("POST",   "/claims",                     send_claims,                 MODERATOR),
    ("POST",   "/decisions",                  send_decision,               MODERATOR),
    ("GET",    "/rules",                      get_rules,                   MODERATOR),
    ("POST",   "/rules",                      send_rules,                  MODERATOR),
    ("GET",    "/rules/words.txt",            get_words,                   MODERATOR),
    ("GET",    "/rules/agreement",            get_agreement,               MODERATOR),
    ("GET",    "/settings",                   get_settings,                ADMIN),
    ("POST",   "/settings",                   send_settings,               ADMIN),
    ("GET",    "/settings/sections",          get_section,                 ADMIN),
    ("POST",   "/settings/sections",          send_section,                ADMIN),
    ("GET",    "/settings/keys",              get_keys,                    ADMIN),
    ("POST",   "/settings/keys",              send_key,                    ADMIN),
    ("POST",   "/settings/keys/{key}/revoke", send_key_revocation,         ADMIN),
    ("GET",    "/settings/moderators",        get_moderators,              ADMIN),
    ("POST",   "/settings/moderators",        send_moderator,              ADMIN),
    ("POST",   "/settings/moderators/{moderator}", send_moderator_changes, ADMIN),
    ("POST",   "/settings/moderators/{moderator}/remove", send_moderator_removal, ADMIN),
    ("GET",    "/settings/secrets",           get_secrets,                 ADMIN),
    ("POST",   "/settings/secrets",           send_secret,                 ADMIN),
    ("POST",   "/settings/secrets/delete",    send_secret_deletion,        ADMIN),
    ("GET",    "/account",                    get_account,                 MODERATOR),
    ("POST",   "/account/password",           send_password,               MODERATOR),
    ("POST",   "/account/sessions/end",       send_end_sessions,           MODERATOR),
    ("POST",   "/account/sessions/{session}/end", send_end_session,        MODERATOR),
    ("GET",    "/account/second-factor",      get_setup,                   ACCOUNT),
    ("POST",   "/account/second-factor",      send_setup,                  ACCOUNT),
    ("POST",   "/account/second-factor/off",  send_factor_off,             MODERATOR),
    ("POST",   "/account/recovery-codes",     send_recovery_codes,         MODERATOR),
    ("GET",    "/webhooks",                   get_webhooks,                ADMIN),
    ("POST",   "/webhooks",                   send_endpoint,               ADMIN),
    ("GET",    "/webhooks/{endpoint}",        get_endpoint,                ADMIN),
    ("POST",   "/webhooks/{endpoint}",        send_endpoint_changes,       ADMIN),
    ("POST",   "/webhooks/{endpoint}/test",   send_test,                   ADMIN),
    ("POST",   "/webhooks/{endpoint}/rotate", send_rotation,               ADMIN),
    ("POST",   "/webhooks/{endpoint}/resend", send_redelivery,             ADMIN),
    ("POST",   "/webhooks/{endpoint}/delete", send_endpoint_deletion,      ADMIN),
    ("GET",    "/webhooks/{endpoint}/deliveries/{position}", get_attempts, ADMIN),
]
DESK_ROUTES: list[tuple[str, str, Handler]] = [
    ("GET",    "/desk/static/{file}",         get_desk_file),
    ("GET",    "/desk",                       get_desks),
    ("GET",    "/desk/",                      get_desks),
    ("GET",    "/desk/{site}",                get_desk),
    ("GET",    "/desk/{site}/",               get_desk),
    ("GET",    "/desk/{site}/sign-in",        get_sign_in),
    ("POST",   "/desk/{site}/sign-in",        with_sign_in_form(send_sign_in)),
    ("POST",   "/desk/{site}/sign-in/code",   with_sign_in_form(send_code)),
    ("POST",   "/desk/{site}/sign-in/token",  send_token),
    ("POST",   "/desk/{site}/sign-in/oidc",   with_sign_in_form(send_oidc_sign_in)),
    ("GET",    "/desk/{site}/sign-in/oidc",   get_oidc_sign_in),
    ("GET",    "/desk/{site}/sign-out/oidc",  get_oidc_sign_out),
    ("POST",   "/desk/{site}/sign-out",       send_sign_out),
    *((method, f"/desk/{{site}}{path}", with_moderator(handler, who)) for method, path, handler, who in DESK_PAGES),
]
# fmt: on
