"""How rule files are written: one module for each format."""
