"""The checks: a module for each, and all of them in order."""
