"""The schedule of a wave: who is broken when."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as some

from chaos.parameters import Parameters
from chaos.plan import end_of, members_hit, phases, plan_fault


@given(members=some.integers(1, 64), step=some.integers(0, 9000), spare=some.integers(1000, 60_000))
def test_members_fail_in_turn_and_come_back_in_turn(members: int, step: int, spare: int) -> None:
    duration = ((members - 1) * step + spare) / 1000
    plan = plan_fault("failure", Parameters(Decimal(1), Decimal(1), 0.0, duration, step / 1000), "p", members)
    assert [fault.member for fault in plan] == list(range(members))
    for number, fault in enumerate(plan):
        assert fault.after == pytest.approx(number * step / 1000)
        assert end_of(fault) == pytest.approx(duration - (members - 1 - number) * step / 1000)
        assert fault.seconds > 0


@given(members=some.integers(1, 12), step=some.integers(0, 3000), spare=some.integers(1000, 9000))
def test_the_phases_follow_each_other_and_hold_every_fault_for_all_of_its_time(
    members: int, step: int, spare: int
) -> None:
    duration = ((members - 1) * step + spare) / 1000
    plan = plan_fault("failure", Parameters(Decimal(1), Decimal(1), 0.0, duration, step / 1000), "p", members)
    parts = phases(plan)
    assert parts[0].start == 0.0
    assert all(before.end == after.start for before, after in pairwise(parts))
    for fault in plan:
        own = [part for part in parts if fault in part.faults]
        assert (own[0].start, own[-1].end) == (fault.after, end_of(fault))
        assert sum(part.end - part.start for part in own) == pytest.approx(fault.seconds)


@pytest.mark.parametrize(
    ("share", "members", "hit"),
    [("100%", 4, 4), ("50%", 4, 2), ("1%", 4, 1), ("37.5%", 4, 2), ("30%", 4, 1), ("50%", 1, 1)],
)
def test_a_share_of_the_members_is_rounded_to_the_nearest_and_never_none(share: str, members: int, hit: int) -> None:
    assert members_hit(Decimal(share.rstrip("%")) / 100, members) == hit
