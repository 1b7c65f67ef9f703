"""Files for `promtool test rules`: which rules they load, and which of those some test touches."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

from prometheus.lint.rule_file import SourceRule, read_rule_file, rule_text
from stack.dataclass import dataclass
from stack.document import Value, parse_document
from stack.errors import HqError

_ALERT_NAME = re.compile(r"""alertname\s*=~?\s*(["'`])(.*?)\1""")
_WORD = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")


@dataclass(frozen=True)
class RuleTest:
    """One file of tests: the rule files that it loads, how many cases it has, and the words that they use.

    `alerts` are the alerts that are looked for, `asked` the words of the expressions that are looked at.
    """

    path: Path
    rule_files: tuple[Path, ...]
    cases: int
    alerts: frozenset[str]
    asked: frozenset[str]


def read_rule_test(path: Path) -> RuleTest:
    """The file of tests in `path`; raises HqError for what is none, with the line where that shows."""
    entries = parse_document(rule_text(path), str(path)).mapping()
    if "tests" not in entries or "rule_files" not in entries:
        lacking = "tests" if "tests" not in entries else "rule_files"
        raise HqError(f'{path} is no file of tests: it has no key "{lacking}"; promtool wants rule_files and tests')
    cases = list(entries["tests"].items())
    alerts: set[str] = set()
    asked: set[str] = set()
    for case in cases:
        parts = case.mapping()
        for look in _items(parts, "alert_rule_test"):
            alerts |= {one.text() for key, one in look.mapping().items() if key == "alertname"}
        for look in _items(parts, "promql_expr_test"):
            texts = list(_texts(look, ("expr", "labels")))
            alerts |= {
                name for text in texts for _, several in _ALERT_NAME.findall(text) for name in several.split("|")
            }
            asked |= {word for text in texts for word in _WORD.findall(text)}
    return RuleTest(
        path, tuple(_rule_files(path, entries["rule_files"])), len(cases), frozenset(alerts), frozenset(asked)
    )


def _items(parts: dict[str, Value], key: str) -> Iterable[Value]:
    return parts[key].items() if key in parts and parts[key].is_list else ()


def _texts(look: Value, keys: tuple[str, ...]) -> Iterable[str]:
    """What a look asks, and the labels of the samples that it expects."""
    for key, value in look.mapping().items():
        if key == "exp_samples" and value.is_list:
            for sample in value.items():
                yield from _texts(sample, keys)
        elif key in keys and isinstance(value.node.value, str):
            yield value.node.value


def _rule_files(path: Path, listed: Value) -> Iterable[Path]:
    """As promtool finds them: beside the file of tests, patterns included."""
    for one in listed.items():
        pattern = one.text()
        found = sorted(path.parent.glob(pattern)) if not Path(pattern).is_absolute() else [Path(pattern)]
        if not found:
            raise one.error(f"there is no rule file {path.parent / pattern}")
        yield from (Path(os.path.normpath(file)) for file in found)


def untested(tests: Iterable[RuleTest]) -> list[SourceRule]:
    """The rules that are loaded by some file of tests, and that no test touches, by itself or through another rule."""
    tests = tuple(tests)
    paths = {path.resolve(): path for test in tests for path in test.rule_files}
    rules = [rule for path in paths.values() for rule in read_rule_file(path).rules]
    reached = set().union(*(test.asked for test in tests)) if tests else set()
    alerts = set().union(*(test.alerts for test in tests)) if tests else set()
    words = {id(rule): set(_WORD.findall(rule.expr.text())) for rule in rules}
    while True:
        touched = [rule for rule in rules if rule.name in (alerts if rule.is_alert else reached)]
        read = reached.union(*(words[id(rule)] for rule in touched))
        if read == reached:
            break
        reached = read
    names = {id(rule) for rule in touched}
    return [rule for rule in rules if id(rule) not in names]
