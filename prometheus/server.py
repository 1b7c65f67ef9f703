"""The configuration of a Prometheus that watches the stack: what it scrapes, which rules it runs, whom it tells."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from stack.address import Address
from stack.errors import HqError
from stack.model import Stack
from stack.quantity import format_duration

Config = dict[str, Any]

OWN_JOBS = ("prometheus", "alertmanager", "envoy", "dev-hq")
LONGEST_SCRAPE = 10.0

# One target that goes mad must not take the server down. Far above what a healthy one exposes, and above the
# exporter's own cap, because a scrape that exceeds a limit is lost as a whole.
LIMITS = {
    "sample_limit": 20_000,
    "label_limit": 40,
    "label_name_length_limit": 200,
    "label_value_length_limit": 2_000,
    "body_size_limit": "16MB",
}


def prometheus_config(stack: Stack, rules: Path) -> Config:
    """The configuration of a Prometheus that scrapes the stack and runs the rules in the directory `rules`."""
    interval = stack.prometheus.scrape_interval
    jobs = [
        _job_of_url("prometheus", stack.prometheus.url),
        _job_of_url("alertmanager", stack.alertmanager.url),
        _job("envoy", stack.envoy.admin, "/stats/prometheus"),
        _job_of_ours(stack),
        *(
            _job(process.name, process.listen, process.metrics)
            for process in stack.processes.values()
            if process.metrics
        ),
    ]
    for process in stack.processes.values():
        if process.metrics and process.name in OWN_JOBS:
            raise HqError(f"processes.{process.name}: Prometheus has a scrape job of that name already; rename it")
    return {
        "global": {
            "scrape_interval": format_duration(interval),
            "scrape_timeout": format_duration(min(interval, LONGEST_SCRAPE)),
            "evaluation_interval": format_duration(stack.prometheus.evaluation_interval),
        },
        "rule_files": [str(rules / "*.yml")],
        "alerting": {"alertmanagers": [_alertmanager(stack.alertmanager.url)]},
        "scrape_configs": jobs,
    }


def _job(name: str, address: Address, path: str) -> Config:
    return {"job_name": name, "metrics_path": path, **LIMITS, "static_configs": [{"targets": [str(address)]}]}


def _job_of_ours(stack: Stack) -> Config:
    """Beyond loopback the exporter asks who reads; the token of the webhook, which stays in its file, opens it."""
    job = _job("dev-hq", stack.exporter.near, "/metrics")
    if stack.exporter.is_loopback:
        return job
    return {**job, "authorization": {"type": "Bearer", "credentials_file": str(stack.webhook_token)}}


def _job_of_url(name: str, url: str) -> Config:
    parts = urlsplit(url)
    return {**_job(name, Address.of_url(url), f"{parts.path}/metrics"), "scheme": parts.scheme}


def _alertmanager(url: str) -> Config:
    parts = urlsplit(url)
    return {
        "scheme": parts.scheme,
        "path_prefix": parts.path or "/",
        "static_configs": [{"targets": [str(Address.of_url(url))]}],
    }
