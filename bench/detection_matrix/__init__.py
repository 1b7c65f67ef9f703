"""The full matrix of detection: every type of anomaly at known sizes, on constructed series, through promtool."""
