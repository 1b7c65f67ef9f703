"""The files from which Grafana takes its data sources and dashboards, so that nothing is clicked by hand."""
