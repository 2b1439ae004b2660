"""Text and URLs as people type them."""
