"""Stacks to draw dashboards of: the demo's, the smallest, one of fifty services, and names at their limits."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from grafana.generate import dashboard_texts
from stack.loader import PRESETS, WITHOUT_HISTOGRAM
from stack.model import Stack
from tests.prometheus.stacks import OTHERS, demo_stack, stack_of

LONGEST = 63

_BARE = """
services:
  shop:
    sli: {total: 'rpc_total{app="shop"}', bad: 'rpc_total{app="shop",ok="false"}'}
    objectives: {success_rate: {target: 99%}}
"""
_LIMITS = f"""
services:
  {"a" * LONGEST}: {{sli: {{preset: envoy}}, objectives: {{latency: {{under: 1ms, target: 50%}}}}}}
  0-_-: {{sli: {{preset: prometheus-http, selector: {{}}}}, objectives: {{success_rate: {{target: 99.999%}}}}}}
  a-b:
    sli: {{preset: prometheus-http, selector: {{job: 'a.b/c "d" \\ e'}}}}
    objectives: {{success_rate: {{target: 1%}}}}
pools:
  {"z" * LONGEST}:
    {{used_by: {"a" * LONGEST}, listen: 127.0.0.1:10100, members: 64, upstream: "http://127.0.0.1:8100"}}
  9_-: {{used_by: 0-_-, listen: 127.0.0.1:10300, members: 1, upstream: "http://127.0.0.1:8100"}}
"""


def _fifty() -> str:
    lines = ["services:"]
    for number in range(50):
        preset = PRESETS[number % len(PRESETS)]
        latency = "" if preset in WITHOUT_HISTOGRAM else ", latency: {under: 300ms, target: 99%}"
        objectives = f"objectives: {{success_rate: {{target: 99.5%}}{latency}}}"
        lines.append(f"  service-{number}: {{sli: {{preset: {preset}, selector: {{team: t{number}}}}}, {objectives}}}")
    lines.append("pools:")
    for number in range(20):
        listen = f"127.0.0.1:{10100 + 10 * number}"
        lines.append(
            f'  pool-{number}: {{used_by: service-{number}, listen: "{listen}", members: 5, '
            'upstream: "http://127.0.0.1:8100"}'
        )
    return "\n".join(lines) + "\n"


TEXTS = {"one service, nothing else": _BARE, "fifty services": _fifty(), "names at their limits": _LIMITS, **OTHERS}
NAMES = ("demo", *TEXTS)


def stack_named(name: str, directory: Path) -> Stack:
    """The stack of that name, its file in `directory`."""
    return demo_stack() if name == "demo" else stack_of(TEXTS[name], directory)


@cache
def texts_of(name: str) -> Mapping[str, str]:
    """The dashboards of the stack of that name, which are written once for all tests."""
    with TemporaryDirectory() as directory:
        return dashboard_texts(stack_named(name, Path(directory)))
