"""The dashboards of every stack keep the rules; the exceptions are committed, with reasons, and needed."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.grafana.linter.exceptions import idle, not_excused, read_exceptions
from tests.grafana.linter.lint import RULES, generated, problems
from tests.grafana.linter.problem import Problem
from tests.grafana.linter.surroundings import known_of
from tests.grafana.stacks import NAMES, stack_named
from tests.prometheus.stacks import ROOT

FILE = ROOT / "grafana" / "dashboards" / ".lint"


@cache
def found_in(name: str) -> list[Problem]:
    with TemporaryDirectory() as directory:
        stack = stack_named(name, Path(directory))
    return problems(generated(stack), known_of(stack))


QUICK = ("demo", "one service, nothing else")


@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.e2e) for name in NAMES]
)
def test_the_rules_are_kept(name: str) -> None:
    kept = not_excused(found_in(name), read_exceptions(FILE, RULES))
    assert not kept, "\n".join(map(str, kept))


def test_every_exception_excuses_something_of_a_stack_with_all_there_is_or_with_nothing() -> None:
    found = found_in("demo") + found_in("one service, nothing else")
    assert idle(found, read_exceptions(FILE, RULES)) == []


def test_an_exception_that_excuses_nothing_is_noticed(tmp_path: Path) -> None:
    file = tmp_path / ".lint"
    file.write_text(
        "exclusions: {target-job-rule: {reason: Because., entries: [{dashboard: None, panel: Such, targetIdx: 1}]}}"
    )
    (exclusion,) = read_exceptions(file, RULES)
    assert idle(found_in("demo"), [exclusion]) == [exclusion]


def test_an_exception_excuses_only_what_it_names(tmp_path: Path) -> None:
    problems = [one for one in found_in("demo") if one.rule == "target-job-rule"]
    first = problems[0]
    file = tmp_path / ".lint"
    entry = f'{{dashboard: "{first.dashboard}", panel: "{first.panel}", targetIdx: {first.target}}}'
    file.write_text(f"exclusions: {{target-job-rule: {{reason: Because., entries: [{entry}]}}}}")
    place = (first.dashboard, first.panel, first.target)
    rest = [one for one in problems if (one.dashboard, one.panel, one.target) != place]
    assert not_excused(problems, read_exceptions(file, RULES)) == rest


def bad_files() -> Iterator[tuple[str, str]]:
    yield "{exclusions: {}, warnings: {}}", ".lint has other keys than exclusions: exclusions, warnings"
    yield "exclusions: {no-rule: {reason: A.}}", ".lint: there is no rule no-rule"
    yield "exclusions: {target-job-rule: }", ".lint: target-job-rule is excluded without a reason that is a sentence"
    yield (
        "exclusions: {target-job-rule: {reason: A., entries: [{board: x}]}}",
        ".lint: target-job-rule has an entry with board",
    )


@pytest.mark.parametrize(("text", "message"), [*bad_files()])
def test_an_exception_without_rule_reason_or_place_is_refused(text: str, message: str, tmp_path: Path) -> None:
    file = tmp_path / ".lint"
    file.write_text(text)
    with pytest.raises(ValueError, match=f"^{message}$".replace(".", r"\.")):
        read_exceptions(file, RULES)
