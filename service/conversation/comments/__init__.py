"""Comments: post, edit, delete, list and count them."""
