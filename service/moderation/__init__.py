"""Moderation: queue, decisions, reports, bans, rules, search and spam filter training."""
