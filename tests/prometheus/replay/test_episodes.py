"""Episodes, and how they differ."""

from __future__ import annotations

from prometheus.replay.episodes import Episode, Verdict, compared, episodes

ONE = {"alertname": "ErrorSpike", "anomaly_type": "error_spike", "severity": "low", "service": "shop"}
OTHER = {**ONE, "severity": "high"}


def test_an_alert_is_one_episode_until_it_is_silent() -> None:
    found = episodes([({**ONE, "alertstate": "firing"}, [-1, 1, 2, 3, 20, 21, 99])], gap=5, since=0, until=50)
    assert found == [Episode(ONE, 1, 3), Episode(ONE, 20, 21)]


def test_instances_of_one_alert_are_one() -> None:
    assert episodes([({**ONE, "metric": "a"}, [1, 2]), ({**ONE, "metric": "b"}, [2, 3])], 5, 0, 50) == [
        Episode(ONE, 1, 3)
    ]


def test_what_is_the_same_what_is_new_and_what_is_gone() -> None:
    before = [Episode(ONE, 10, 30), Episode(OTHER, 10, 20), Episode(ONE, 100, 110)]
    after = [Episode(ONE, 12, 30), Episode(ONE, 105, 130), Episode(OTHER, 300, 310)]
    found = compared(before, after, {"ErrorSpike": 2}, default=0)
    assert [(one.shown.since, one.verdict) for one in found] == [
        (10, Verdict.GONE),
        (12, Verdict.SAME),
        (105, Verdict.SHIFTED),
        (300, Verdict.NEW),
    ]
