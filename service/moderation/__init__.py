"""Moderators' work: the queue, decisions, reports, bans, rules, search and what the spam filter learns."""
