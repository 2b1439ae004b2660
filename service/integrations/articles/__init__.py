"""Article events from the host CMS."""
