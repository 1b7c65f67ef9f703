"""Rule files as Prometheus itself loads them."""

from __future__ import annotations

from prometheus.formats.format import Format, header, signature
from prometheus.formats.text import documents, dump
from prometheus.rule import RuleFile


def plain(file: RuleFile) -> str:
    """The file as `rule_files` of Prometheus takes it."""
    return header("plain") + dump({"groups": documents(file)})


PLAIN = Format("plain", "Prometheus, by rule_files", lambda file, _: plain(file), signature("plain"))
