"""The sentences that readers see, in 18 languages."""
