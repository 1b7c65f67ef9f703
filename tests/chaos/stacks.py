"""Stacks to plan on: written out, read by the real loader."""

from __future__ import annotations

from pathlib import Path

from stack.loader import load_stack
from stack.model import Stack

SHOP = """
services:
  shop:
    listen: 127.0.0.1:10000
    upstream: http://127.0.0.1:8000
    sli: {preset: prometheus-http, selector: {job: shop}}
    objectives:
      success_rate: {target: 99.5%}
      latency: {under: 300ms, target: 99%}
pools:
  proxies: {used_by: shop, listen: 127.0.0.1:10100, members: 4, upstream: http://127.0.0.1:8100}
prometheus: {scrape_interval: 1s, evaluation_interval: 1s}
anomalies: {hold: 3s, keep_firing_for: 5s}
"""

TUNNELS = """
services:
  shop: {sli: {preset: prometheus-http}, objectives: {success_rate: {target: 99%}}}
pools:
  exits: {used_by: shop, listen: 127.0.0.1:10100, members: [127.0.0.1:3128], upstream: https://vendor.example}
"""

TWO_POOLS = """
services:
  shop: {sli: {preset: prometheus-http}, objectives: {success_rate: {target: 99%}}}
pools:
  east: {used_by: shop, listen: 127.0.0.1:10100, members: 2, upstream: http://127.0.0.1:8100}
  west: {used_by: shop, listen: 127.0.0.1:10200, members: 2, upstream: http://127.0.0.1:8100}
"""

NO_POOL = """
services:
  shop: {sli: {preset: prometheus-http}, objectives: {success_rate: {target: 99%}}}
"""


def stack_of(directory: Path, text: str = SHOP) -> Stack:
    """The stack that `text` describes, in `directory`."""
    path = directory / "stack.yaml"
    path.write_text(text)
    return load_stack(path)
