"""The same past in another database that speaks Prometheus' API: VictoriaMetrics."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from stack.address import free_address
from stack.process import Child
from stack.waiting import wait_for
from tests.gates.history import History

NAMES = ("victoria-metrics", "victoria-metrics-prod")  # Debian's, and that of its own archives


@contextmanager
def victoria_metrics_with(history: History, directory: Path) -> Iterator[str]:
    """The URL of a VictoriaMetrics that has lived through `history`."""
    directory.mkdir(parents=True)
    with victoria_metrics(directory, "scrape_configs: []\n") as url:
        remember(url, history)
        yield url


@contextmanager
def victoria_metrics(directory: Path, config: str, *options: str) -> Iterator[str]:
    """The URL of a VictoriaMetrics that scrapes by a configuration of Prometheus."""
    program = next(found for name in NAMES if (found := shutil.which(name)))
    (directory / "prometheus.yml").write_text(config)
    address = free_address("127.0.0.1")
    child = Child(
        "victoria-metrics",
        [
            program,
            f"-storageDataPath={directory / 'data'}",
            "-retentionPeriod=90d",
            f"-httpListenAddr={address}",
            f"-promscrape.config={directory / 'prometheus.yml'}",
            *options,
        ],
        directory / "victoria.log",
    )
    try:
        wait_for(lambda: not address.is_free(), 30, "VictoriaMetrics did not listen")
        yield f"http://{address}"
    finally:
        child.stop()


def remember(url: str, history: History) -> None:
    """Writes the history and makes it visible: what was just written is not found by queries for a while."""
    lines = [line.rsplit(" ", 2) for line in history.text().splitlines() if not line.startswith("#")]
    text = "\n".join(f"{series} {value} {float(at) * 1000:.0f}" for series, value, at in lines)
    requests.post(f"{url}/api/v1/import/prometheus", data=text, timeout=60).raise_for_status()
    requests.get(f"{url}/internal/force_flush", timeout=60).raise_for_status()
