"""Dashboards as code: what the stack and the catalogue of anomalies look like in Grafana."""
