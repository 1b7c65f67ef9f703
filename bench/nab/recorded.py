"""The scores that a rule file records, by `promtool test rules`: Prometheus' own rule manager in simulated time.

All files are series of one test, since a group is evaluated for all of them at once. The test expects no score at any
step; promtool then says in its failures what there was instead, and that is read.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from math import isfinite
from pathlib import Path

from bench.nab.corpus import Series
from prometheus.nab import SCORE, SOURCE
from stack.errors import HqError
from stack.process import find_program

STEP = timedelta(minutes=5)
_MOMENT = re.compile(r'expr: "[^"]*", time: (\S+),')
_SAMPLE = re.compile(r'series="(\d+)"} (\S+?)(?:,|$)')
_UNITS = {"w": 604800, "d": 86400, "h": 3600, "m": 60, "s": 1}


def recorded_scores(corpus: list[Series], rules: str, *, by_time: bool = False) -> list[list[float]]:
    """The score of every row of every series, 0 where there is none; raises HqError for rules that promtool refuses.

    A row is a step of five minutes, or the step that is nearest to its time.
    """
    slots = [series.slots(STEP) if by_time else list(range(len(series.values))) for series in corpus]
    samples = _samples(_run(corpus, slots, rules))
    found = {(number, slot): value for slot, number, value in samples}
    return [[found.get((number, slot), 0.0) for slot in some] for number, some in enumerate(slots)]


def _run(corpus: list[Series], slots: list[list[int]], rules: str) -> str:
    with tempfile.TemporaryDirectory() as directory:
        (Path(directory) / "rules.yml").write_text(rules)
        test = Path(directory) / "test.yml"
        test.write_text(_test(corpus, slots))
        ran = subprocess.run(
            [find_program("promtool"), "test", "rules", test], capture_output=True, text=True, check=False
        )
    said = ran.stdout + ran.stderr
    if ran.returncode and not _MOMENT.search(said):
        raise HqError(f"promtool refuses the rules: {' '.join(said.split())}")
    return said


def _test(corpus: list[Series], slots: list[list[int]]) -> str:
    series = "\n".join(
        f"  - {{series: '{SOURCE}{{series=\"{number}\"}}', values: '{_values(one, some)}'}}"
        for number, (one, some) in enumerate(zip(corpus, slots, strict=True))
    )
    moments = sorted({slot for some in slots for slot in some})
    looks = "\n".join(f"  - {{expr: '{SCORE}', eval_time: {moment * 5}m}}" for moment in moments)
    return (
        "rule_files: [rules.yml]\nevaluation_interval: 5m\ntests:\n- interval: 5m\n"
        f"  input_series:\n{series}\n  promql_expr_test:\n{looks}\n"
    )


def _values(series: Series, slots: list[int]) -> str:
    values = dict(zip(slots, series.values, strict=True))
    return " ".join(repr(values[slot]) if slot in values else "_" for slot in range(max(slots) + 1))


def _samples(said: str) -> Iterator[tuple[int, int, float]]:
    """Of each score that promtool tells of: the step, the number of the series, and the score."""
    slot = 0
    for line in said.splitlines():
        if moment := _MOMENT.search(line):
            slot = _seconds(moment[1]) // int(STEP.total_seconds())
        elif line.lstrip().startswith("got:"):
            for number, value in _SAMPLE.findall(line):
                if not isfinite(float(value)):
                    raise HqError(f"the rules record {value} as {SCORE}; every score must be a finite number")
                yield slot, int(number), float(value)


def _seconds(duration: str) -> int:
    return sum(int(number) * _UNITS[unit] for number, unit in re.findall(r"(\d+)([wdhms])", duration))
