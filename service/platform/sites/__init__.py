"""Sites: the publications of an installation, with their settings, rules and secrets."""
