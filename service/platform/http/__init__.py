"""HTTP: decoding, routes, conditional requests, limits and the request log."""
