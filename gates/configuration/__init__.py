"""The gates file, and what it refers to."""
