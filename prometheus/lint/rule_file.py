"""Rule files as their authors wrote them, in whatever of the formats, each rule with its place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import field
from pathlib import Path

from prometheus.lint.place import Source
from prometheus.lint.problem import CHECKS
from stack.dataclass import dataclass
from stack.document import Value, parse_documents
from stack.errors import ConfigError, HqError
from stack.reading import MIB, read_text
from stack.suggestion import suggestion

MAX_BYTES = 16 * MIB
GROUP_KEYS = ("name", "interval", "limit", "query_offset", "labels")
OTHERS_GROUP_KEYS = (
    "partial_response_strategy", "source_tenants", "evaluation_delay", "align_evaluation_time_on_interval",
    "type", "concurrency", "params", "headers", "notifier_headers", "debug", "extra_filter_labels", "tenant",
    "eval_offset", "eval_delay", "eval_alignment", "remote_write",
)  # fmt: skip
"""What the rulers of Thanos, Mimir and VictoriaMetrics know beside Prometheus' own."""
RULE_KEYS = ("record", "alert", "for", "keep_firing_for", "labels", "annotations", "debug", "update_entries_limit")
_IGNORE = re.compile(r"#\s*dev-hq lint:\s*ignore\b[ \t]*([^\n]*)")


@dataclass(frozen=True)
class SourceRule:
    """One rule: its name is of the alert or of what it records; `ignored` are the checks that comments switch off."""

    source: Source
    is_alert: bool
    name: str
    expr: Value
    labels: dict[str, Value] = field(default_factory=dict)
    annotations: dict[str, Value] = field(default_factory=dict)
    ignored: frozenset[str] = frozenset()

    @property
    def title(self) -> str:
        """As people call it."""
        return f"{'alert' if self.is_alert else 'record'} {self.name}"


@dataclass(frozen=True)
class GroupRemark:
    """A key of a group that only Prometheus 3 reads."""

    source: Source
    group: str
    key: Value


@dataclass(frozen=True)
class RuleSource:
    """The rules of one file."""

    source: Source
    rules: tuple[SourceRule, ...]
    remarks: tuple[GroupRemark, ...] = ()


def rule_text(path: Path) -> str:
    """The text of a file of rules or of their tests; raises HqError."""
    return read_text(path, at_most=MAX_BYTES, or_pipe=True)


def read_rule_file(path: Path) -> RuleSource:
    """The rules in `path`; raises HqError for what is no rule file, with the line where that shows."""
    return parse_rule_file(rule_text(path), str(path))


def is_test_file(path: Path) -> bool:
    """Whether `path` is a file for `promtool test rules` rather than one of rules."""
    return re.search(r"^tests:", rule_text(path), re.MULTILINE) is not None


def parse_rule_file(text: str, name: str) -> RuleSource:
    """The rules in a text, complaining in the name of a file; raises HqError."""
    documents = parse_documents(text, name)
    if not documents:
        raise ConfigError(name, 1, "the file is empty")
    source = Source(name, text)
    rules: list[SourceRule] = []
    remarks: list[GroupRemark] = []
    for document in documents:
        for group in _groups(document):
            entries = group.fields(("name",), ("rules", *GROUP_KEYS[1:], *OTHERS_GROUP_KEYS))
            title = entries["name"].text()
            remarks += [
                GroupRemark(source, title, entries[key]) for key in ("query_offset", "labels") if key in entries
            ]
            rules += _rules(entries.get("rules"), source)
    return RuleSource(source, tuple(rules), tuple(remarks))


def _groups(document: Value) -> Iterator[Value]:
    """The groups of a document: Prometheus' own, a PrometheusRule, or Mimir's with its namespace."""
    entries = document.mapping()
    if "spec" in entries and "kind" in entries:
        if (kind := entries["kind"].text()) != "PrometheusRule":
            raise entries["kind"].error(
                f'this is a {kind}, no rules; name files of rules, or of the kind "PrometheusRule"'
            )
        entries = entries["spec"].fields(("groups",))
    else:
        for key, value in entries.items():
            if key not in ("groups", "namespace"):
                raise value.error(f'"{key}" is not in a file of rules; it begins with groups:')
    if "groups" not in entries:
        raise document.error("this is no file of rules; it begins with groups:")
    return _items(entries["groups"])


def _items(value: Value | None) -> Iterator[Value]:
    """The values of a list, which may be missing or null, as in `groups:` without one."""
    if value is None or (not value.is_list and getattr(value.node, "value", None) in ("", "null", "~")):
        return iter(())
    return value.items()


def _rules(rules: Value | None, source: Source) -> Iterator[SourceRule]:
    found = [(one, one.fields(("expr",), RULE_KEYS)) for one in _items(rules)]
    for number, (value, entries) in enumerate(found):
        is_alert = "alert" in entries
        if is_alert == ("record" in entries):
            raise value.error("a rule has either the key record or the key alert")
        end = found[number + 1][0].line - 1 if number + 1 < len(found) else value.node.end_mark.line + 1
        yield SourceRule(
            source,
            is_alert,
            entries["alert" if is_alert else "record"].text(),
            _worded(entries["expr"]),
            _mapping(entries.get("labels")),
            _mapping(entries.get("annotations")),
            _ignored(source, value.line, end),
        )


def _worded(value: Value) -> Value:
    value.text()
    return value


def _mapping(value: Value | None) -> dict[str, Value]:
    if value is None or getattr(value.node, "value", None) in ("", "null", "~"):
        return {}
    return {key: one if one.node.value == "" else _worded(one) for key, one in value.mapping().items()}


def _ignored(source: Source, first: int, last: int) -> frozenset[str]:
    """The checks that comments switch off: in the rule's own lines, or right above it."""
    above = first - 1
    while above > 0 and source.lines[above - 1].lstrip().startswith("#"):
        above -= 1
    while last > first and source.lines[last - 1].lstrip().startswith("#"):
        last -= 1  # a comment at the end belongs to the next rule
    found: set[str] = set()
    for number in range(above, last):
        if match := _IGNORE.search(source.lines[number] if number < len(source.lines) else ""):
            words = re.findall(r"[\w-]+", match[1].partition("#")[0])
            found |= {known_check(word, f"{source.name}:{number + 1}") for word in words}
            if not words:
                raise HqError(f"{source.name}:{number + 1}: name the checks to ignore: {', '.join(CHECKS)}")
    return frozenset(found)


def known_check(word: str, where: str) -> str:
    """The check of that id; raises HqError, beginning with `where`, when there is none."""
    if word not in CHECKS:
        raise HqError(f'{where}: there is no check "{word}"; {suggestion(word, tuple(CHECKS))}')
    return word
