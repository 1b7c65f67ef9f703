"""What is asked of Prometheus, and what is told to it."""
