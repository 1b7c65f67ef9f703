"""The lint of rules: what Prometheus accepts although it can never do what its author believes."""
