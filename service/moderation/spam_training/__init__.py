"""Train the spam filter on moderators' decisions."""
