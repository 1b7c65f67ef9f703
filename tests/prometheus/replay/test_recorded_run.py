"""The file of a recorded run: what is written is read, and nothing else is."""

from __future__ import annotations

import gzip
import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prometheus.replay import recorded_run
from prometheus.replay.recorded_run import RecordedRun, RecordedSeries, read_run, write_run
from stack.errors import HqError

POINTS = st.lists(st.tuples(st.integers(0, 60_000), st.floats()), max_size=20, unique_by=lambda point: point[0]).map(
    lambda points: tuple((at / 1000, value) for at, value in sorted(points))
)
LABELS = st.dictionaries(st.from_regex(r"[a-z_][a-z0-9_]{0,8}", fullmatch=True), st.text(max_size=10), max_size=3)


def series(labels: dict[str, str], points: tuple[tuple[float, float], ...], name: str = "up") -> RecordedSeries:
    return RecordedSeries({**labels, "__name__": name}, points)


def run_of(*recorded: RecordedSeries, firing: tuple[RecordedSeries, ...] = ()) -> RecordedRun:
    return RecordedRun(1000.0, 1010.0, 1060.0, 1.0, 1059.5, recorded, firing, ("up",), "a-run")


def same(one: float, other: float) -> bool:
    return one == other or (math.isnan(one) and math.isnan(other))


@given(LABELS, POINTS, POINTS)
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory,
    labels: dict[str, str],
    points: tuple[tuple[float, float], ...],
    others: tuple[tuple[float, float], ...],
) -> None:
    path = tmp_path_factory.getbasetemp() / "run.json.gz"
    run = run_of(series(labels, points), firing=(series(labels, others, "ALERTS"),))
    size = write_run(path, run)
    read = read_run(path)
    assert size == path.stat().st_size
    assert (read.began, read.since, read.until, read.read, read.run) == (1000, 1010, 1060, ("up",), "a-run")
    for before, after in zip((*run.series, *run.firing), (*read.series, *read.firing), strict=True):
        assert before.labels == after.labels
        assert [at for at, _ in before.points] == pytest.approx([at for at, _ in after.points])
        assert all(same(one, other) for (_, one), (_, other) in zip(before.points, after.points, strict=True))


def document(path: Path) -> dict[str, Any]:
    write_run(path, run_of(series({}, ((1.0, 1.0), (2.0, 0.0)))))
    content: dict[str, Any] = json.loads(gzip.decompress(path.read_bytes()))
    return content


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": "x"}, "is no recorded run; make one with: dev-hq rules record"),
        (
            {"version": 2},
            "is a recorded run of version 2, but this dev-hq reads version 1; record it again",
        ),
        (
            {"samples": 10**9},
            "is a damaged recording: it claims 1000000000 samples; at most 4000000 can be replayed",
        ),
        ({"samples": 3}, "is a damaged recording: it claims 3 samples and has 2"),
        ({"samples": True}, "is a damaged recording: it claims true samples; at most 4000000 can be replayed"),
        ({"since": 10**400}, "is a damaged recording: since must be a number, not 1" + "0" * 59),
        ({"until": 1000}, "is a damaged recording: it must begin before what counts, and that before its end"),
        ({"every": 0}, "is a damaged recording: an evaluation every 0 s is none; from 0.1 s to an hour is possible"),
        ({"until": 1e12, "every": 0.1}, "is a damaged recording: 1e+12 s hold too many evaluations"),
        ({"run": 1}, "is a damaged recording: the name of its run is no text"),
        ({"read": None}, "is a damaged recording: what its rules read is no list of texts"),
        ({"series": {}}, 'is a damaged recording: "series" must be a list of at most 100000 series'),
        ({"series": [1]}, "is a damaged recording: series[0] is no series"),
        (
            {"series": [{"labels": {"job": "x"}, "after_ms": [], "values": []}]},
            "is a damaged recording: series[0] has no name, or a label that cannot be one",
        ),
        (
            {"series": [{"labels": {"__name__": "up", 'a"': "x"}, "after_ms": [], "values": []}]},
            "is a damaged recording: series[0] has no name, or a label that cannot be one",
        ),
        (
            {"series": [{"labels": {"__name__": 1}, "after_ms": [], "values": []}]},
            "is a damaged recording: series[0] has no labels with texts as values",
        ),
        (
            {"series": [{"labels": {"__name__": "up"}, "after_ms": [1], "values": []}]},
            "is a damaged recording: series[0] needs as many times as values",
        ),
        (
            {"series": [{"labels": {"__name__": "up"}, "after_ms": [1, 0], "values": [1, 1]}]},
            "is a damaged recording: series[0] has a time that is not after the one before: 0",
        ),
        (
            {"series": [{"labels": {"__name__": "up"}, "after_ms": [1, 90000], "values": [1, 1]}]},
            "is a damaged recording: series[0] goes on after the end",
        ),
        (
            {"series": [{"labels": {"__name__": "up"}, "after_ms": [1, 1], "values": [1, "NaN"]}]},
            'is a damaged recording: "NaN" is not a value',
        ),
        (
            {"series": [{"labels": {"__name__": "up"}, "after_ms": [1, 1], "values": [1, None]}]},
            "is a damaged recording: a value of series[0] must be a number, not null",
        ),
        (
            {"series": [{"labels": {"__name__": "up"}, "after_ms": [1], "values": [1]}] * 2},
            'is a damaged recording: "series" has two series with the same labels',
        ),
    ],
)
def test_a_damaged_recording(changes: dict[str, Any], message: str, tmp_path: Path) -> None:
    path = tmp_path / "run.json.gz"
    content = {**document(path), **changes}
    path.write_bytes(gzip.compress(json.dumps(content).encode()))
    with pytest.raises(HqError) as caught:
        read_run(path)
    assert str(caught.value) == f"{path} {message}"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "holds no valid JSON; record it again"),
        (b"plain text", "breaks off or is not compressed by gzip; record it again"),
        (gzip.compress(b"[" * 100_000, mtime=0), "holds no valid JSON; record it again"),
        (gzip.compress(b'{"a": NaN}', mtime=0), "holds no valid JSON; record it again"),
        (gzip.compress(b"\xff", mtime=0), "holds no valid JSON; record it again"),
        (gzip.compress(b"[]", mtime=0), "is no recorded run; make one with: dev-hq rules record"),
    ],
)
def test_what_is_no_recording(content: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "run.json.gz"
    path.write_bytes(content)
    with pytest.raises(HqError) as caught:
        read_run(path)
    assert str(caught.value) == f"{path} {message}"


def test_a_recording_that_breaks_off(tmp_path: Path) -> None:
    path = tmp_path / "run.json.gz"
    document(path)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(HqError) as caught:
        read_run(path)
    assert str(caught.value) == f"{path} breaks off or is not compressed by gzip; record it again"


def test_a_recording_that_is_a_bomb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorded_run, "MAX_BYTES", 1024 * 1024)
    path = tmp_path / "run.json.gz"
    path.write_bytes(gzip.compress(b" " * (1024 * 1024 + 1)))
    with pytest.raises(HqError) as caught:
        read_run(path)
    assert str(caught.value) == f"{path} holds more than 1 MiB; record a shorter stretch"


def test_a_recording_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(HqError) as caught:
        read_run(tmp_path)
    assert str(caught.value) == f"{tmp_path} is not a file; record one with: dev-hq rules record"
