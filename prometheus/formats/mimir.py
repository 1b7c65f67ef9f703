"""Rule files for the ruler of Mimir (and of Cortex, and Grafana Cloud), as `mimirtool rules load` takes them.

The format is Prometheus' own with a `namespace`, and unknown keys are refused: pkg/mimirtool/rules/parser.go and
rules.go of grafana/mimir. A namespace is one file's; the ruler's API refuses groups without rules.
"""

from __future__ import annotations

from prometheus.formats.format import Format, Naming, header, signature
from prometheus.formats.text import documents, dump
from prometheus.rule import RuleFile

RULES_ALLOWED = 20
"""`ruler_max_rules_per_rule_group` unless it is set: grafana/mimir pull request 847."""


def _mimir(file: RuleFile, naming: Naming) -> str:
    content = {"namespace": f"{naming.prefix}-{file.name}", "groups": documents(file)}
    return header("mimir", *_remarks(file), naming=naming) + dump(content)


def _remarks(file: RuleFile) -> list[str]:
    """What the ruler would say of this file unless it is told otherwise first."""
    largest = max((len(group.rules) for group in file.groups), default=0)
    if largest <= RULES_ALLOWED:
        return []
    return [
        f"A group here has {largest} rules, evaluated in order. A ruler takes {RULES_ALLOWED} unless this tenant's",
        f"limit ruler_max_rules_per_rule_group is at least {largest}.",
    ]


MIMIR = Format("mimir", "the ruler of Mimir, by mimirtool", _mimir, signature("mimir"), frozenset({"prefix"}))
