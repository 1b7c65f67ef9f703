"""The HTTP side of dev-hq: what `dev-hq serve` answers.

Who may call at all is decided by guard.py, who may call what by doors.py; a body is read by strict_json.py, and every
refusal has the shape of errors.py. A file for each group of paths: scraping.py, alerts.py, chaos.py, quality.py,
anomalies.py. application.py puts them together.
"""
