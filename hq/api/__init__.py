"""The HTTP side of dev-hq: what `dev-hq serve` answers.

application.py puts it together. guard.py says who may call at all, doors.py who may call what, by tokens.py; audit.py
writes down who changed something. strict_json.py reads a body, events.py sends a stream, and every refusal has the
shape of errors.py.

A file for each group of paths: scraping.py, alerts.py, chaos.py, quality.py, anomalies.py. Behind /api/chaos are
runs.py and the run_*.py, behind /api/anomalies the anomaly_*.py. openapi/ is the document of it all, reference/ the
same for people.
"""
