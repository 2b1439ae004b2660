"""The publications of an installation, their settings, rules and secrets."""
