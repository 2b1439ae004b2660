"""A site's rules: read, replaced and tried."""
