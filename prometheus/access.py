"""From settings to clients that are let in."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prometheus.client import PrometheusClient
    from stack.model import PrometheusSettings


def connect(settings: PrometheusSettings) -> PrometheusClient:
    """A client of the Prometheus that the settings name; raises HqError for credentials that cannot be used."""
    return connect_to_all(settings)[0]


def connect_to_all(settings: PrometheusSettings) -> tuple[PrometheusClient, ...]:
    """Clients of all that hold the same data, the first one first; raises HqError as `connect` does."""
    from prometheus.client import PrometheusClient

    access = settings.access
    if access.tls:
        from prometheus.tls import check_files

        check_files(access.tls)
    credentials = None
    if access.auth:
        from prometheus.credentials import credentials_of

        credentials = credentials_of(access.auth)
    return tuple(
        PrometheusClient(
            url,
            timeout=access.timeout,
            retries=access.retries,
            deadline=access.deadline,
            headers=access.headers,
            credentials=credentials,
            tls=access.tls,
        )
        for url in (settings.url, *access.failover)
    )
