"""How well the adaptive band detects what the Numenta Anomaly Benchmark (NAB) labels, by NAB's published formula."""
