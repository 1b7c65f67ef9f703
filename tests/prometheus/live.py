"""Real Prometheus and Alertmanager on free ports of this machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from prometheus.client import PrometheusClient
from stack.address import free_address
from stack.process import Child, find_program
from stack.waiting import wait_for


@contextmanager
def running_prometheus(config: str, directory: Path) -> Iterator[PrometheusClient]:
    """A Prometheus with `config`, in which SELF stands for its own address."""
    address = free_address("127.0.0.1")
    file = directory / "prometheus.yml"
    file.write_text(config.replace("SELF", str(address)))
    argv = (
        find_program("prometheus"),
        f"--config.file={file}",
        f"--storage.tsdb.path={directory / 'data'}",
        f"--web.listen-address={address}",
    )
    child = Child("prometheus", argv, directory / "prometheus.log")
    try:
        client = PrometheusClient(f"http://{address}", retries=0)
        wait_for(client.ready, 20, f"Prometheus should be ready: {child.last_words()}")
        yield client
    finally:
        child.stop()


@contextmanager
def running_alertmanager(config: str, directory: Path) -> Iterator[str]:
    """The URL of an Alertmanager with `config`."""
    address = free_address("127.0.0.1")
    file = directory / "alertmanager.yml"
    file.write_text(config)
    argv = (
        find_program("alertmanager"),
        f"--config.file={file}",
        f"--storage.path={directory / 'data'}",
        f"--web.listen-address={address}",
        "--cluster.listen-address=",
    )
    child = Child("alertmanager", argv, directory / "alertmanager.log")
    try:
        url = f"http://{address}"
        wait_for(PrometheusClient(url, retries=0).ready, 20, f"Alertmanager should be ready: {child.last_words()}")
        yield url
    finally:
        child.stop()
