"""Encoded answers of hot reads, dropped as the log moves."""
