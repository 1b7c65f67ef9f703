"""What changed between two looks: numbered, kept for a while, and enough to know what is so now."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hq.api.anomaly_feed import AnomalyFeed

Seen = dict[str, Any]


def one(kind: str, severity: str = "low", actual: str = "1%", pool: str = "") -> Seen:
    return {"type": kind, "service": "shop", "pool": pool, "severity": severity, "actual": actual}


def seen(*anomalies: Seen, at: str = "t") -> Seen:
    return {"at": at, "state": "anomalous" if anomalies else "calm", "reason": None, "anomalies": list(anomalies)}


def blind(reason: str = "Prometheus is away") -> Seen:
    return {"at": "t", "state": "blind", "reason": reason, "anomalies": None}


def told(feed: AnomalyFeed, position: int | None) -> list[tuple[str, Any]]:
    """Every event from there to the end."""
    events = []
    while step := feed.after(position):
        position = step.number
        events.append((step.event.name, step.event.data))
        assert step.event.id
        assert feed.position(step.event.id) == position
    return events


def fed(*looks: Seen, kept: int = 1000) -> AnomalyFeed:
    feed = AnomalyFeed(kept)
    for look in looks:
        feed.take(look)
    return feed


def test_the_first_look_is_no_news() -> None:
    feed = fed(seen(one("a")))
    assert told(feed, None) == [("snapshot", seen(one("a")))]
    assert told(feed, 0) == []


def test_nobody_has_looked() -> None:
    with pytest.raises(RuntimeError, match="nobody has looked yet"):
        _ = AnomalyFeed().now


def test_what_started_changed_and_ended() -> None:
    feed = fed(seen(one("a"), one("b")), seen(one("b", "high"), one("c")))
    at = {"at": "t", "state": "anomalous"}
    assert told(feed, 0) == [
        ("ended", {**at, "anomaly": one("a"), "fields": []}),
        ("changed", {**at, "anomaly": one("b", "high"), "fields": ["severity"]}),
        ("started", {**at, "anomaly": one("c"), "fields": []}),
    ]


def test_one_type_on_two_pools_is_two_anomalies() -> None:
    feed = fed(seen(one("a", pool="x")), seen(one("a", pool="y")))
    assert [name for name, _ in told(feed, 0)] == ["ended", "started"]


def test_the_same_again_is_no_news() -> None:
    assert told(fed(seen(one("a")), seen(one("a"), at="later")), 0) == []


def test_blindness_ends_nothing_and_is_said_once() -> None:
    feed = fed(seen(one("a")), blind(), blind("for another reason"), seen(one("a")))
    assert told(feed, 0) == [
        ("blind", {"at": "t", "state": "blind", "reason": "Prometheus is away"}),
        ("seeing", seen(one("a"))),
    ]


def test_what_changed_during_blindness_comes_after_it() -> None:
    feed = fed(seen(one("a")), blind(), seen(one("b")))
    assert [name for name, _ in told(feed, 0)] == ["blind", "seeing", "ended", "started"]


def test_blind_from_the_start_nothing_is_known_to_have_started() -> None:
    feed = fed(blind(), seen(one("a")))
    assert told(feed, 0) == [("seeing", seen(one("a")))]


def test_a_snapshot_while_blind_says_so() -> None:
    assert told(fed(seen(one("a")), blind()), None) == [("snapshot", blind())]


@pytest.mark.parametrize(
    "id_of",
    [
        pytest.param(lambda boot: None, id="none"),
        pytest.param(lambda boot: "", id="empty"),
        pytest.param(lambda boot: f"{boot}-", id="no number"),
        pytest.param(lambda boot: f"{boot}-4", id="to come"),
        pytest.param(lambda boot: f"{boot}--1", id="below zero"),
        pytest.param(lambda boot: f"{boot}-\u0661", id="another script's digit"),
        pytest.param(lambda boot: f"{boot}-{'9' * 5000}", id="too long"),
        pytest.param(lambda boot: f"{boot}-1\n", id="a line more"),
        pytest.param(lambda boot: "00000000-1", id="another boot"),
        pytest.param(lambda boot: "1", id="no boot"),
    ],
)
def test_an_id_that_leads_nowhere(id_of: Any) -> None:
    feed = fed(seen(), seen(one("a")), seen(), seen(one("b")))
    step = feed.after(None)
    assert step is not None
    boot = str(step.event.id).partition("-")[0]
    assert feed.position(f"{boot}-3") == 3
    assert feed.position(id_of(boot)) is None


def test_an_id_that_is_too_old() -> None:
    feed = fed(seen(), *[seen(one("a")), seen()] * 3, kept=4)
    step = feed.after(None)
    assert step is not None
    boot = str(step.event.id).partition("-")[0]
    assert [feed.position(f"{boot}-{number}") for number in range(8)] == [None, None, 2, 3, 4, 5, 6, None]
    assert [name for name, _ in told(feed, 2)] == ["started", "ended"] * 2
    assert told(feed, 1) == [("snapshot", seen())]


anomalies = st.builds(one, st.sampled_from("abc"), st.sampled_from(["low", "high"]), st.sampled_from(["1%", "2%"]))
looks = st.lists(
    st.one_of(st.just(blind()), st.lists(anomalies, unique_by=lambda each: each["type"]).map(lambda some: seen(*some))),
    min_size=1,
    max_size=12,
)


@given(looks, st.integers(1, 5), st.data())
def test_whoever_follows_knows_what_is_so(looks: list[Seen], kept: int, data: st.DataObject) -> None:
    """However often he reads, and however much is kept."""
    feed = AnomalyFeed(kept)
    position: int | None = None
    known: dict[str, Seen] | None = None
    state = ""
    for look in looks:
        feed.take(look)
        if look is not looks[-1] and data.draw(st.booleans()):
            continue
        while step := feed.after(position):
            position, event = step.number, step.event
            state = event.data["state"]
            if event.name in ("snapshot", "seeing"):
                found = event.data["anomalies"]
                known = None if found is None else {each["type"]: each for each in found}
            elif event.name in ("started", "changed"):
                assert known is not None
                known[event.data["anomaly"]["type"]] = event.data["anomaly"]
            elif event.name == "ended":
                assert known is not None
                known.pop(event.data["anomaly"]["type"], None)
    assert state == looks[-1]["state"]
    if state != "blind":
        assert known == {each["type"]: each for each in looks[-1]["anomalies"]}
