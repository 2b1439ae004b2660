"""What a site judges by and how it is set: read, changed, and tried first."""
