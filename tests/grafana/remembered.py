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
    "anomaly:learned": 3.0,
}
OF_SERVICES = ("requests:rate1m", "latency:p95_1m", "throttled:ratio_rate1m", "saturation:ratio", "flaps:changes10m")
OF_POOLS = ("throttled:ratio_rate1m", "saturation:ratio")
OF_THE_DETECTOR = ("EnvoyDown", "ExporterDown", "RuleEvaluationFailing")


def write_history(directory: Path, service: str, pool: str, end: float) -> None:
    """Writes the data of a Prometheus into `directory`: the hour of a service and a pool until `end` (epoch)."""
    text = directory / "history.txt"
    text.write_text("\n".join(_lines(service, pool, end)) + "\n# EOF\n")
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


def _lines(service: str, pool: str, end: float) -> Iterator[str]:
    of_service, of_pool = f'service="{service}"', f'service="{service}",pool="{pool}"'
    series = {f"service:{name}": {f"{{{of_service}}}": 1.0} for name in OF_SERVICES}
    series |= {f"pool:{name}": {f"{{{of_pool}}}": 1.0} for name in OF_POOLS}
    places = (f'{of_service},pool=""', of_pool)
    for name, value in RECORDED.items():
        of_name = places[:1] if name == "anomaly:score" else places  # limits and bands are drawn for a single series
        series[name] = {f'{{{place},anomaly_type="{kind}"}}': value for kind in CATALOGUE for place in of_name}
    series["ALERTS"] = {f'{{alertname="{name}",alertstate="firing",severity="high"}}': 1.0 for name in OF_THE_DETECTOR}
    for kind in CATALOGUE:
        of_kind = f'alertname="{kind}",alertstate="firing",severity="high",anomaly_type="{kind}"'
        for place in places:
            series["ALERTS"][f"{{{of_kind},{place}}}"] = 1.0
    for name, values in series.items():
        yield f"# TYPE {name} gauge"
        for labels, value in values.items():
            yield from (f"{name}{labels} {value} {moment}" for moment in range(int(end) - HOUR, int(end) + 1, STEP))
