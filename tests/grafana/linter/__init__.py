"""Holds dashboards to the rules of grafana/dashboard-linter, which is a Go program, and to more of our own."""
