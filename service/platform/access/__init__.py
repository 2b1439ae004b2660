"""Who calls: keys, tokens, sessions, rate limits and cross-origin calls."""
