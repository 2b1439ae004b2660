"""Forms made from structs, and what becomes of refused ones."""
