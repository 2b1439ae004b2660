"""People judge what readers posted."""
