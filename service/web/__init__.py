"""HTTP as every room needs it; knows no SQL and no rules."""
