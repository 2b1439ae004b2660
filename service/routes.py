"""All routes, one line each: method, path, handler, allowed callers."""

from starlette.routing import BaseRoute

from service import health
from service.conversation.closures import api as closures
from service.conversation.closures.wire import ClosuresQuery
from service.conversation.comments import api as comments
from service.conversation.comments.wire import CommentBySourceQuery, OwnCommentsQuery, PageQuery
from service.conversation.threads import api as threads
from service.conversation.threads.wire import SectionQuery, ThreadByUrlQuery, ThreadsQuery
from service.desk_routes import DESK_ROUTES
from service.integrations.articles import api as articles
from service.integrations.endpoints import api as webhooks
from service.integrations.endpoints.wire import DeliveriesQuery, EndpointsQuery
from service.integrations.event_log import api as events
from service.integrations.event_log.wire import EventsQuery
from service.moderation.decisions import api as decisions
from service.moderation.decisions.wire import DecisionsQuery
from service.moderation.erasure import api as erasure
from service.moderation.measures import api as measures
from service.moderation.measures.wire import BansQuery, MeasuresQuery
from service.moderation.queue import api as queue
from service.moderation.queue.wire import QueueQuery
from service.moderation.reports import api as reports
from service.moderation.rules import api as rules
from service.moderation.rules.wire import AgreementQuery
from service.moderation.transparency import api as transparency
from service.moderation.transparency.wire import TransparencyQuery
from service.platform.access import api as access
from service.platform.access.caller import (
    ADMIN,
    ANYONE,
    HOST,
    MODERATOR,
    PUBLIC,
    READER,
    SESSION,
    SIGNED,
    STAFF,
    CallerKinds,
)
from service.platform.access.wire import AccountsQuery, KeysQuery
from service.platform.http.authorize import SiteHandler, answer_preflight, guarded, limited
from service.platform.http.query_parameters import with_parameters
from service.platform.http.raw_routes import Handler, PreflightRoute, RawRoute
from service.platform.http.request_origin import date_locale_of
from service.reading.cache.cacheable import cached, cached_with_links, whole_site
from service.reading.docs import contract, guides, reference
from service.reading.feeds import api as feeds
from service.reading.pages import (
    embed_page,
    form_posts,
    front_page,
    receipt_page,
    statement_page,
    static_files,
    thread_page,
)
from service.reading.pages.forms import FORM_ACTIONS
from service.reading.pages.page_sessions import with_visitor
from service.reading.pages.wire import FragmentQuery
from service.reading.streams import api as streams
from service.reading.streams.wire import StreamQuery

SITE = "/v1/sites/{site}"

_get_comments = cached(comments.get_comments, PageQuery, shows_own=True)
_get_fragment = cached_with_links(thread_page.get_fragment, FragmentQuery, shows_own=True, locale_of=date_locale_of)

