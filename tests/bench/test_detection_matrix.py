"""The matrix of detection: that it covers the catalogue, that its chance is right, and a small one through promtool."""

from __future__ import annotations

import re
import statistics
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.detection_matrix.chance import BOUNDS, bucket_shares, interpolated, poisson, scale_of
from bench.detection_matrix.faults import ANOMALIES, ELSEWHERE
from bench.detection_matrix.matrix import run_matrix
from bench.detection_matrix.page import replace_tables
from bench.detection_matrix.timeline import steady
from chaos.verification.bars import BELOW, FAR_ABOVE
from prometheus.catalogue import CATALOGUE
from stack.errors import HqError

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "detection.md"


def test_every_type_of_the_catalogue_is_brought_about() -> None:
    assert set(ANOMALIES) | ELSEWHERE == set(CATALOGUE)
    assert len(ANOMALIES) == 9


@given(st.floats(0.06, 4.0))
def test_latencies_are_where_they_are_aimed_at(percentile: float) -> None:
    shares = bucket_shares(scale_of(percentile))
    assert len(shares) == len(BOUNDS)
    assert sum(shares) == pytest.approx(1)
    assert interpolated(shares) == pytest.approx(percentile, rel=1e-6)


@pytest.mark.parametrize("mean", [0.5, 20.0, 500.0])
def test_counts_are_poisson(mean: float) -> None:
    random = Random(1)
    counts = [poisson(random, mean) for _ in range(5000)]
    assert statistics.mean(counts) == pytest.approx(mean, rel=0.06)
    assert statistics.variance(counts) == pytest.approx(mean, rel=0.1)


@pytest.mark.parametrize(("days", "lengths"), [(0.0, []), (0.5, [0.5]), (2.0, [2.0]), (5.0, [2.0, 2.0, 1.0])])
def test_as_many_steady_days_as_were_asked_for(days: float, lengths: list[float]) -> None:
    timelines = list(steady(days, rate=400.0))
    assert [timeline.until / 86400 for timeline in timelines] == lengths
    assert sum(len(timeline.trials) for timeline in timelines) == int(days), "a decoy for each night"


def test_the_page_has_the_markers_and_commands_that_exist(tmp_path: Path) -> None:
    text = PAGE.read_text()
    for name in ("matrix", "history", "live", "nab"):
        assert text.count(f"<!-- {name}: begin -->") == text.count(f"<!-- {name}: end -->") == 1
    for module in set(re.findall(r"python -m ([\w.]+)", text)):
        assert (ROOT / module.replace(".", "/") / "__main__.py").is_file()
    copy = tmp_path / "page.md"
    copy.write_text(text)
    replace_tables(copy, "matrix", "new")
    assert "<!-- matrix: begin -->\nnew\n<!-- matrix: end -->" in copy.read_text()
    replace_tables(copy, "matrix", "newer")
    assert "\nnew\n" not in copy.read_text()


def test_a_page_without_markers(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("<!-- matrix: end -->\n<!-- matrix: begin -->\n")
    with pytest.raises(HqError) as caught:
        replace_tables(page, "matrix", "x")
    assert str(caught.value) == (
        f"{page} needs one line <!-- matrix: begin --> and one <!-- matrix: end --> below it, "
        "between which the figures stand"
    )


def test_a_type_that_does_not_exist() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "bench.detection_matrix", "--type", "gremlins"],
        capture_output=True, text=True, cwd=ROOT, timeout=60, check=False,
    )  # fmt: skip
    assert ran.returncode == 2
    assert "argument --type: invalid choice: 'gremlins'" in ran.stderr


@pytest.mark.e2e
def test_a_small_matrix_meets_the_bars_that_it_can_show() -> None:
    quality = run_matrix(repeats=1, days=0, seed=7).quality
    assert len(quality.of(FAR_ABOVE)) == 9
    assert quality.recall(FAR_ABOVE).value == 1
    assert quality.recall(BELOW).hits == 0
    assert quality.right_type.value == 1
    assert quality.strays == ()
    late = [one for one in quality.of(FAR_ABOVE) if one.detected is None or one.detected > (one.trial.allowed or 0)]
    assert late == []
