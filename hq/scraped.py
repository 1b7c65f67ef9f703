"""Whether Prometheus has seen every part of a stack."""

from __future__ import annotations

from prometheus.client import PrometheusClient
from prometheus.server import prometheus_config
from stack.model import Stack


def unscraped(stack: Stack, client: PrometheusClient) -> set[str]:
    """The jobs of the stack that Prometheus cannot scrape, or has not scraped yet; raises PrometheusError."""
    jobs = {job["job_name"] for job in prometheus_config(stack, stack.directory / "rules")["scrape_configs"]}
    return jobs - {sample.labels["job"] for sample in client.instant("up == 1").samples}
