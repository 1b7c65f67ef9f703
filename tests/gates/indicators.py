"""The indicator of a service as the clients of Prometheus count it."""

from prometheus.selector import matching
from prometheus.slo import Sli


def indicator(job: str) -> Sli:
    total = f'http_requests_total{{job="{job}"}}'
    return Sli(
        service=job,
        total=total,
        bad=matching(total, "code", "=~", "5.."),
        buckets=f'http_request_duration_seconds_bucket{{job="{job}"}}',
        job=job,
    )
