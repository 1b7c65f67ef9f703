"""A Prometheus that remembers an hour in which every type of anomaly fired, in the band that was learned of it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

from prometheus.catalogue import CATALOGUE
from stack.process import find_program

STEP = 15
HOUR = 3600
RECORDED = {
    "anomaly:actual": 5.0,
    "anomaly:threshold": 4.0,
    "anomaly:score": 2.0,
    "anomaly:band_centre": 3.0,
    "anomaly:band_width": 1.0,
}
OF_THE_DETECTOR = ("EnvoyDown", "ExporterDown", "RuleEvaluationFailing")


def write_history(directory: Path, service: str, end: float) -> None:
    """Writes the data of a Prometheus into `directory`: the hour until `end` (epoch seconds)."""
    text = directory / "history.txt"
    text.write_text("\n".join(_lines(service, end)) + "\n# EOF\n")
    command = (
        find_program("promtool"),
        "tsdb",
        "create-blocks-from",
        "openmetrics",
        str(text),
        str(directory / "data"),
    )
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def _lines(service: str, end: float) -> Iterator[str]:
    moments = range(int(end) - HOUR, int(end) + 1, STEP)
    for name, value in RECORDED.items():
        yield f"# TYPE {name} gauge"
        for kind in CATALOGUE:
            series = f'{name}{{service="{service}",pool="",anomaly_type="{kind}"}}'
            yield from (f"{series} {value} {moment}" for moment in moments)
    yield "# TYPE ALERTS gauge"
    for kind in CATALOGUE:
        labels = f'alertname="{kind}",alertstate="firing",severity="high",service="{service}",anomaly_type="{kind}"'
        yield from (f'ALERTS{{{labels},pool=""}} 1 {moment}' for moment in moments)
    for name in OF_THE_DETECTOR:
        yield from (
            f'ALERTS{{alertname="{name}",alertstate="firing",severity="high"}} 1 {moment}' for moment in moments
        )
