"""What a running Prometheus knows of HTTP services, and the stack.yaml that follows from it."""
