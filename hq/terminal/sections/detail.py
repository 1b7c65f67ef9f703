"""The selected anomaly: what is measured, which fault explains it, and what to do."""

from __future__ import annotations

from rich.text import Text

from hq.terminal import styles
from hq.terminal.cells import words, wrapped
from hq.terminal.explanation import explaining
from hq.terminal.observation import Fault, Observation
from hq.terminal.picture import Picture
from prometheus.anomalies import Anomaly

INDENT = " "


def detail(picture: Picture, width: int, rows: int) -> list[Text]:
    """As much of it as fits: where, then the fault, then the recommendation, then the runbook."""
    seen = picture.seen
    shown = picture.view.shown(seen.anomalies) if seen else []
    place = picture.view.place(shown)
    if seen is None or place is None or rows < 1:
        return []
    anomaly = shown[place]
    lines = [_where(picture, anomaly, width)]
    if rows >= 6:
        lines.append(_measured(picture, anomaly, width))
    lines.append(_fault(picture, seen, anomaly, width))
    space = rows - len(lines)
    with_runbook = space >= 5 and bool(anomaly.runbook_url)
    advice = wrapped(picture.safe(anomaly.recommendation), width - 2, space - with_runbook, picture.glyphs)
    lines += [Text(INDENT + row) for row in advice]
    if with_runbook:
        lines.append(words(width, picture.glyphs, (f"{INDENT}{picture.safe(anomaly.runbook_url)}", styles.QUIET)))
    return lines[:rows]


def _where(picture: Picture, anomaly: Anomaly, width: int) -> Text:
    if width < 60:
        what = f"{anomaly.pool or anomaly.service}: {anomaly.actual}, limit {anomaly.threshold}"
        return words(width, picture.glyphs, (INDENT + picture.safe(what), styles.STRONG))
    through = f" through {anomaly.pool}" if anomaly.pool else ""
    return words(
        width,
        picture.glyphs,
        (INDENT + picture.safe(anomaly.type), f"{styles.STRONG} {styles.SEVERITY[anomaly.severity]}"),
        (picture.safe(f" in {anomaly.service}{through}"), styles.STRONG),
    )


def _measured(picture: Picture, anomaly: Anomaly, width: int) -> Text:
    what = f"{anomaly.metric} is {anomaly.actual}, the limit {anomaly.threshold}"
    return words(width, picture.glyphs, (INDENT + picture.safe(what), ""))


def _fault(picture: Picture, seen: Observation, anomaly: Anomaly, width: int) -> Text:
    if seen.faults is None:
        return words(
            width, picture.glyphs, (f"{INDENT}whether a fault of ours explains it, nobody can say", styles.NOTE)
        )
    fault = explaining(anomaly, seen)
    if fault is None:
        return words(width, picture.glyphs, (f"{INDENT}no fault of ours explains it", styles.QUIET))
    return words(width, picture.glyphs, (INDENT + picture.safe(_explained(fault, width)), styles.FAULT))


def _explained(fault: Fault, width: int) -> str:
    ended = ", withdrawn" if fault.ended is not None else ""
    if width < 60:
        return f"our fault: {fault.kind} on {fault.target}{ended}"
    return f"explained by {fault.kind} on {fault.target}{ended} (our {fault.scenario})"
