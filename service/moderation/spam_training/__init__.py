"""What the spam filter learns from decisions."""