# A query parameter in a path is required by the route. The busiest routes come first.
# fmt: off
SITE_ROUTES: list[tuple[str, str, SiteHandler, CallerKinds]] = [
    ("POST",   "/threads/{article}/comments", comments.post_comment,       ANYONE),
    ("GET",    "/threads/{article}/comments", _get_comments,          ANYONE),
    ("GET",    "/threads/{article}/comments.html", _get_fragment,     ANYONE),
    ("GET",    "/threads/{article}/feed.atom", cached_with_links(feeds.get_thread_feed), ANYONE),
    ("GET",    "/feed.atom", cached_with_links(feeds.get_site_feed, SectionQuery, depends_on=whole_site), ANYONE),
    ("GET",    "/threads/{article}/stream",   streams.get_stream,          ANYONE),
    ("GET",    "/counts",                     cached(threads.get_counts),    ANYONE),
    ("POST",   "/counts",                     threads.post_counts,         ANYONE),
    ("GET",    "/threads/{article}",          cached(threads.get_thread),    ANYONE),
    ("PUT",    "/threads/{article}",          threads.put_thread,          HOST),
    ("DELETE", "/threads/{article}",          articles.delete_thread,      HOST),
    ("POST",   "/threads/{article}/move",     articles.post_move,          HOST),
    ("POST",   "/threads/{article}/withdraw", articles.post_withdraw,      HOST),
    ("POST",   "/threads/{article}/restore",  articles.post_restore,       HOST),
    ("POST",   "/threads/{article}/close",    threads.post_close,          STAFF),
    ("POST",   "/threads/{article}/reopen",   threads.post_reopen,         STAFF),
    ("PUT",    "/threads/{article}/mode",     threads.put_mode,            STAFF),
    ("POST",   "/close",                      closures.post_site_close,    STAFF),
    ("POST",   "/reopen",                     closures.post_site_reopen,   STAFF),
    ("GET",    "/closures",                   closures.get_closures,       STAFF),
    ("GET",    "/threads?url",                threads.get_thread_by_url,   ANYONE),
    ("GET",    "/threads",                    threads.get_threads,         STAFF),
    ("POST",   "/preview",                    comments.post_preview,       ANYONE),
    ("GET",    "/comments/{comment}",         comments.get_comment,        ANYONE),
    ("GET",    "/comments",                   comments.get_comment_by_source, ANYONE),
    ("PATCH",  "/comments/{comment}",         comments.patch_comment,      READER),
    ("DELETE", "/comments/{comment}",         comments.remove_comment,     READER),
    ("POST",   "/decisions",                  decisions.post_decisions,    MODERATOR),
    ("GET",    "/decisions",                  decisions.get_decisions,     MODERATOR),
    ("GET",    "/queue",                      queue.get_queue,             MODERATOR),
    ("POST",   "/claims",                     queue.post_claims,           MODERATOR),
    ("DELETE", "/claims",                     queue.remove_claims,         MODERATOR),
    ("POST",   "/comments/{comment}/reports", reports.post_report,         PUBLIC),
    ("GET",    "/comments/{comment}/reports", reports.get_reports,         MODERATOR),
    ("GET",    "/reports/{receipt}",          reports.get_receipt,         ANYONE),
    ("POST",   "/comments/{comment}/appeal",  decisions.post_appeal,       READER),
    ("GET",    "/bans",                       measures.get_bans,           MODERATOR),
    ("POST",   "/bans",                       measures.post_ban,           MODERATOR),
    ("DELETE", "/bans/{ban}",                 measures.remove_ban,         MODERATOR),
    ("GET",    "/measures",                   measures.get_measures,       MODERATOR),
    ("POST",   "/measures",                   measures.post_measure,       MODERATOR),
    ("DELETE", "/measures/{measure}",         measures.remove_measure,     MODERATOR),
    ("GET",    "/readers/{reader}",           measures.get_reader,         MODERATOR),
    ("DELETE", "/readers/{reader}",           erasure.delete_reader,       ADMIN),
    ("GET",    "/readers/me/comments",        comments.get_own_comments,   READER),
    ("GET",    "/transparency",               transparency.get_transparency, STAFF),
    ("GET",    "/transparency.csv",           transparency.get_transparency_csv, STAFF),
    ("GET",    "/rules",                      rules.get_rules,             MODERATOR),
    ("PUT",    "/rules",                      rules.put_rules,             MODERATOR),
    ("POST",   "/rules/try",                  rules.post_try,              MODERATOR),
    ("GET",    "/rules/agreement",            rules.get_agreement,         MODERATOR),
    ("GET",    "/settings",                   rules.get_settings,          ADMIN),
    ("PATCH",  "/settings",                   rules.patch_settings,        ADMIN),
    ("GET",    "/events",                     events.get_events,           HOST),
    ("GET",    "/endpoints",                  webhooks.get_endpoints,      ADMIN),
    ("POST",   "/endpoints",                  webhooks.post_endpoint,      ADMIN),
    ("GET",    "/endpoints/{endpoint}",       webhooks.get_endpoint,       ADMIN),
    ("PATCH",  "/endpoints/{endpoint}",       webhooks.patch_endpoint,     ADMIN),
    ("DELETE", "/endpoints/{endpoint}",       webhooks.delete_endpoint,    ADMIN),
    ("POST",   "/endpoints/{endpoint}/rotate", webhooks.post_rotate,       ADMIN),
    ("POST",   "/endpoints/{endpoint}/test",  webhooks.post_test,          ADMIN),
    ("POST",   "/endpoints/{endpoint}/redeliver", webhooks.post_redeliver, ADMIN),
    ("GET",    "/endpoints/{endpoint}/deliveries", webhooks.get_deliveries, ADMIN),
    ("GET",    "/endpoints/{endpoint}/deliveries/{position}", webhooks.get_delivery, ADMIN),
    ("POST",   "/webhooks/articles",          articles.post_article_event, SIGNED),
    ("GET",    "/keys",                       access.get_keys,             ADMIN),
    ("POST",   "/keys",                       access.post_key,             ADMIN),
    ("DELETE", "/keys/{key}",                 access.delete_key,           ADMIN),
    ("GET",    "/moderators",                 access.get_moderators,       ADMIN),
    ("POST",   "/moderators",                 access.post_moderator,       ADMIN),
    ("PATCH",  "/moderators/{moderator}",     access.patch_moderator,      ADMIN),
    ("DELETE", "/moderators/{moderator}",     access.delete_moderator,     ADMIN),
    ("POST",   "/sessions",                   access.post_session,         ANYONE),
    ("GET",    "/sessions/current",           access.get_session,          SESSION),
    ("DELETE", "/sessions/current",           access.end_current_session,  SESSION),
]
OPEN_ROUTES: list[tuple[str, str, Handler]] = [
    ("GET",    "/",                           limited(front_page.get_index)),
    ("GET",    "/docs",                       limited(reference.get_docs)),
    ("GET",    "/docs/guides/",               limited(guides.get_guides)),
    ("GET",    "/docs/guides/{guide}",        limited(guides.get_guide)),
    ("GET",    "/problems/{problem}",         limited(reference.get_problem)),
    ("GET",    "/openapi.json",               limited(contract.get_contract)),
    ("GET",    "/healthz",                    health.get_healthz),
    ("GET",    "/readyz",                     health.get_readyz),
    ("GET",    "/metrics",                    limited(health.get_metrics)),
    ("GET",    "/static/{file}",              limited(static_files.get_static)),
    ("GET",    "/embed.js",                   limited(static_files.get_embed)),
    ("GET",    "/{site}/{article}",           with_visitor(thread_page.get_thread_page)),
    ("GET",    "/{site}/{article}/embed",     with_visitor(embed_page.get_embed_page)),
    ("GET",    "/{site}/reports/{receipt}",   with_visitor(receipt_page.get_receipt_page)),
    ("GET",    "/{site}/comments/{comment}",  with_visitor(thread_page.find_comment_page)),
    ("GET",    "/{site}/comments/{comment}/statement", with_visitor(statement_page.get_statement)),
    ("POST",   "/{site}/comments/{comment}/appeal", with_visitor(statement_page.send_appeal)),
    ("POST",   "/{site}/{article}/comments",  with_visitor(form_posts.send_post)),
    ("POST",   "/{site}/{article}/comments/{comment}", with_visitor(form_posts.send_edit)),
    ("POST",   "/{site}/{article}/comments/{comment}/deletion", with_visitor(form_posts.send_deletion)),
    ("POST",   "/{site}/{article}/comments/{comment}/report", with_visitor(form_posts.send_report)),
]
# fmt: on

