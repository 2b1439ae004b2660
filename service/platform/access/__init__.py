"""Authentication and access: keys, tokens, sessions, rate limits and CORS."""
