"""The host is told of everything, signed, and tells us of its articles the same way."""
