"""Clean and check text and URLs from clients."""
