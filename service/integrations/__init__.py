"""Integrations with other systems: webhooks in both directions, and imports."""
