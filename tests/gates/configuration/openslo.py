"""OpenSLO v1 documents that gates can judge, and a gates file that refers to them."""

from pathlib import Path

from gates.configuration.gates_file import load_gates

SLO = """apiVersion: openslo/v1
kind: SLO
metadata:
  name: availability
  displayName: Availability of the shop
  labels: {team: [a, b], anything: goes}
  annotations: {example.com/key: value}
spec:
  description: Requests that succeed.
  service: shop
  indicator:
    metadata: {name: success}
    spec:
      ratioMetric:
        counter: true
        bad:
          metricSource:
            type: Prometheus
            spec:
              query: sum(rate(hits{job="shop",code="500"}[5m]))
        total:
          metricSource:
            type: Prometheus
            spec:
              query: sum(rate(hits{job="shop"}[5m]))
  timeWindow:
    - duration: 4w
      isRolling: true
  budgetingMethod: Occurrences
  objectives:
    - displayName: Three nines
      target: 0.999
  alertPolicies: []
"""
GATES = """version: 1
prometheus: {url: 'http://127.0.0.1:9090'}
slos:
  - openslo: slo/shop.yaml
gates:
  - {name: success rate, slo: availability}
  - {name: budget, slo: availability, budget_left: ">= 10%"}
  - {name: burn, slo: availability, max_burn: 6, windows: [5m, 1h]}
"""
LIBRARY = """apiVersion: openslo/v1
kind: DataSource
metadata: {name: main}
spec: {type: Prometheus, connectionDetails: {url: 'http://127.0.0.1:9090'}}
---
apiVersion: openslo/v1
kind: SLI
metadata: {name: success}
spec:
  ratioMetric:
    counter: true
    bad: {metricSource: {metricSourceRef: main, spec: {query: 'hits{job="shop",code="500"}'}}}
    total: {metricSource: {metricSourceRef: main, spec: {query: 'hits{job="shop"}'}}}
---
apiVersion: openslo/v1
kind: Service
metadata: {name: shop}
spec: {description: Where people buy.}
---
"""
REFERRING = """apiVersion: openslo/v1
kind: SLO
metadata: {name: availability}
spec:
  service: shop
  indicatorRef: success
  timeWindow: [{duration: 28d, isRolling: true}]
  budgetingMethod: Occurrences
  objectives: [{targetPercent: 99.9}]
"""


def gates(openslo: str, text: str = GATES) -> tuple:
    Path("slo/shop.yaml").write_text(openslo)
    Path("gates.yaml").write_text(text)
    return load_gates(Path("gates.yaml"), {}).gates