# The query parameters of routes that have any; all other parameters are refused.
PARAMETERS: dict[str, tuple[str, ...]] = {
    "GET /threads/{article}/comments": PageQuery.__struct_fields__,
    "GET /threads/{article}/comments.html": FragmentQuery.__struct_fields__,
    "GET /threads/{article}/stream": StreamQuery.__struct_fields__,
    "GET /feed.atom": SectionQuery.__struct_fields__,
    "GET /counts": ("article", "section", "url"),
    "GET /threads?url": ThreadByUrlQuery.__struct_fields__,
    "GET /threads": ThreadsQuery.__struct_fields__,
    "GET /comments": CommentBySourceQuery.__struct_fields__,
    "GET /closures": ClosuresQuery.__struct_fields__,
    "GET /decisions": DecisionsQuery.__struct_fields__,
    "GET /queue": QueueQuery.__struct_fields__,
    "GET /rules/agreement": AgreementQuery.__struct_fields__,
    "GET /transparency": TransparencyQuery.__struct_fields__,
    "GET /transparency.csv": TransparencyQuery.__struct_fields__,
    "GET /bans": BansQuery.__struct_fields__,
    "GET /measures": MeasuresQuery.__struct_fields__,
    "GET /readers/me/comments": OwnCommentsQuery.__struct_fields__,
    "GET /events": EventsQuery.__struct_fields__,
    "GET /keys": KeysQuery.__struct_fields__,
    "GET /moderators": AccountsQuery.__struct_fields__,
    "GET /endpoints": EndpointsQuery.__struct_fields__,
    "GET /endpoints/{endpoint}/deliveries": DeliveriesQuery.__struct_fields__,
    # WordPress and others add a version to the address of a script or style.
    "GET /static/{file}": ("v", "ver"),
    "GET /embed.js": ("v", "ver"),
    "GET /{site}/{article}": ("order", "cursor", "comment", "confirmation", *FORM_ACTIONS),
    "GET /{site}/comments/{comment}": ("order", *FORM_ACTIONS),
    "POST /{site}/{article}/comments": ("order",),
    "POST /{site}/{article}/comments/{comment}": ("order",),
    "POST /{site}/{article}/comments/{comment}/deletion": ("order",),
    "POST /{site}/{article}/comments/{comment}/report": ("order",),
    "GET /{site}/reports/{receipt}": ("confirmation",),
}


def routes() -> list[BaseRoute]:
    """Create every route of the app, in matching order."""
    of_sites = [
        RawRoute(method, SITE + path, guarded(handler, who, PARAMETERS.get(f"{method} {path}", ())))
        for method, path, handler, who in SITE_ROUTES
    ]
    return [
        *of_sites,
        PreflightRoute(SITE, answer_preflight),
        *(RawRoute(method, path, handler) for method, path, handler in DESK_ROUTES),
        *(RawRoute(method, path, _open(method, path, handler)) for method, path, handler in OPEN_ROUTES),
    ]


def _open(method: str, path: str, handler: Handler) -> Handler:
    parameters = PARAMETERS.get(f"{method} {path}", ())
    return with_parameters(handler, parameters, allow_tracking=path == "/" or path.startswith("/{site}/"))
