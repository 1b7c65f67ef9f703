"""`dev-hq rules test`: the tests of rules, run by promtool, and the rules that no test touches."""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from stack.errors import HqError
from stack.process import find_program
from stack.quantity import format_count

if TYPE_CHECKING:
    from prometheus.lint.rule_file import SourceRule
    from prometheus.lint.rule_tests import RuleTest

SECONDS = 600.0


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `rules test`."""
    parser = verbs.add_parser(
        "test",
        help="run the tests of rules, and name the rules that have none",
        description="Runs `promtool check rules` and `promtool test rules`, and names the rules that no test touches.",
        epilog="Exit code: 0 all tests pass, 1 a rule or a test fails, 2 promtool is missing or a file cannot be used.",
    )
    parser.add_argument(
        "paths",
        nargs="*",
        type=Path,
        metavar="FILE|DIR",
        help="files of tests (default: prometheus/rules/tests by stack.yaml)",
    )
    parser.set_defaults(handler=_test)


def _test(arguments: argparse.Namespace) -> int:
    from prometheus.lint.rule_tests import read_rule_test, untested

    promtool = find_program("promtool")
    paths = arguments.paths or [_default_directory(arguments.stack)]
    tests = [read_rule_test(file) for path in paths for file in _files_in(path)]
    refused = _refused(promtool, tests)
    if refused:
        return 1
    failed = [test for test in tests if not _passes(promtool, test)]
    for title, rules in _alike(untested(tests)).items():
        several = f"; {len(rules)} rules" if len(rules) > 1 else ""
        print(f"no test touches {title} ({rules[0].source.name}:{rules[0].expr.line}{several})")
    cases = sum(test.cases for test in tests)
    outcome = f"{len(failed)} failed" if failed else "all pass"
    print(f"{format_count(cases, 'case')} in {format_count(len(tests), 'file')}: {outcome}")
    return 1 if failed else 0


def _default_directory(stack: Path) -> Path:
    tests: Path = stack.parent / "prometheus" / "rules" / "tests"
    if not tests.exists():
        raise HqError(f"there is no directory {tests}; put tests of your rules there, or name their files")
    return tests


def _alike(rules: Iterable[SourceRule]) -> dict[str, list[SourceRule]]:
    """The rules by their names."""
    found: dict[str, list[SourceRule]] = {}
    for rule in rules:
        found.setdefault(rule.title, []).append(rule)
    return found


def _files_in(path: Path) -> Iterator[Path]:
    """A file itself, or the files of tests directly in a directory; raises HqError when there are none."""
    from prometheus.lint.rule_file import is_test_file

    if not path.is_dir():
        yield path
        return
    files = [file for file in sorted(path.iterdir()) if file.suffix in (".yml", ".yaml") and file.is_file()]
    tests = [file for file in files if is_test_file(file)]
    if not tests:
        raise HqError(f"there are no tests of rules (*.yml, *.yaml with tests:) in {path}")
    yield from tests


def _refused(promtool: Path, tests: Sequence[RuleTest]) -> list[Path]:
    """The rule files that promtool refuses, each with its words."""
    refused = []
    for path in {path.resolve(): path for test in tests for path in test.rule_files}.values():
        passes, words = _run(promtool, "check", path)
        if not passes:
            print(f"FAIL {path} is refused by promtool\n{_indented(words)}")
            refused.append(path)
    return refused


def _passes(promtool: Path, test: RuleTest) -> bool:
    passes, words = _run(promtool, "test", test.path)
    print(f"{'ok  ' if passes else 'FAIL'} {test.path}: {format_count(test.cases, 'case')}", flush=True)
    if not passes:
        print(_indented(words))
    return passes


def _run(promtool: Path, verb: str, path: Path) -> tuple[bool, str]:
    """Whether promtool is content with a file, and all that it says; raises HqError when it takes for ever."""
    try:
        ran = subprocess.run(
            [promtool, verb, "rules", path], capture_output=True, check=False, timeout=SECONDS, stdin=subprocess.DEVNULL
        )
    except subprocess.TimeoutExpired:
        raise HqError(f"promtool {verb} rules {path} did not end within {SECONDS:.0f} s") from None
    sys.stdout.flush()
    return ran.returncode == 0, (ran.stdout + ran.stderr).decode(errors="replace")


def _indented(words: str) -> str:
    lines = (line.rstrip() for line in words.expandtabs(2).splitlines())
    return "\n".join(f"     {line}" for line in lines if line)
