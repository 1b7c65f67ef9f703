"""A stack of one gate whose Prometheus is somewhere, with whatever it takes to be let in."""

from __future__ import annotations

from pathlib import Path

_STACK = """\
services:
  shop:
    sli: {{preset: prometheus-http, selector: {{job: shop}}}}
    objectives: {{success_rate: {{target: 99.5%}}}}
gates: {{observe: [error_budget]}}
prometheus:
  url: {url}
"""


def stack_at(directory: Path, url: str, *keys: str) -> Path:
    """A stack.yaml whose Prometheus is at `url` and has these keys too, each as a line of YAML."""
    path = directory / "stack.yaml"
    path.write_text(_STACK.format(url=url) + "".join(f"  {key}\n" for key in keys))
    return path
