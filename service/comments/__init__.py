"""Comments: posted, accepted, shown, edited, deleted."""
