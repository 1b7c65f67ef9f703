"""promtool as an engine: Prometheus' own rule manager, in simulated time, on series that we give it.

`promtool test rules` evaluates every group every `every` seconds, whatever interval the group has, and prints what it
got wherever that is not what was expected. Nothing is expected here, so that everything is printed.
"""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import yaml

from prometheus.replay.answers import Answers, read_answers
from prometheus.replay.notation import Point, series_notation, values_notation
from stack.dataclass import dataclass
from stack.errors import HqError
from stack.process import find_program
from stack.quantity import format_duration

FIRING = 'ALERTS{alertstate="firing"}'

_UNPRINTABLE = re.compile(r"[\x7f-\x9f\ufeff\ufffe\uffff]")  # JSON may hold them as they are, YAML may not


@dataclass(frozen=True)
class InputSeries:
    """One series by its labels, `__name__` among them, and its points (seconds from the beginning, value or STALE)."""

    labels: Mapping[str, str]
    points: Sequence[Point]


def evaluate(
    rules: Mapping[str, str],
    series: Iterable[InputSeries],
    asked: Mapping[str, Iterable[float]],
    *,
    step: float,
    every: float,
    timeout: float = 600.0,
) -> Answers:
    """The answers to expressions, each at some times (seconds from the beginning), after all rules were evaluated.

    `rules` are the texts of rule files by their names. They are evaluated from 0 to the last of the times, every
    `every` seconds, the groups in the order given; series lie on a grid of `step` seconds. Raises HqError when a rule
    cannot be loaded or evaluated, or after `timeout` seconds; MissingToolError.
    """
    looks = [
        {"expr": expr, "eval_time": format_duration(round(at, 3))} for expr, times in asked.items() for at in times
    ]
    test = {
        "interval": format_duration(step),
        "input_series": [
            {"series": series_notation(one.labels), "values": values_notation(one.points, step)} for one in series
        ],
        "promql_expr_test": looks,
    }
    document = {
        "rule_files": list(rules),
        "evaluation_interval": format_duration(every),
        "group_eval_order": [name for text in rules.values() for name in _group_names(text)],
        "tests": [test],
    }
    with tempfile.TemporaryDirectory(prefix="dev-hq-replay-") as directory:
        for name, text in rules.items():
            (Path(directory) / name).write_text(text)
        file = Path(directory) / "replay.json.test"  # JSON is YAML, and a hundred times quicker to write
        file.write_text(
            _UNPRINTABLE.sub(lambda match: f"\\u{ord(match[0]):04x}", json.dumps(document, ensure_ascii=False))
        )
        return read_answers(_ran(file, timeout))


def _group_names(rules: str) -> list[str]:
    """The groups of a rule file; promtool evaluates them in any order that it is not told.

    None of a file that makes no sense, which promtool will refuse in its own words.
    """
    try:
        content = json.loads(rules) if rules.startswith("{") else yaml.safe_load(rules)
        return [str(group["name"]) for group in content["groups"]]
    except (ValueError, TypeError, KeyError, yaml.YAMLError):
        return []


def _ran(file: Path, timeout: float) -> str:
    try:
        ran = subprocess.run(
            [find_program("promtool"), "test", "rules", str(file)],
            cwd=file.parent,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise HqError(f"promtool did not end within {timeout:g} s; try a shorter stretch") from None
    output = ran.stdout + ran.stderr
    if ran.returncode not in (0, 1) or (ran.returncode == 1 and "got:" not in output):
        words = [line.strip() for line in output.splitlines() if line.strip() and not line.startswith("Unit Testing")]
        words = [line.replace(f"{file.parent}/", "") for line in words]
        raise HqError(f"promtool refuses the rules: {' '.join(words)[:500] or f'exit code {ran.returncode}'}")
    return output
