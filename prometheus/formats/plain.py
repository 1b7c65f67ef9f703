"""Rule files as Prometheus itself loads them."""

from __future__ import annotations

from prometheus.formats.text import HEADER, document, dump
from prometheus.rule import RuleFile


def plain(file: RuleFile) -> str:
    """The file as `rule_files` of Prometheus takes it."""
    return HEADER + dump({"groups": [document(group) for group in file.groups]})
