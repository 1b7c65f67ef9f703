"""Each service's rate, errors and latency, and how they went."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.text import Text

from hq.terminal import styles
from hq.terminal.amounts import per_second, percent, seconds, span
from hq.terminal.cells import Cell, line, words
from hq.terminal.observation import Observation, Service
from hq.terminal.picture import Picture
from hq.terminal.sparkline import highest, sparkline
from hq.terminal.trends import ERRORS, P95, RATE, STEP
from prometheus.catalogue import SEVERITIES

RATE_WIDTH, ERRORS_WIDTH, P95_WIDTH = 7, 6, 6
LEAST_ERRORS = 0.05
"""Errors below a twentieth of the requests are not to fill the bars."""


def heading(picture: Picture, width: int) -> Text:
    """The names of the columns."""
    bars = _bars(width)
    last = f"LAST {span(bars * STEP)}"
    cells = _cells("SERVICE", (("RATE", last), ("ERRORS", last), ("P95", last)), width, styles.TITLE)
    return line(cells, picture.glyphs)


def services(picture: Picture, width: int, rows: int) -> list[Text]:
    """One line each; those with anomalies first when not all fit, and the rest counted."""
    seen = picture.seen
    if rows < 1:
        return []
    if seen is None:
        return [words(width, picture.glyphs, (" not known yet", styles.QUIET))]
    found = [service for service in seen.services if picture.view.of_service(service.name)]
    if not found:
        return [words(width, picture.glyphs, (" no service has requests", styles.QUIET))]
    if len(found) <= rows:
        return [_row(picture, seen, service, width) for service in found]
    worst = _severities(seen)
    found.sort(key=lambda service: (-worst.get(service.name, -1), service.name))
    lines = [_row(picture, seen, service, width) for service in found[: rows - 1]]
    return [*lines, words(width, picture.glyphs, (f" +{len(found) - rows + 1} more", styles.QUIET))]


def _severities(seen: Observation) -> dict[str, int]:
    """The rank of the worst anomaly of each service that has one."""
    ranks = list(SEVERITIES)
    worst: dict[str, int] = {}
    for anomaly in seen.anomalies:
        worst[anomaly.service] = max(worst.get(anomaly.service, 0), ranks.index(anomaly.severity))
    return worst


def _row(picture: Picture, seen: Observation, service: Service, width: int) -> Text:
    bars, glyphs = _bars(width), picture.glyphs

    def trend(metric: str, least: float = 0.0) -> str:
        points = seen.trends.of(metric, service.name)
        return sparkline(points, bars, highest(points[max(0, len(points) - bars) :], least), glyphs.bars)

    return line(
        _cells(
            picture.safe(service.name),
            (
                (per_second(service.rate), trend(RATE)),
                (percent(service.errors), trend(ERRORS, LEAST_ERRORS)),
                (seconds(service.p95), trend(P95)),
            ),
            width,
        ),
        glyphs,
    )


def _bars(width: int) -> int:
    return 0 if width < 66 else min(20, (width - 42) // 3) // 4 * 4


def _cells(name: str, measured: Sequence[tuple[str, str]], width: int, style: str = "") -> Iterator[Cell]:
    bars = _bars(width)
    taken = RATE_WIDTH + ERRORS_WIDTH + P95_WIDTH + 3 + 3 * (bars + 1 if bars else 0)
    yield Cell(f" {name}", width - taken, style)
    for (value, trend), column in zip(measured, (RATE_WIDTH, ERRORS_WIDTH, P95_WIDTH), strict=True):
        yield Cell(value, column, style, "right")
        yield Cell(trend, bars, style or styles.QUIET)
