"""The automatic judgement of a comment as it arrives."""
