"""What the journal knows of a run whose process this one cannot see."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from chaos.known_run import KnownRuns, State
from chaos.requested import held, log_of
from chaos.stop import tell_to_stop
from stack.errors import HqError
from stack.journal import Journal
from stack.process import AFTERMATH_SECONDS, boot_id

BESIDE = {"scenario": "s", "target": "t", "pid": os.getpid(), "process_started": 1, "pid_namespace": "pid:[1]"}


def announced(directory: Path, **more: object) -> KnownRuns:
    journal = Journal(directory / "journal.jsonl")
    journal.append("run_announced", {"run": "r1", **BESIDE, "boot": boot_id(), "deadline": time.time(), **more})
    known = KnownRuns(journal.path)
    known.read()
    return known


def test_a_run_in_a_container_beside_goes_on_until_it_must_be_over(tmp_path: Path) -> None:
    known = announced(tmp_path, deadline=time.time() - AFTERMATH_SECONDS + 60)
    assert known.lost() == []
    assert (active := known.active())
    assert active.state(known.journal) is State.RUNNING
    with pytest.raises(HqError) as caught:
        tell_to_stop(known.journal)
    assert str(caught.value) == "run r1 goes on in another container of this machine; stop it from there"


@pytest.mark.parametrize(
    "more", [{"deadline": time.time() - AFTERMATH_SECONDS - 60}, {"boot": "another"}, {"pid_namespace": ""}]
)
def test_a_run_that_nobody_sees_and_that_must_be_over_is_lost(tmp_path: Path, more: dict[str, object]) -> None:
    known = announced(tmp_path, **more)
    assert [lost.run for lost in known.lost()] == ["r1"]
    assert known.active() is None


def test_a_run_in_a_container_beside_that_holds_its_log_lives(tmp_path: Path) -> None:
    known = announced(tmp_path, deadline=1.0)
    with held(log_of(known.journal, "r1")):
        assert known.lost() == []
    assert [lost.run for lost in known.lost()] == ["r1"]
