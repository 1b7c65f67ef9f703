"""What is recorded of objectives, and when it alerts: counts, budgets, burn rates."""
