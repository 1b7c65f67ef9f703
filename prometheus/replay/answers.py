"""What `promtool test rules` got, read from what it prints where nothing was expected."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Mapping

from stack.dataclass import dataclass
from stack.errors import HqError

_STRING = r'"(?:[^"\\\n]|\\.)*"'
_LABEL = re.compile(rf"(\w+)=({_STRING})")
_SAMPLE = re.compile(rf"\{{((?:\w+={_STRING}(?:, )?)*)\}} ([-+.\w]+)(?:, |$)")
_ASKED = re.compile(rf"expr: ({_STRING}), time: (\S+),")
_TIME = re.compile(r"(\d+)(ms|s|m|h|d|w|y)")
_MILLISECONDS = {
    "ms": 1,
    "s": 1000,
    "m": 60_000,
    "h": 3_600_000,
    "d": 86_400_000,
    "w": 604_800_000,
    "y": 31_536_000_000,
}


@dataclass(frozen=True)
class Got:
    """One sample of the answer to an expression: its labels, its name among them, and its value."""

    labels: Mapping[str, str]
    value: float


Answers = Mapping[str, Mapping[float, tuple[Got, ...]]]
"""For each expression, what it gave at each time (seconds from the beginning); times without a sample are left out."""


def read_answers(output: str) -> Answers:
    """What was got for each expression at each time; raises HqError for what promtool could not do."""
    answers: defaultdict[str, dict[float, tuple[Got, ...]]] = defaultdict(dict)
    asked: tuple[str, float] | None = None
    for line in map(str.strip, output.splitlines()):
        if ", err: " in line or (line.startswith("rule: ") and "err:" in line):
            raise HqError(f"promtool cannot evaluate the rules: {line}")
        if found := _ASKED.match(line):
            asked = ast.literal_eval(found[1]), _seconds(found[2])
        elif line.startswith("got: ") and asked:
            answers[asked[0]][asked[1]] = _samples(line.removeprefix("got: "))
    return answers


def _samples(text: str) -> tuple[Got, ...]:
    found, end = [], 0
    for match in _SAMPLE.finditer(text):
        if match.start() != end:
            break
        end = match.end()
        found.append(Got({name: ast.literal_eval(value) for name, value in _LABEL.findall(match[1])}, float(match[2])))
    if text != "nil" and end != len(text):
        raise HqError(f"promtool gave an answer that cannot be read: {text[:200]}")
    return tuple(found)


def _seconds(text: str) -> float:
    return sum(int(count) * _MILLISECONDS[unit] for count, unit in _TIME.findall(text)) / 1000
