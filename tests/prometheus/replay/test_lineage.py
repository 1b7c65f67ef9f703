"""What alerts stand on."""

from __future__ import annotations

from prometheus.replay.lineage import Lineage, Rule, lineages


def test_intervals_and_memory_are_those_of_everything_below() -> None:
    recordings = [
        Rule("a", "rate(raw[5m] offset 1h)", 1),
        Rule("b", "a + b offset 5m", 20),
        Rule("c", "avg_over_time(a[3d])", 5),
    ]
    found = lineages(
        [Rule("One", "b > 1", 2), Rule("Two", "a > 1", 1), Rule("Two", "c > 1", 1), Rule("Three", "raw[1x] > 1", 7)],
        recordings,
    )
    assert found == {"One": Lineage(20, 3600), "Two": Lineage(5, 3 * 86400), "Three": Lineage(7, 0)}
