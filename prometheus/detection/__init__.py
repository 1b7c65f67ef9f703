"""What is anomalous: how far things are from their limits, and from what is usual for them."""
