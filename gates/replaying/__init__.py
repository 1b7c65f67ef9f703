"""Evidence of a verdict: written, read, and judged again."""
