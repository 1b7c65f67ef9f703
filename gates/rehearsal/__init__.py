"""What can go wrong with a Prometheus and with what it measures, played by a server of our own."""
