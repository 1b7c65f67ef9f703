"""An OpenSLO v1 document that gates can judge."""

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
