"""Those who post."""
