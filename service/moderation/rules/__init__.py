"""A site's rules: get, replace, and try on past comments."""
