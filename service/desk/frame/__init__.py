"""How pages of the desk are rendered and protected."""
