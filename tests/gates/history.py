"""A past, written into a real Prometheus: what the gates find there is what Prometheus really answers."""

from __future__ import annotations

import math
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from stack.address import free_address
from stack.process import Child, find_program
from stack.waiting import wait_for

Value = Callable[[float], float]


class History:
    """Series that end around the moment `at`; times in it are seconds before that moment."""

    def __init__(self, at: float, interval: float = 15.0) -> None:
        self.at = at
        self.interval = interval
        self._families: dict[str, list[str]] = {}

    def series(
        self,
        name: str,
        labels: Mapping[str, str],
        value: Value,
        *,
        since: float,
        until: float = 0.0,
        interval: float | None = None,
    ) -> None:
        """Samples of `value`, a function of the seconds before `at`, from `since` to `until` seconds before it."""
        step = interval or self.interval
        matchers = ",".join(f'{label}="{text}"' for label, text in labels.items())
        lines = self._families.setdefault(name, [])
        for number in range(math.floor((since - until) / step) + 1):
            before = since - number * step
            lines.append(f"{name}{{{matchers}}} {_number(value(before))} {self.at - before:.3f}")

    def traffic(
        self,
        job: str,
        *,
        rate: float,
        bad: float = 0.0,
        since: float = 3600.0,
        until: float = 0.0,
        up: float | None = 1.0,
        interval: float | None = None,
    ) -> None:
        """A service at `rate` requests a second, the share `bad` of them failing since the process started."""
        started = since + 60.0
        where = {"job": job, "instance": f"{job}:80"}

        def counter(share: float) -> Value:
            return lambda before: round((started - before) * rate * share)

        ends = {"since": since, "until": until, "interval": interval}
        self.series("http_requests_total", {**where, "code": "200"}, counter(1 - bad), **ends)
        if bad:
            self.series("http_requests_total", {**where, "code": "500"}, counter(bad), **ends)
        if up is not None:
            self.series("up", where, lambda before: 1.0 if before >= until else up, since=since, interval=interval)

    def latency(self, job: str, *, rate: float, shares: Mapping[str, float], since: float = 3600.0) -> None:
        """A histogram whose bucket `le` holds the share shares[le] of the requests."""
        for le, share in shares.items():
            labels = {"job": job, "instance": f"{job}:80", "le": le}
            self.series(
                "http_request_duration_seconds_bucket",
                labels,
                lambda before, share=share: round((since + 60.0 - before) * rate * share),
                since=since,
            )

    def text(self) -> str:
        """The history in OpenMetrics."""
        return "\n".join([*(line for lines in self._families.values() for line in lines), "# EOF", ""])


@contextmanager
def prometheus_with(
    history: History, directory: Path, config: str = "scrape_configs: []\n", retention: str = "90d"
) -> Iterator[str]:
    """The URL of a Prometheus with this configuration that has lived through `history`, and keeps so much of it."""
    directory.mkdir(parents=True)
    written = directory / "history.txt"
    written.write_text(history.text())
    subprocess.run(
        [
            find_program("promtool"), "tsdb", "create-blocks-from", "openmetrics", "--max-block-duration=480h",
            written, directory / "data",
        ],
        check=True,
        capture_output=True,
    )  # fmt: skip
    with prometheus(directory, config, retention) as url:
        yield url


@contextmanager
def prometheus(directory: Path, config: str, retention: str = "90d") -> Iterator[str]:
    """The URL of a Prometheus with this configuration, ready."""
    from prometheus.client import PrometheusClient

    address = free_address("127.0.0.1")
    (directory / "prometheus.yml").write_text(config)
    child = Child(
        "prometheus",
        [
            find_program("prometheus"),
            f"--config.file={directory / 'prometheus.yml'}",
            f"--storage.tsdb.path={directory / 'data'}",
            f"--storage.tsdb.retention.time={retention}",
            f"--web.listen-address={address}",
        ],
        directory / "prometheus.log",
    )
    try:
        client = PrometheusClient(f"http://{address}")
        wait_for(client.ready, 30, "Prometheus was not ready")
        client.close()
        yield f"http://{address}"
    finally:
        child.stop()


def _number(value: float) -> str:
    if not math.isfinite(value):
        return {math.inf: "+Inf", -math.inf: "-Inf"}.get(value, "NaN")
    return f"{value:g}" if value < 1e5 else f"{value:.0f}"
