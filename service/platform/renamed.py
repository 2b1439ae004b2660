"""Names that changed before the first release; an error for an old name states the new one."""

RULES = {
    "held_words": "hold_words",
    "refused_words": "reject_words",
    "most_links": "max_links",
    "longest": "max_length",
    "most_capitals": "max_capitals_percent",
    "most_repeated": "max_repeated_characters",
    "allowed_domains": "allowed_link_domains",
    "refused_domains": "reject_link_domains",
    "most_per_reader": "max_per_minute_per_reader",
    "most_per_address": "max_per_minute_per_address",
    "most_rejected": "max_rejected_percent",
    "trusted_after": "trusted_after_published",
    "fewest_seconds": "min_form_seconds",
    "akismet_unreachable": "on_akismet_failure",
    "reports_needed": "report_threshold",
    "reported": "on_report_threshold",
    "tell_authors": "explain_to_author",
}
SITE_SETTINGS = {
    "address_days": "fingerprint_retention_days",
    "delivery_days": "delivery_retention_days",
    "posts_per_reader": "post_limit_per_reader",
    "posts_per_address": "post_limit_per_address",
    "calls_per_address": "request_limit_per_address",
    "calls_per_key": "request_limit_per_key",
    "origins": "cors_origins",
    "token_jwks": "jwt_jwks_url",
    "token_issuer": "jwt_issuer",
    "token_audience": "jwt_audience",
    "deleted_articles": "on_article_deleted",
}
SETTINGS = {"stop_seconds": "shutdown_seconds", "public_url": "base_url", "streams": "max_streams"}
MEMBERS = {**RULES, **SITE_SETTINGS, "verdict": "action"}
