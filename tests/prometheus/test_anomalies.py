"""From alerts to anomalies."""

from __future__ import annotations

from prometheus.anomalies import Anomaly, anomalies_of
from prometheus.answer import Alert


def alert(severity: str, since: float = 100, kind: str = "error_spike", state: str = "firing", **labels: str) -> Alert:
    own = {"anomaly_type": kind, "severity": severity, "service": "shop", "metric": "m", **labels}
    words = {
        "actual": f"{severity} actual",
        "threshold": "1%",
        "summary": "s",
        "recommendation": "do",
        "runbook_url": "r",
    }
    return Alert({label: value for label, value in own.items() if value}, words, state, since, 0.1)


def test_an_anomaly_is_the_highest_severity_since_the_first() -> None:
    (one,) = anomalies_of(
        [alert("low", 100), alert("high", 103), alert("medium", 101), alert("critical", 1, state="pending")]
    )
    assert one == Anomaly(
        type="error_spike", severity="high", service="shop", pool="", metric="m", threshold="1%", actual="high actual",
        recommendation="do", summary="s", since=100, runbook_url="r", dashboard_url="",
    )  # fmt: skip


def test_each_service_pool_and_type_is_an_anomaly_the_worst_first() -> None:
    found = anomalies_of([
        alert("low"), alert("critical", service="till"), alert("low", 50, pool="p"), alert("low", kind="latency_shift"),
    ])  # fmt: skip
    assert [(one.severity, one.service, one.pool, one.type) for one in found] == [
        ("critical", "till", "", "error_spike"),
        ("low", "shop", "p", "error_spike"),
        ("low", "shop", "", "error_spike"),
        ("low", "shop", "", "latency_shift"),
    ]


def test_what_is_no_anomaly() -> None:
    assert anomalies_of([]) == []
    assert anomalies_of([alert("page"), alert("low", kind=""), alert(""), alert("high", state="inactive")]) == []
