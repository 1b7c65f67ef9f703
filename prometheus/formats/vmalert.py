"""Rule files for vmalert, the ruler of VictoriaMetrics.

Three things differ from Prometheus' format, all measured on 1.79. `keep_firing_for` is refused (vmalert knows it from
1.92 on), so it is left out. Queries are answered as of half a minute ago (`-search.latencyOffset`) unless they say
`nocache`; rules that read what other rules recorded would lag half a minute behind at each step. In templates, a label
that an alert does not have is written `<no value>` or `%!s(<nil>)`, so each is asked for with an empty text instead.
"""

from __future__ import annotations

import re
from typing import Any

from prometheus.formats.format import Format, Naming, header, signature
from prometheus.formats.text import documents, dump
from prometheus.rule import AlertRule, RuleFile
from stack.quantity import format_duration

_ACTION = re.compile(r"\{\{.*?\}\}", re.DOTALL)
_LABEL = re.compile(r"\$labels\.(\w+)", re.ASCII)


def _vmalert(file: RuleFile, _naming: Naming) -> str:
    return header("vmalert", *_remarks(file)) + dump({"groups": [_group(group) for group in documents(file)]})


def _group(group: dict[str, Any]) -> dict[str, Any]:
    return {**group, "params": {"nocache": ["1"]}, "rules": [_rule(rule) for rule in group["rules"]]}


def _rule(rule: dict[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in rule.items() if key != "keep_firing_for"}
    templates = {key: kept[key] for key in ("labels", "annotations") if key in kept and "alert" in kept}
    return {**kept, **{key: _with_labels(texts) for key, texts in templates.items()}}


def _with_labels(texts: dict[str, str]) -> dict[str, str]:
    return {
        name: _ACTION.sub(lambda action: _LABEL.sub(r'(or $labels.\1 "")', action[0]), text)
        for name, text in texts.items()
    }


def _remarks(file: RuleFile) -> list[str]:
    """What an alert here does otherwise than in Prometheus."""
    alerts = [rule for group in file.groups for rule in group.rules if isinstance(rule, AlertRule)]
    kept = sorted({rule.keep_firing_for for rule in alerts} - {0})
    if not kept:
        return []
    return [
        "vmalert before 1.92 refuses keep_firing_for, so it is left out: an alert ends as soon as its condition does,",
        f"up to {format_duration(kept[-1])} earlier than in Prometheus, and one near its threshold comes and goes.",
    ]


VMALERT = Format("vmalert", "vmalert of VictoriaMetrics", _vmalert, signature("vmalert"))
