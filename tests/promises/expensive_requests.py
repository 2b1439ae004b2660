"""The most expensive request that the limits of each route allow."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote, quote_plus

import msgspec

from service.platform import clock
from tests.builders import PASSWORD
from tests.integrations.articles.articles import signed
from tests.promises.expensive_site import LINE, NAME, REASON, TEXT, TITLE, URL, ExpensiveSite

JSON = {"content-type": "application/json"}
FORM = {"content-type": "application/x-www-form-urlencoded"}


class Sent(msgspec.Struct, frozen=True):
    """A request: its target, its body, its caller (a role or a token), its headers."""

    target: str
    body: bytes = b""
    by: str | None = None
    headers: dict[str, str] = {}
    status: int = 200


Expensive = Callable[[ExpensiveSite], Sent]


def v1(path: str, *, by: str | None = None, json: Any = None, status: int = 200, **headers: str) -> Expensive:
    """A request below the site; ``path`` and the strings of ``json`` may have the fields of :func:`fields`."""

    def make(on: ExpensiveSite) -> Sent:
        body = b"" if json is None else msgspec.json.encode(json(on) if callable(json) else json)
        caller = {"author": on.author, "session": on.session}.get(by or "", on.site.keys.get(by or ""))
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return Sent(f"/v1/sites/{on.site.slug}{path.format(**fields(on))}", body, caller, {**JSON, **sent}, status)

    return make


def page(path: str, *, form: Callable[[ExpensiveSite], dict[str, str]] | None = None, status: int = 200) -> Expensive:
    """A request to a page of a reader with the author cookie."""

    def make(on: ExpensiveSite) -> Sent:
        headers = {"cookie": f"onereply-author={on.author}", "origin": "http://onereply.test", "host": "onereply.test"}
        body = (
            b""
            if form is None
            else "&".join(f"{name}={quote_plus(value)}" for name, value in form(on).items()).encode()
        )
        return Sent(path.format(site=on.site.slug, **fields(on)), body, None, headers | (FORM if form else {}), status)

    return make


def fields(on: ExpensiveSite) -> dict[str, str]:
    return {
        "published": on.published.path.removeprefix("/threads/"),
        "pending": on.pending.path.removeprefix("/threads/"),
        "comment": on.published_ids[0],
        "held": on.pending_ids[-1],
        "last": on.published_ids[-1],
        "another": on.published_ids[-2],
        "endpoint": on.endpoint,
        "ban": on.ban,
        "measure": on.measure,
        "reader": on.reader,
        "url": quote(URL, safe=""),
    }


def heavy_rules() -> dict[str, Any]:
    terms = [f"{number:05}{'*' * 95}" for number in range(10_000)]
    labels = ".".join(["ａｂｃｄｅｆｇｈｉｊ" * 4] * 5)
    domains = [f"{number:04}.{labels}.example" for number in range(1_000)]
    numbers = {"max_links": 1, "max_length": 9000, "max_capitals_percent": 99, "max_repeated_characters": 1000}
    flags = {
        "duplicates": "hold",
        "max_per_minute_per_reader": 50,
        "max_per_minute_per_address": 50,
        "max_rejected_percent": 99,
        "honeypot": True,
        "min_form_seconds": 1,
        "classifier": "hold",
    }
    lists = {
        "hold_words": terms,
        "reject_words": terms,
        "allowed_link_domains": domains,
        "reject_link_domains": domains,
    }
    return {**lists, **numbers, **flags}


AUTHOR = {"name": NAME, "email": f"{'a' * 60}@{'b' * 180}.example", "url": URL}
POST = {"body": TEXT, "author": AUTHOR, "form": {"honeypot": "", "seconds": 5}}
FIELDS = {"name": NAME, "email": AUTHOR["email"], "url": URL, "body": TEXT, "time": "", "home": ""}
SETTINGS = {
    "cors_origins": " ".join(f"https://{number}.{'ａ' * 60}.{'ｂ' * 60}.example" for number in range(20)),
    "post_limit_per_reader": "9999999/second " * 3 + "9999999/day",
    "jwt_jwks_url": "https://keys.example/" + "a" * 1900,
    "jwt_issuer": LINE,
    "jwt_audience": LINE,
}
THREAD = {
    "title": TITLE,
    "url": URL,
    "published_at": "2026-01-01T00:00:00Z",
    "closing": {"kind": "auto"},
    "mode": "hold-first-timers",
}
IDS = [f"{number:03}" + "𝔐" * 497 for number in range(200)]
Q = quote(" ".join(["wwwabc" * 3, "www", "a", "bc"] * 8)[:200])


def decision(action: str) -> Callable[[ExpensiveSite], Any]:
    return lambda on: {
        "action": action,
        "note": REASON,
        "comments": [{"id": each, "revision": 1} for each in on.pending_ids[:-1][:500]],
    }


def article_event(on: ExpensiveSite) -> Sent:
    data = {**THREAD, "article": on.published.article}
    event = {"type": "article.updated", "timestamp": clock.now().isoformat(), "data": data}
    body = msgspec.json.encode(event)
    body += b" " * (64 * 1024 - len(body))
    return Sent(f"/v1/sites/{on.site.slug}/webhooks/articles", body, None, signed(body))


REQUESTS: dict[str, list[Expensive]] = {
    "POST /threads/{article}/comments": [
        v1("/threads/{published}/comments", json=POST, status=201, idempotency_key="k" * 255)
    ],
    "GET /threads/{article}/comments": [
        v1("/threads/{published}/comments?limit=200"),
        v1("/threads/{published}/comments?limit=200&order=newest", by="moderator"),
        v1("/threads/{pending}/comments?limit=200", by="author"),
    ],
    "GET /threads/{article}/comments.html": [v1("/threads/{published}/comments.html")],
    "GET /threads/{article}/feed.atom": [v1("/threads/{published}/feed.atom")],
    "GET /feed.atom": [v1("/feed.atom")],
    "GET /threads/{article}/stream": [
        v1("/threads/{published}/stream?sequence=0"),
        v1("/threads/{published}/stream", last_event_id="1"),
    ],
    "GET /counts": [
        v1("/counts?" + "&".join(["article={published}"] + [f"article={number}" for number in range(199)]))
    ],
    "POST /counts": [
        v1("/counts", json={"articles": IDS}),
        v1("/counts", json={"urls": [f"https://gazette.example/{number:03}{'é' * 980}" for number in range(200)]}),
        v1("/counts", json={"urls": [f"https://gazette.example/{number:03}?{'&' * 1970}" for number in range(200)]}),
    ],
    "GET /threads/{article}": [v1("/threads/{published}")],
    "PUT /threads/{article}": [v1("/threads/{published}", by="host", json=THREAD)],
    "DELETE /threads/{article}": [v1("/threads/{pending}", by="host", status=204)],
    "POST /threads/{article}/move": [v1("/threads/{published}/move", by="host", json={"article": TITLE})],
    "POST /threads/{article}/withdraw": [v1("/threads/{pending}/withdraw", by="host", json={})],
    "POST /threads/{article}/restore": [v1("/threads/{pending}/restore", by="host", json={})],
    "POST /threads/{article}/close": [v1("/threads/{published}/close", by="host", json={"reason": REASON})],
    "POST /threads/{article}/reopen": [v1("/threads/{published}/reopen", by="host", json={})],
    "PUT /threads/{article}/mode": [v1("/threads/{published}/mode", by="host", json={"mode": None, "reason": LINE})],
    "GET /threads?url": [v1("/threads?url={url}")],
    "GET /threads": [v1("/threads?sort=replies&limit=200", by="host"), v1("/threads?limit=200", by="moderator")],
    "POST /preview": [v1("/preview", json={"body": TEXT})],
    "GET /comments/{comment}": [v1("/comments/{held}", by="moderator")],
    "GET /comments": [v1("/comments?source=wordpress:57", by="moderator")],
    "PATCH /comments/{comment}": [v1("/comments/{comment}", by="author", json={"body": TEXT})],
    "DELETE /comments/{comment}": [v1("/comments/{last}", by="author", status=204)],
    "GET /queue": [
        v1("/queue?limit=200", by="moderator"),
        v1("/queue?limit=200&state=reported", by="moderator"),
        v1(f"/queue?limit=200&state=any&q={Q}", by="moderator"),
        v1("/queue?limit=200&state=any&q=www", by="moderator"),
    ],
    "POST /decisions": [v1("/decisions", by="moderator", json=decision(each)) for each in ("publish", "delete")],
    "GET /decisions": [v1("/decisions?limit=200", by="moderator")],
    "POST /claims": [v1("/claims", by="moderator", json={"limit": 50, "state": "reported"})],
    "DELETE /claims": [v1("/claims", by="moderator", status=204)],
    "POST /comments/{comment}/reports": [
        v1("/comments/{comment}/reports", json={"reason": "other", "note": REASON}, status=201)
    ],
    "GET /reports/{receipt}": [v1("/reports/report_x", status=404)],
    "GET /comments/{comment}/reports": [v1("/comments/{comment}/reports", by="moderator")],
    "POST /comments/{comment}/appeal": [
        v1("/comments/{held}/appeal", by="author", json={"note": REASON[:300]}, status=200)
    ],
    "GET /transparency": [v1("/transparency", by="moderator")],
    "GET /transparency.csv": [v1("/transparency.csv", by="moderator")],
    "GET /bans": [v1("/bans?limit=200", by="moderator")],
    "POST /bans": [
        v1(
            "/bans",
            by="moderator",
            json={"kind": "domain", "value": "ａ" * 60 + ".ａ" * 20 + ".example", "reason": REASON},
            status=201,
        )
    ],
    "DELETE /bans/{ban}": [v1("/bans/{ban}", by="moderator", status=204)],
    "GET /measures": [v1("/measures?limit=200&reader={reader}", by="moderator")],
    "POST /measures": [
        v1(
            "/measures",
            by="moderator",
            json=lambda on: {"action": "note", "kind": "reader", "value": on.reader, "reason": REASON},
            status=201,
        )
    ],
    "DELETE /measures/{measure}": [v1("/measures/{measure}", by="moderator", status=204)],
    "GET /closures": [v1("/closures?limit=200", by="moderator")],
    "POST /close": [
        v1("/close", by="moderator", json={"quiet_since": "2026-01-01T00:00:00Z", "reason": REASON, "dry_run": True})
    ],
    "POST /reopen": [v1("/reopen", by="moderator", json={}, status=404)],
    "GET /rules/agreement": [
        v1("/rules/agreement?rule=hold_words&since=2020-01-01T00:00:00Z", by="moderator"),
    ],
    "GET /readers/me/comments": [v1("/readers/me/comments?limit=200", by="author")],
    "GET /readers/{reader}": [v1("/readers/{reader}", by="moderator")],
    "GET /rules": [v1("/rules", by="moderator")],
    "POST /rules/try": [
        v1("/rules/try", by="moderator", json={"rules": {"max_length": 9}, "last": 100}),
        v1("/rules/try", by="moderator", json={"rules": heavy_rules(), "last": 2}),
    ],
    "PUT /rules": [
        v1("/rules", by="moderator", json=heavy_rules()),
        v1("/rules", by="moderator", json=heavy_rules() | {"max_links": 2}),
    ],
    "GET /settings": [v1("/settings", by="admin")],
    "PATCH /settings": [v1("/settings", by="admin", json=SETTINGS)],
    "GET /events": [v1("/events?limit=1000&after=3", by="host")],
    "GET /endpoints": [v1("/endpoints?limit=100", by="admin")],
    "POST /endpoints": [
        v1(
            "/endpoints",
            by="admin",
            json={"url": "http://127.0.0.1:9/" + "a" * 1900, "types": ["comment.published"] * 30, "description": LINE},
            status=201,
        )
    ],
    "GET /endpoints/{endpoint}": [v1("/endpoints/{endpoint}", by="admin")],
    "PATCH /endpoints/{endpoint}": [
        v1("/endpoints/{endpoint}", by="admin", json={"types": ["comment.*"] * 30, "description": LINE})
    ],
    "POST /endpoints/{endpoint}/rotate": [v1("/endpoints/{endpoint}/rotate", by="admin", json={})],
    "POST /endpoints/{endpoint}/test": [v1("/endpoints/{endpoint}/test", by="admin")],
    "POST /endpoints/{endpoint}/redeliver": [
        v1("/endpoints/{endpoint}/redeliver", by="admin", json={"first": 1}, status=202),
        v1("/endpoints/{endpoint}/redeliver", by="admin", json={"failed_since": "2020-01-01T00:00:00Z"}, status=202),
    ],
    "GET /endpoints/{endpoint}/deliveries": [v1("/endpoints/{endpoint}/deliveries?limit=200", by="admin")],
    "GET /endpoints/{endpoint}/deliveries/{position}": [v1("/endpoints/{endpoint}/deliveries/1", by="admin")],
    "POST /webhooks/articles": [article_event],
    "GET /keys": [v1("/keys?limit=200", by="admin")],
    "POST /keys": [v1("/keys", by="admin", json={"role": "host"}, status=201)],
    "DELETE /keys/{key}": [v1("/keys/000000000000", by="admin", status=404)],
    "GET /moderators": [v1("/moderators?limit=200", by="admin")],
    "POST /moderators": [v1("/moderators", by="admin", json={"name": NAME, "role": "admin"}, status=201)],
    "PATCH /moderators/{moderator}": [v1("/moderators/0", by="admin", json={"role": "admin"}, status=404)],
    "DELETE /moderators/{moderator}": [v1("/moderators/0", by="admin", status=404)],
    "POST /sessions": [v1("/sessions", json={"name": "Maria", "password": PASSWORD}, status=201)],
    "GET /sessions/current": [v1("/sessions/current", by="session")],
    "GET /": [page("/")],
    "GET /docs": [page("/docs")],
    "GET /docs/guides/": [page("/docs/guides/")],
    "GET /docs/guides/{guide}": [page("/docs/guides/webhooks")],
    "GET /problems/{problem}": [page("/problems/not-found")],
    "GET /openapi.json": [page("/openapi.json")],
    "GET /healthz": [page("/healthz")],
    "GET /readyz": [page("/readyz")],
    "GET /metrics": [page("/metrics", status=404)],
    "GET /static/{file}": [page("/static/page.css")],
    "GET /embed.js": [page("/embed.js")],
    "GET /{site}/{article}": [
        page("/{site}/{published}"),
        page("/{site}/{published}?reply={comment}"),
        page("/{site}/{pending}"),
    ],
    "GET /{site}/{article}/embed": [page("/{site}/{published}/embed")],
    "GET /{site}/comments/{comment}": [page("/{site}/comments/{comment}", status=303)],
    "GET /{site}/comments/{comment}/statement": [page("/{site}/comments/{held}/statement")],
    "POST /{site}/comments/{comment}/appeal": [
        page("/{site}/comments/{held}/appeal", form=lambda _: {"note": REASON[:300]}, status=409)  # a second appeal
    ],
    "GET /{site}/reports/{receipt}": [page("/{site}/reports/report_x", status=404)],
    "POST /{site}/{article}/comments": [page("/{site}/{published}/comments", form=lambda _: FIELDS, status=303)],
    "POST /{site}/{article}/comments/{comment}": [
        page("/{site}/{published}/comments/{comment}", form=lambda _: {"body": TEXT}, status=303)
    ],
    "POST /{site}/{article}/comments/{comment}/report": [
        page(
            "/{site}/{published}/comments/{comment}/report",
            form=lambda _: {"reason": "other", "note": REASON},
            status=303,
        )
    ],
    "POST /{site}/{article}/comments/{comment}/deletion": [
        page("/{site}/{published}/comments/{another}/deletion", form=lambda _: {}, status=303)
    ],
    "DELETE /endpoints/{endpoint}": [v1("/endpoints/{endpoint}", by="admin", status=204)],
    "DELETE /sessions/current": [v1("/sessions/current", by="session", status=204)],
    "DELETE /readers/{reader}": [v1("/readers/{reader}", by="admin", status=204)],
}
