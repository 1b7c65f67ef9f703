"""Stacks to generate from: the demo's, and the ones that differ from it in a way that rules must follow."""

from __future__ import annotations

from pathlib import Path

from stack.loader import load_stack
from stack.model import Stack

ROOT = Path(__file__).parents[2]

_OBJECTIVES = "objectives: {success_rate: {target: 99.9%}, latency: {under: 300ms, target: 99%}}"
OTHERS = {
    "envoy preset, no pool": f"""
services:
  shop: {{sli: {{preset: envoy}}, {_OBJECTIVES}, listen: 127.0.0.1:10000, upstream: "http://127.0.0.1:8000"}}
""",
    "own promql, good requests, no histogram": """
services:
  shop:
    sli: {total: 'rpc_total{app="shop"}', good: 'rpc_total{app="shop",ok=~"t.*"}', throttled: rpc_limited_total}
    objectives: {success_rate: {target: 99.5%, window: 7d}}
""",
    "three services, two pools": f"""
services:
  shop: {{sli: {{preset: prometheus-http, selector: {{job: shop}}}}, {_OBJECTIVES}}}
  till: {{sli: {{preset: envoy, selector: {{job: edge}}}}, {_OBJECTIVES}}}
  desk:
    sli: {{total: 'rpc_total{{job="desk"}}', bad: 'rpc_failed_total{{job="desk"}}'}}
    objectives: {{success_rate: {{target: 99%}}}}
pools:
  a: {{used_by: shop, listen: 127.0.0.1:10100, members: 2, upstream: "http://127.0.0.1:8100"}}
  a_0: {{used_by: shop, listen: 127.0.0.1:10200, members: 2, upstream: "http://127.0.0.1:8100"}}
""",
    "hostile label value": f"""
services:
  shop:
    sli: {{preset: prometheus-http, selector: {{path: '"}}) or vector(1) or up{{x="\\\\', app: "a\\nb"}}}}
    {_OBJECTIVES}
""",
    "a family, and what can run full": f"""
services:
  cart: {{sli: {{preset: prometheus-http, selector: {{job: cart}}}}, {_OBJECTIVES}}}
  desk: {{sli: {{preset: prometheus-http, selector: {{job: desk}}}}, {_OBJECTIVES}}}
  till:
    sli: {{preset: prometheus-http, selector: {{job: till}}}}
    {_OBJECTIVES}
    saturation:
      used: db_connections{{job="till",state=~"active|waiting"}}
      limit: db_connections_max{{job="till"}}
  a: {{sli: {{preset: prometheus-http, selector: {{job: monolith, app: a}}}}, {_OBJECTIVES}}}
  b:
    sli: {{preset: prometheus-http, selector: {{job: monolith, app: b}}}}
    {_OBJECTIVES}
    saturation: {{used: 'queue_length{{app="b"}}', limit: 50}}
pools:
  out: {{used_by: cart, listen: 127.0.0.1:10100, members: 2, upstream: "http://127.0.0.1:8100", max_requests: 20}}
anomalies:
  hold: 0s
  limits: {{latency_shift: 800ms, error_spike: 2%, saturation: 70%, traffic_spike: 5, flapping: 6, absent_data: 20%}}
""",
    "slow engineer": f"""
services: {{shop: {{sli: {{preset: prometheus-http, selector: {{}}}}, {_OBJECTIVES}}}}}
prometheus: {{scrape_interval: 10s, evaluation_interval: 500ms}}
anomalies: {{hold: 0s, keep_firing_for: 0s}}
links: {{runbooks: "https://wiki.example/a", grafana: "https://grafana.example/x"}}
""",
}


def demo_stack() -> Stack:
    return load_stack(ROOT / "stack.yaml")


def stack_of(text: str, directory: Path) -> Stack:
    path = directory / "stack.yaml"
    path.write_text(text)
    return load_stack(path)
