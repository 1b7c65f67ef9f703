"""PrometheusRule resources, as the Prometheus operator takes them.

The schema is pkg/apis/monitoring/v1/prometheusrule_types.go of prometheus-operator/prometheus-operator. The operator
refuses a resource of more than 512 KiB (its pull request 6606), since it puts each into one ConfigMap.
"""

from __future__ import annotations

from prometheus.formats.format import Format, Naming, header, signature
from prometheus.formats.text import documents, dump
from prometheus.rule import RuleFile
from stack.errors import HqError

MOST_BYTES = 512 * 1024
LABELS = {"app.kubernetes.io/name": "dev-hq", "role": "alert-rules"}
"""What a resource is labelled with unless said otherwise; an operator may select by others (`ruleSelector`)."""


def _prometheusrule(file: RuleFile, naming: Naming) -> str:
    spec = {"groups": documents(file)}
    size = len(dump(spec).encode())
    if size > MOST_BYTES:
        raise HqError(
            f"the rules of {file.name} take {size // 1024} KiB, and the Prometheus operator refuses a PrometheusRule "
            f"of more than {MOST_BYTES // 1024} KiB; name fewer services in one stack.yaml, and give each stack a "
            "--prefix of its own"
        )
    metadata = {"name": f"{naming.prefix}-{file.name}", "labels": {**LABELS, **naming.labels}}
    resource = {"apiVersion": "monitoring.coreos.com/v1", "kind": "PrometheusRule", "metadata": metadata, "spec": spec}
    return header("prometheusrule", naming=naming) + dump(resource)


PROMETHEUSRULE = Format(
    "prometheusrule",
    "the Prometheus operator in Kubernetes",
    _prometheusrule,
    signature("prometheusrule"),
    frozenset({"prefix", "label"}),
)
