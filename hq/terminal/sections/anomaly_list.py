"""The anomalies, one a line, the worst first."""

from __future__ import annotations

from rich.text import Text

from hq.terminal import styles
from hq.terminal.amounts import age, span
from hq.terminal.cells import Cell, line, words
from hq.terminal.picture import Picture
from hq.terminal.sparkline import sparkline
from hq.terminal.trends import SCORE, STEP
from prometheus.anomalies import Anomaly

TOP_SCORE = 3.0
"""From here on it is critical: full bars."""
SEVERITY, TYPE, SINCE, ACTUAL, THRESHOLD = 8, 17, 6, 9, 9


def heading(picture: Picture, width: int) -> Text:
    """The names of the columns."""
    bars = _bars(width)
    names = ("", "SEVERITY", "ANOMALY", "WHERE", "SINCE", "ACTUAL", "LIMIT", f"LAST {span(bars * STEP)}")
    return line(_cells(names, width, *[styles.TITLE] * 3), picture.glyphs)


def anomaly_list(picture: Picture, width: int, rows: int) -> list[Text]:
    """The anomalies that the filters let through, around the selected one; what does not fit is counted."""
    view, seen = picture.view, picture.seen
    shown = view.shown(seen.anomalies) if seen else []
    place = view.place(shown)
    if place is None or rows < 1:
        return _nothing(picture, width)[:rows]
    fit = rows if len(shown) <= rows else rows - 1
    if fit < 1:
        return [_rest(picture, width, 0, len(shown))]
    view.offset = max(place - fit + 1, min(view.offset, place, len(shown) - fit), 0)
    visible = shown[view.offset : view.offset + fit]
    lines = [_row(picture, anomaly, width, index == place) for index, anomaly in enumerate(visible, view.offset)]
    if fit < len(shown):
        lines.append(_rest(picture, width, view.offset, len(shown) - view.offset - len(visible)))
    return lines


def _nothing(picture: Picture, width: int) -> list[Text]:
    """Why the list is empty: only where that is known it says calm."""
    if picture.seen is None:
        what = "nothing has been seen yet"
    elif picture.seen.anomalies:
        what = "nothing that the filter lets through"
    else:
        what = "nothing is anomalous" if not picture.is_old else "nothing was anomalous then"
    return [words(width, picture.glyphs, (f"  {what}", styles.QUIET))]


def _rest(picture: Picture, width: int, above: int, below: int) -> Text:
    if above and below:
        what = f"+{above} more above, +{below} more below"
    else:
        what = f"+{below} more" if below else f"+{above} more above"
    return words(width, picture.glyphs, (f"  {what}", styles.QUIET))


def _row(picture: Picture, anomaly: Anomaly, width: int, is_selected: bool) -> Text:
    place = anomaly.pool or anomaly.service
    if anomaly.pool and width >= 100:
        place = f"{anomaly.service}{picture.glyphs.through}{anomaly.pool}"
    points = picture.seen.trends.of(SCORE, anomaly.type, anomaly.service, anomaly.pool) if picture.seen else ()
    texts = (
        picture.glyphs.mark if is_selected else " ",
        anomaly.severity,
        picture.safe(anomaly.type),
        picture.safe(place),
        age(picture.now - anomaly.since),
        picture.safe(anomaly.actual),
        picture.safe(anomaly.threshold),
        sparkline(points, _bars(width), TOP_SCORE, picture.glyphs.bars),
    )
    style = styles.SEVERITY[anomaly.severity]
    return line(_cells(texts, width, style, styles.STRONG if is_selected else "", style), picture.glyphs)


def _bars(width: int) -> int:
    if width < 70:
        return 0
    return 8 if width < 100 else min(40, width - 84) // 4 * 4


def _cells(texts: tuple[str, ...], width: int, severity: str, middle: str, bars: str) -> list[Cell]:
    """The columns that fit; their widths come from the width of the screen alone, so that nothing jumps."""
    mark, word, kind, place, since, actual, threshold, trend = texts
    if width < 30:
        return [
            Cell(mark, 1, severity),
            Cell(word, 4, severity),
            Cell(kind, max(0, width - 14), middle),
            Cell(since, SINCE, middle, "right"),
        ]
    if width < 56:
        kind_width = width - 1 - SEVERITY - SINCE - 3
        with_actual = kind_width >= TYPE + 1 + ACTUAL
        return [
            Cell(mark, 1, severity),
            Cell(word, SEVERITY, severity),
            Cell(kind, kind_width - (ACTUAL + 1 if with_actual else 0), middle),
            Cell(since, SINCE, middle, "right"),
            Cell(actual, ACTUAL if with_actual else 0, middle, "right"),
        ]
    with_threshold = width >= 70
    taken = 1 + SEVERITY + TYPE + SINCE + ACTUAL + (THRESHOLD + 1 if with_threshold else 0)
    bar_width = _bars(width)
    place_width = width - taken - (bar_width + 1 if bar_width else 0) - 5
    return [
        Cell(mark, 1, severity),
        Cell(word, SEVERITY, severity),
        Cell(kind, TYPE, middle),
        Cell(place, place_width, middle),
        Cell(since, SINCE, middle, "right"),
        Cell(actual, ACTUAL, middle, "right"),
        Cell(threshold, THRESHOLD if with_threshold else 0, middle, "right"),
        Cell(trend, bar_width, bars),
    ]
