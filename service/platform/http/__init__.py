"""What the rooms share of HTTP: decoding, routes, conditional requests, limits and the request log."""
