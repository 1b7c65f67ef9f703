"""From settings to a client that is let in."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prometheus.client import PrometheusClient
    from stack.model import PrometheusSettings


def connect(settings: PrometheusSettings) -> PrometheusClient:
    """A client of the Prometheus that the settings name; raises HqError for credentials that cannot be read."""
    from prometheus.client import PrometheusClient

    access = settings.access
    return PrometheusClient(
        settings.url,
        timeout=access.timeout,
        retries=access.retries,
        deadline=access.deadline,
        headers=access.headers,
    )
