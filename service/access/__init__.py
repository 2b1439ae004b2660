"""Who is asking, and by what right."""
