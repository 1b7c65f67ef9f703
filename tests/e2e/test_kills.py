"""A sample of the monkey: each victim is killed once, up to three in a loop; `make chaos-monkey` does more."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.chaos_monkey.__main__ import let_loose
from bench.chaos_monkey.victims import VICTIMS

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

SEED = 149  # serve, then the run while its fault is on, then Alertmanager; Prometheus and Envoy in the next loop


def test_no_promise_is_broken_by_a_kill(tmp_path: Path) -> None:
    session = let_loose(tmp_path, kills=len(VICTIMS), seed=SEED, victims=VICTIMS, together=(3, 3), say=print)
    assert session["breaches"] == []
    assert sorted(kill["victim"] for kill in session["kills"]) == sorted(VICTIMS)
    assert session["runs_after"] == 3  # before the first loop, and after each of the two
    assert session["seen"]["looks that showed a fault"] > 0
    assert session["seen"]["notifications acknowledged"] > 0
    assert session["seen"]["scrapes"] > 0
