"""Comments: posted, edited, deleted, paged and counted."""
