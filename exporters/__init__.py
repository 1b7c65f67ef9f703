"""What Prometheus scrapes from us."""
