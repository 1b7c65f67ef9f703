"""The stack under test: the demo's, with less load, short windows and objectives that its loop does not break."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.live import LiveStack, copy_stack, live_stack

RATE = 20
POOL = "vendor-proxies"

# A run that follows a kill must find a steady stack, else nothing is learned from it: what is under test is whether it
# works, not how strict its objectives are.
_CHANGES = (
    ('--rate, "50"', f'--rate, "{RATE}"'),
    ("success_rate: {target: 99.5%, window: 30d}", "success_rate: {target: 90%, window: 30d}"),
    ("latency: {under: 300ms, target: 99%, window: 30d}", "latency: {under: 1s, target: 90%, window: 30d}"),
    ("anomalies: {hold: 3s, keep_firing_for: 5s}", "anomalies: {hold: 0s, keep_firing_for: 0s}"),
    ("gates: {window: 1m,", "gates: {window: 20s,"),
)


@contextmanager
def stack_under_test(directory: Path) -> Iterator[LiveStack]:
    """The stack, up and steady, in `directory`."""
    with live_stack(copy_stack(directory, *_CHANGES), "--enable-chaos-api") as live:
        live.wait_until_steady()
        yield live
