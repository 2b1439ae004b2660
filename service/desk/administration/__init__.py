"""Rules, settings, accounts, keys and webhooks."""
