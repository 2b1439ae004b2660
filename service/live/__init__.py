"""What is told as it happens: streams and feeds."""
