"""Answers on which no verdict may rest, from a Prometheus that is not well."""

from __future__ import annotations

from pathlib import Path

import pytest

from gates.gate import Verdict
from tests.gates.answered import check, reason_of_error
from tests.gates.fake_prometheus import HEALTHY, clock, vector


def test_a_healthy_answer_passes_so_that_the_others_mean_something(tmp_path: Path) -> None:
    assert check(tmp_path, lambda _: vector(HEALTHY)).verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"requests": "NaN"}, "the number of requests is nan; a counter that is not a number spoils every sum"),
        ({"requests": "+Inf"}, "the number of requests is inf; a counter that is not a number spoils every sum"),
        ({"counted requests": "-1"}, "the number of counted requests is -1, and no count is below zero"),
        ({"counted requests": "6100"}, "there are more bad requests (6,100) than requests (6,000)"),
        ({"something": "1"}, "Prometheus answered with series that nobody asked for"),
    ],
)
def test_numbers_that_are_no_counts_are_errors(tmp_path: Path, changes: dict[str, str], reason: str) -> None:
    assert reason_of_error(check(tmp_path, lambda _: vector({**HEALTHY, **changes}))) == reason


@pytest.mark.parametrize("missing", [name for name in HEALTHY if name not in ("counted requests", "counter resets")])
def test_an_answer_that_is_not_there_keeps_from_passing(tmp_path: Path, missing: str) -> None:
    found = {name: value for name, value in HEALTHY.items() if name != missing}
    assert check(tmp_path, lambda _: vector(found)).verdict is Verdict.UNDECIDED


def test_warnings_are_an_error(tmp_path: Path) -> None:
    report = check(tmp_path, lambda _: vector(HEALTHY, warnings=["shard 2 did not answer", "nor did shard 3"]))
    assert reason_of_error(report) == "Prometheus warns that its answer is not complete: shard 2 did not answer"


def test_victoria_metrics_says_otherwise_that_a_part_is_missing(tmp_path: Path) -> None:
    report = check(tmp_path, lambda _: vector(HEALTHY, isPartial=True))
    assert reason_of_error(report) == "Prometheus warns that its answer is not complete: isPartial is set"
    assert check(tmp_path, lambda _: vector(HEALTHY, isPartial=False)).verdict is Verdict.PASS


@pytest.mark.parametrize(
    "hint",
    [{"infos": ["metric might not be a counter"]}, {"warnings": ["PromQL info: metric might not be a counter"]}],
)
def test_hints_are_none(tmp_path: Path, hint: dict[str, list[str]]) -> None:
    assert check(tmp_path, lambda _: vector(HEALTHY, **hint)).verdict is Verdict.PASS


def test_several_series_where_one_is_due_are_an_error(tmp_path: Path) -> None:
    twice = vector(HEALTHY).replace(
        b'"result": [', b'"result": [{"metric": {"dev_hq_question": "requests"}, "value": [1, "1"]},'
    )
    assert reason_of_error(check(tmp_path, lambda _: twice)) == "2 series answer where one is due: requests"


def test_a_result_of_another_type_is_an_error(tmp_path: Path) -> None:
    reason = "Prometheus answered with a scalar, where a vector is due"
    assert reason_of_error(check(tmp_path, lambda _: clock())) == reason


@pytest.mark.parametrize("body", [b"<html>log in</html>", b'{"status": "success", "data": {', b"[]", b"{}", b""])
def test_what_is_no_answer_is_an_error(tmp_path: Path, body: bytes) -> None:
    assert reason_of_error(check(tmp_path, lambda _: body)).startswith("Prometheus at http://127.0.0.1:")


@pytest.mark.parametrize("body", [vector({}), clock().replace(b'"1800000000.0"', b'"NaN"')])
def test_a_server_without_a_clock_is_an_error(tmp_path: Path, body: bytes) -> None:
    report = check(tmp_path, lambda _: vector(HEALTHY), asks_time=lambda _: body)
    assert reason_of_error(report) == "Prometheus does not say what time it is"
    assert report.at is None


def test_all_gates_judge_the_same_instant_by_the_servers_clock(tmp_path: Path) -> None:
    report = check(tmp_path, lambda _: vector(HEALTHY))
    assert report.at == 1_800_000_000.0 - 2 * 15
