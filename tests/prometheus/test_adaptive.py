"""The adaptive band, in promtool: what it calls usual, and what it learns."""

from __future__ import annotations

import math
import random
import re
import subprocess
from pathlib import Path

import pytest

from prometheus.detection.adaptive import (
    CENTRE,
    CLAMP,
    DRIFT,
    DRIFT_WIDTH,
    LEARNED,
    STEP,
    WIDTH,
    band_rules,
    distance,
    drift_distance,
)
from prometheus.formats.nab import nab_file
from prometheus.formats.text import document, dump
from prometheus.replay.engine import InputSeries, evaluate
from prometheus.rule import RuleGroup
from stack.process import find_program

HOUR, DAY = 12, 288
Looks = list[tuple[str, int]]


def promtool(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [find_program("promtool"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)


def rule_text(excluded: str | None = None, least: str | None = None, source: str = "x") -> str:
    rules = tuple(band_rules(source, excluded=excluded, least=least))
    return dump({"groups": [document(RuleGroup("band", STEP, rules))]})


def replay(rules: str, series: dict[str, list[float]], looks: Looks) -> list[dict[str, float]]:
    """What each expression gives at each step, by the label `series`, or "" without one.

    The series are those of x, by their label; of another metric it is `metric:label`.
    """
    inputs = []
    for key, values in series.items():
        metric, _, name = key.rpartition(":")
        points = [(step * STEP, value) for step, value in enumerate(values)]
        inputs.append(InputSeries({"__name__": metric or "x", **({"series": name} if name else {})}, points))
    asked: dict[str, list[float]] = {}
    for expr, step in looks:
        asked.setdefault(expr, []).append(step * STEP)
    found = evaluate({"rules.yml": rules}, inputs, asked, step=STEP, every=STEP)
    got = [found.get(expr, {}).get(step * STEP, ()) for expr, step in looks]
    return [{one.labels.get("series", ""): one.value for one in some} for some in got]


def noise(length: int, around: float, by: float, seed: int = 1) -> list[float]:
    chance = random.Random(seed)
    return [around + chance.uniform(-by, by) for _ in range(length)]


def square(length: int) -> list[float]:
    """80 from 9 to 17 o'clock, 20 otherwise."""
    return [80.0 if 9 * HOUR <= step % DAY < 17 * HOUR else 20.0 for step in range(length)]


def with_steps(values: list[float], since: int, until: int, value: float) -> list[float]:
    return [value if since <= step < until else old for step, old in enumerate(values)]


@pytest.mark.parametrize("text", [rule_text(), rule_text("on (series) chaos == 1", "y"), nab_file()])
def test_promtool_accepts_the_rules(text: str, tmp_path: Path) -> None:
    (tmp_path / "rules.yml").write_text(text)
    ran = promtool("check", "rules", "--lint=all", "--lint-fatal", tmp_path / "rules.yml")
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_the_rules_avoid_what_servers_read_differently() -> None:
    text = rule_text("on (series) chaos == 1", "y") + nab_file()
    assert not re.search(r"\[\w+:\w*\]|holt_winters|mad_over_time|quantile|@|without", text)
    assert not re.search(r"\[(5m|300s)\]", text), "one sample or two"


def test_what_is_read_bare_was_recorded_before() -> None:
    seen = {"x"}
    for rule in band_rules("x"):
        for read in re.findall(r"anomaly:\w+(?![\w\[])", rule.expr):
            assert read in seen, f"{rule.record} reads {read}"
        seen.add(rule.record)


@pytest.mark.e2e
def test_series_without_history_or_without_width_have_no_band() -> None:
    length = 2 * DAY
    series = {"flat": [45.0] * length, "zero": [0.0] * length, "young": noise(length, 10, 1)}
    looks: Looks = [(CENTRE, 11 * HOUR), (WIDTH, 11 * HOUR), (WIDTH, 13 * HOUR)]
    looks += [(f"{name} == {name}", length - 1) for name in (DRIFT_WIDTH, DRIFT, LEARNED)]
    looks += [(f"{rule.record} != {rule.record} or abs({rule.record}) > 1e9", length - 1) for rule in band_rules("x")]
    none, no_width, width, drift_width, drift, learned, *neither_number = replay(rule_text(), series, looks)
    assert none == no_width == {}
    assert width.keys() == {"flat", "young"}
    assert width["flat"] == pytest.approx(0.45)
    assert drift_width.keys() <= {"young"}
    assert drift.keys() == learned.keys() == series.keys()
    assert neither_number == [{}] * len(band_rules("x"))


@pytest.mark.e2e
def test_the_least_width_gives_a_series_that_was_always_zero_a_band() -> None:
    length = 2 * DAY
    series = {"zero": with_steps([0.0] * length, length - 1, length, 0.1), "young": noise(length, 10, 1)}
    looks: Looks = [(WIDTH, length - 1), (distance("x"), length - 1)]
    width, far = replay(rule_text(least="0 * x + 0.02"), series, looks)
    assert width["zero"] == pytest.approx(0.02)
    assert 1 < width["young"] < 2.5
    assert far["zero"] == pytest.approx(5)


@pytest.mark.e2e
def test_a_jump_stands_out_by_its_direction() -> None:
    length, jump = 2 * DAY, 400
    series = {
        "flat": with_steps([45.0] * length, jump, length, 60),
        "up": with_steps(noise(length, 10, 1), jump, length, 20),
        "down": with_steps(noise(length, 10, 1), jump, length, 0),
    }
    looks: Looks = [(distance("x"), jump - 1)]
    looks += [(distance("x", direction=direction), jump) for direction in ("both", "up", "down")]
    before, both, up, down = replay(rule_text(), series, looks)
    assert max(before.values()) < 1
    assert both["flat"] == up["flat"] == pytest.approx(15 / 0.45)
    assert min(both.values()) > 3
    assert up["up"] == both["up"]
    assert down["down"] == both["down"]
    assert up["down"] == down["up"] == down["flat"] == 0


@pytest.mark.e2e
def test_what_is_usual_by_day_is_not_by_night() -> None:
    night = 4 * DAY + 3 * HOUR
    daily = [value + more for value, more in zip(square(5 * DAY), noise(5 * DAY, 0, 2), strict=True)]
    series = {"calm": daily, "odd": with_steps(daily, night, night + 3, 80)}
    looks: Looks = [(distance("x"), 4 * DAY + 6 * step) for step in range(48)] + [(distance("x"), night)]
    *day, odd = replay(rule_text(), series, looks)
    assert max(one["calm"] for one in day) < 1
    assert odd["odd"] > 1


@pytest.mark.e2e
def test_an_incident_is_clamped_but_a_level_that_lasts_is_learnt() -> None:
    length, shift = 6 * DAY, 2 * DAY + 60
    shifted = with_steps(noise(length, 10, 1), shift, length, 0)
    shifted = [value or 100 + more for value, more in zip(shifted, noise(length, 0, 1), strict=True)]
    looks: Looks = [(LEARNED, shift), (f"{CENTRE} + {CLAMP} * {WIDTH}", shift)]
    looks += [(distance("x"), shift + step) for step in (0, HOUR, 6 * HOUR, DAY)]
    looks += [(WIDTH, shift - 1), (WIDTH, shift + HOUR - 1), (CENTRE, length - 1)]
    learned, edge, first, hour, six, day, width, wider, centre = replay(rule_text(), {"": shifted}, looks)
    assert learned[""] == pytest.approx(edge[""])
    assert first[""] > hour[""] > 10
    assert width[""] < wider[""] < 2.2 * width[""]
    assert max(six[""], day[""]) < 1
    assert 80 < centre[""] < 101


@pytest.mark.e2e
def test_nothing_is_learnt_where_it_is_excluded() -> None:
    length = 2 * DAY
    series = {
        "chaos": noise(length, 10, 1),
        "calm": noise(length, 10, 1),
        "broken:chaos": with_steps([0.0] * length, 400, length, 1),
    }
    looks: Looks = [(LEARNED, 399), (LEARNED, 400), (distance("x"), 400)]
    before, during, far = replay(rule_text("broken == 1"), series, looks)
    assert before.keys() == far.keys() == {"chaos", "calm"}
    assert during.keys() == {"calm"}


@pytest.mark.e2e
def test_a_small_shift_that_lasts_is_a_drift() -> None:
    length, shift = 4 * DAY, 3 * DAY
    shifted = [value + (8 if step >= shift else 0) for step, value in enumerate(noise(length, 100, 10))]
    looks: Looks = [(distance("x"), shift + 2 * HOUR), (drift_distance(), shift - 1)]
    looks += [(drift_distance(direction=direction), shift + 2 * HOUR) for direction in ("both", "up", "down")]
    far, before, both, up, down = replay(rule_text(), {"": shifted}, looks)
    assert before[""] < 1 < both[""] == up[""]
    assert far[""] < both[""]
    assert down[""] == 0


@pytest.mark.e2e
def test_a_gap_is_bridged() -> None:
    values = noise(3 * DAY, 10, 1)
    inputs = {"": values[: 2 * DAY] + [math.nan] * HOUR + values[2 * DAY + HOUR :]}
    looks: Looks = [(WIDTH, 2 * DAY + HOUR), (distance("x"), 2 * DAY + HOUR)]
    width, far = replay(rule_text(source="x == x"), inputs, looks)
    assert width[""] > 0
    assert far[""] < 1.5
