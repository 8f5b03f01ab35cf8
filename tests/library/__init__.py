"""The standard library beside torch."""
