"""Rules on recorded or constructed series: a running Prometheus is recorded, and `promtool test rules` replays it."""
