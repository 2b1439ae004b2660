"""Messages for readers, in 18 languages."""
