"""Values as words, each in the unit of its type, by PromQL itself: a column of a table has one unit in Grafana."""

from __future__ import annotations

from collections.abc import Iterator

from grafana.promql import OF_ANOMALY
from prometheus.catalogue import CATALOGUE, Unit
from stack.dataclass import dataclass

MINUTE, HOUR, DAY = 60, 3600, 86400


@dataclass(frozen=True)
class Scale:
    """Values from `low` to below `high` are multiplied by `factor`, rounded to `to` and followed by the `suffix`."""

    factor: str
    to: float
    suffix: str
    low: float | None = None
    high: float | None = None


SCALES = {
    Unit.RATIO: (Scale("100 *", 0.1, "%"),),
    Unit.REQUESTS_PER_SECOND: (Scale("1 *", 0.01, "/s"),),
    Unit.CHANGES: (Scale("1 *", 1, " changes"),),
    Unit.SECONDS: (
        Scale("1000 *", 1, " ms", high=1),
        Scale("1 *", 0.01, " s", 1, MINUTE),
        Scale(f"1 / {MINUTE} *", 0.1, " min", MINUTE, HOUR),
        Scale(f"1 / {HOUR} *", 0.1, " h", HOUR, DAY),
        Scale(f"1 / {DAY} *", 0.1, " d", DAY),
    ),
}


def in_words(metric: str, matchers: str, label: str) -> str:
    """The values of anomaly:actual or anomaly:threshold as the label `label`, one series for each anomaly."""
    return " or ".join(_of_each_unit(metric, matchers, label))


def _of_each_unit(metric: str, matchers: str, label: str) -> Iterator[str]:
    for unit, scales in SCALES.items():
        names = "|".join(kind.name for kind in CATALOGUE.values() if kind.unit is unit)
        for scale in scales:
            value = f'{metric}{{anomaly_type=~"{names}", {matchers}}}'
            value += "" if scale.low is None else f" >= {scale.low:g}"
            value += "" if scale.high is None else f" < {scale.high:g}"
            counted = f'count_values by ({OF_ANOMALY}) ("{label}", round({scale.factor} ({value}), {scale.to:g}))'
            yield f'label_replace({counted}, "{label}", "$1{scale.suffix}", "{label}", "(.+)")'
