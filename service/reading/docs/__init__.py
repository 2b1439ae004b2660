"""The contract and its reference."""
