"""The whole HTTP surface, a line a route: method, path, handler, who may."""

from starlette.routing import BaseRoute

from service import health
from service.access import api as access
from service.access.caller import ADMIN, ANYONE, HOST, MODERATOR, PUBLIC, READER, SESSION, SIGNED, STAFF, Who
from service.access.guarding import SiteHandler, answer_preflight, guarded
from service.bans import api as bans
from service.cache.keeping import kept, whole_site
from service.comments import api as comments
from service.events import api as events
from service.live import feeds_api as feeds
from service.live import streaming
from service.moderation import api as moderation
from service.pages import contract, embedding, index, reference, sending, static, thread
from service.pages.visiting import visited
from service.reading.docs import guides
from service.rules import api as rules
from service.threads import api as threads
from service.web.origin import public_origin
from service.web.routing import Handler, PreflightRoute, RawRoute
from service.webhooks import api as webhooks
from service.webhooks import articles_api as articles

SITE = "/v1/sites/{site}"

# A query parameter in a path is one that the route needs. The busiest routes come first.
# fmt: off
SITE_ROUTES: list[tuple[str, str, SiteHandler, Who]] = [
    ("POST",   "/threads/{article}/comments", comments.post_comment,       ANYONE),
    ("GET",    "/threads/{article}/comments", kept(comments.get_comments), ANYONE),
    ("GET",    "/threads/{article}/comments.html", kept(thread.get_fragment, by=public_origin), ANYONE),
    ("GET",    "/threads/{article}/feed.atom", kept(feeds.get_thread_feed, by=public_origin), ANYONE),
    ("GET",    "/feed.atom",                  kept(feeds.get_site_feed, by=public_origin, about=whole_site), ANYONE),
    ("GET",    "/threads/{article}/stream",   streaming.get_stream,        ANYONE),
    ("GET",    "/counts",                     kept(threads.get_counts),    ANYONE),
    ("POST",   "/counts",                     threads.post_counts,         ANYONE),
    ("GET",    "/threads/{article}",          kept(threads.get_thread),    ANYONE),
    ("PUT",    "/threads/{article}",          threads.put_thread,          HOST),
    ("POST",   "/threads/{article}/close",    threads.post_close,          STAFF),
    ("POST",   "/threads/{article}/reopen",   threads.post_reopen,         STAFF),
    ("GET",    "/threads?url",                threads.get_thread_by_url,   ANYONE),
    ("GET",    "/threads",                    threads.get_threads,         STAFF),
    ("GET",    "/comments/{comment}",         comments.get_comment,        ANYONE),
    ("PATCH",  "/comments/{comment}",         comments.patch_comment,      READER),
    ("DELETE", "/comments/{comment}",         comments.remove_comment,     READER),
    ("POST",   "/decisions",                  moderation.post_decisions,   MODERATOR),
    ("GET",    "/decisions",                  moderation.get_decisions,    MODERATOR),
    ("GET",    "/queue",                      moderation.get_queue,        MODERATOR),
    ("POST",   "/claims",                     moderation.post_claims,      MODERATOR),
    ("DELETE", "/claims",                     moderation.remove_claims,    MODERATOR),
    ("POST",   "/comments/{comment}/reports", moderation.post_report,      PUBLIC),
    ("GET",    "/comments/{comment}/reports", moderation.get_reports,      MODERATOR),
    ("POST",   "/comments/{comment}/second-look", moderation.post_second_look, READER),
    ("GET",    "/bans",                       bans.get_bans,               MODERATOR),
    ("POST",   "/bans",                       bans.post_ban,               MODERATOR),
    ("DELETE", "/bans/{ban}",                 bans.remove_ban,             MODERATOR),
    ("GET",    "/readers/{reader}",           bans.get_reader,             MODERATOR),
    ("GET",    "/rules",                      rules.get_rules,             MODERATOR),
    ("PUT",    "/rules",                      rules.put_rules,             MODERATOR),
    ("POST",   "/rules/try",                  rules.post_try,              MODERATOR),
    ("GET",    "/settings",                   rules.get_settings,          ADMIN),
    ("PATCH",  "/settings",                   rules.patch_settings,        ADMIN),
    ("GET",    "/events",                     events.get_events,           HOST),
    ("GET",    "/endpoints",                  webhooks.get_endpoints,      ADMIN),
    ("POST",   "/endpoints",                  webhooks.post_endpoint,      ADMIN),
    ("GET",    "/endpoints/{endpoint}",       webhooks.get_endpoint,       ADMIN),
    ("PATCH",  "/endpoints/{endpoint}",       webhooks.patch_endpoint,     ADMIN),
    ("DELETE", "/endpoints/{endpoint}",       webhooks.delete_endpoint,            ADMIN),
    ("POST",   "/endpoints/{endpoint}/rotate", webhooks.post_rotate,       ADMIN),
    ("POST",   "/endpoints/{endpoint}/test",  webhooks.post_test,          ADMIN),
    ("POST",   "/endpoints/{endpoint}/redeliver", webhooks.post_redeliver, ADMIN),
    ("GET",    "/endpoints/{endpoint}/deliveries", webhooks.get_deliveries, ADMIN),
    ("GET",    "/endpoints/{endpoint}/deliveries/{position}", webhooks.get_delivery, ADMIN),
    ("POST",   "/hooks/articles",             articles.post_article_news,  SIGNED),
    ("POST",   "/sessions",                   access.post_session,         ANYONE),
    ("GET",    "/sessions/current",           access.get_session,          SESSION),
    ("DELETE", "/sessions/current",           access.end_current_session,  SESSION),
]
OPEN_ROUTES: list[tuple[str, str, Handler]] = [
    ("GET",    "/",                           index.get_index),
    ("GET",    "/docs",                       reference.get_docs),
    ("GET",    "/docs/guides/",               guides.get_guides),
    ("GET",    "/docs/guides/{guide}",        guides.get_guide),
    ("GET",    "/problems/{problem}",         reference.get_problem),
    ("GET",    "/openapi.json",               contract.get_contract),
    ("GET",    "/healthz",                    health.get_healthz),
    ("GET",    "/readyz",                     health.get_readyz),
    ("GET",    "/metrics",                    health.get_metrics),
    ("GET",    "/static/{file}",              static.get_static),
    ("GET",    "/embed.js",                   static.get_embed),
    ("GET",    "/{site}/{article}",           visited(thread.get_thread_page)),
    ("GET",    "/{site}/{article}/embed",     visited(embedding.get_embed_page)),
    ("GET",    "/{site}/comments/{comment}",  visited(thread.find_comment_page)),
    ("POST",   "/{site}/{article}/comments",  visited(sending.send_post)),
    ("POST",   "/{site}/{article}/comments/{comment}", visited(sending.send_edit)),
    ("POST",   "/{site}/{article}/comments/{comment}/deletion", visited(sending.send_deletion)),
    ("POST",   "/{site}/{article}/comments/{comment}/report", visited(sending.send_report)),
]
# fmt: on


def routes() -> list[BaseRoute]:
    """Every route of the app, in the order of matching."""
    of_sites = [RawRoute(method, SITE + path, guarded(handler, who)) for method, path, handler, who in SITE_ROUTES]
    return [
        *of_sites,
        PreflightRoute(SITE, answer_preflight),
        *(RawRoute(method, path, handler) for method, path, handler in OPEN_ROUTES),
    ]
