"""The pages that are generated: `make docs` writes them, and a test holds that they are what it would write."""
