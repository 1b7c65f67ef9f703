"""What an exporter says of a journal, by a configuration of two scenarios and two gates."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from exporters.journal import Configured, JournalCollector
from stack.process import process_started
from tests.exporters.exposed import Samples, collect

CONFIGURED = Configured(
    scenarios=[("wave", "failure", "proxies"), ("slow", "latency", "proxies"), ("slow", "latency", "shop")],
    gates=[("latency", "shop"), ("success_rate", "shop")],
)
WAVE = '{chaos_target="proxies",fault="failure",scenario="wave"}'
RUN = '{chaos_target="proxies",scenario="wave"}'


def read(path: Path) -> Samples:
    """What an exporter that has just started says."""
    return collect(JournalCollector(path, CONFIGURED))


def counters(collector: JournalCollector) -> Samples:
    """What it counts, without the way through a registry, a text and a parser that `collect` goes."""
    return {
        f"{sample.name}{sorted(sample.labels.items())}": sample.value
        for family in collector.collect(5.0)
        for sample in family.samples
        if sample.name.endswith("_total")
    }


def dead_process() -> tuple[int, int]:
    """The pid and start of a process that was alive and is gone."""
    with subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE) as process:
        started = process_started(process.pid)
    return process.pid, started
