"""The API reference, the contract and the guides."""
