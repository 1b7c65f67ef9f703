"""The first lines: the state in one word, and what limits what is seen below."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from rich.cells import cell_len
from rich.text import Text

from hq.terminal import styles
from hq.terminal.amounts import age
from hq.terminal.cells import words, wrapped
from hq.terminal.observation import Observation
from hq.terminal.picture import Picture
from hq.terminal.plain import clock
from prometheus.catalogue import SEVERITIES

ROOMY = 60
REASON_ROWS = 3


def headline(picture: Picture, width: int) -> Text:
    """The state, how bad it is, and the time."""
    state, style = _state(picture)
    time = clock(picture.clock) if width >= 30 else ""
    old = _age(picture, width)
    right = "  ".join(part for part in (old, time) if part) + " "
    if cell_len(right) + len(state) + 2 > width:
        right = ""
    made = words(width - cell_len(right), picture.glyphs, (f" {state} ", style), ("  ", ""), *_summary(picture, width))
    made.append(" " * (width - made.cell_len - cell_len(right)))
    made.append(right, styles.NOTE if old else styles.QUIET)
    return made


def _state(picture: Picture) -> tuple[str, str]:
    if picture.blind:
        return "BLIND", styles.UNKNOWN
    seen = picture.seen
    if seen is None:
        return "ASKING", styles.UNKNOWN
    if not seen.anomalies:
        if seen.troubles:
            return "BROKEN", styles.UNEASY
        return "CALM", styles.UNEASY if _burning(seen) else styles.CALM
    counted = "1 ANOMALY" if len(seen.anomalies) == 1 else f"{len(seen.anomalies)} ANOMALIES"
    is_bad = seen.anomalies[0].severity in ("critical", "high")
    return counted, styles.BAD if is_bad else styles.UNEASY


def _summary(picture: Picture, width: int) -> Iterator[tuple[str, str]]:
    if picture.blind:
        yield f"for {age(picture.blind_for)}", styles.STRONG
        if width >= ROOMY:
            yield ", nobody can say what is anomalous", ""
    elif picture.seen is None:
        yield "Prometheus", ""
    elif not picture.seen.anomalies:
        what = "nothing is anomalous"
        if burning := _burning(picture.seen):
            what = burning if width < ROOMY else f"{what}, but {burning}"
        elif picture.seen.troubles:
            what = "nothing fires" if width < ROOMY else f"{what}, as far as can be seen"
        yield what, ""
    else:
        yield from _by_severity(picture.seen, width)


def _burning(seen: Observation) -> str:
    """An error budget may burn too fast although no signal is past its limit: somebody is paged for it then."""
    count = sum(bool(budget.burning) for budget in seen.budgets)
    return "" if not count else "an error budget burns" if count == 1 else f"{count} error budgets burn"


def _by_severity(seen: Observation, width: int) -> Iterator[tuple[str, str]]:
    counts = Counter(anomaly.severity for anomaly in seen.anomalies)
    for severity in reversed(list(SEVERITIES)):
        if counts[severity]:
            yield f"{counts[severity]} {severity}", styles.SEVERITY[severity]
            if width < ROOMY:
                return
            yield "  ", ""


def _age(picture: Picture, width: int) -> str:
    """How old what is seen is, as soon as that is worth a word."""
    if picture.seen is None or not (picture.is_old or picture.view.paused):
        return ""
    old = age(picture.age)
    if width < ROOMY:
        return f"{old} old"
    return f"PAUSED, {old} old" if picture.view.paused else f"data {old} old"


def banner(picture: Picture, width: int, rows: int) -> list[Text]:
    """Why nobody can say, what of the watching is in trouble, and what a filter hides; nothing when all is well."""
    found: list[Text] = []
    if picture.blind:
        reason = wrapped(picture.safe(picture.blind), width - 2, REASON_ROWS, picture.glyphs)
        found += [Text(f" {row}", styles.STRONG) for row in reason]
    elif picture.seen and picture.seen.troubles:
        found.append(_troubles(picture, picture.seen, width))
    if picture.view.is_filtering:
        found.append(words(width, picture.glyphs, (f" {_filter(picture)}", styles.NOTE)))
    return found[:rows]


def _troubles(picture: Picture, seen: Observation, width: int) -> Text:
    first, *others = seen.troubles
    others_counted = f"  +{len(others)} more" if others else ""
    what = picture.safe(f"{first.alert}: {first.summary}")
    shown = words(width - len(others_counted), picture.glyphs, (f" {what}", styles.SEVERITY[first.severity]))
    shown.append(others_counted, styles.QUIET)
    return shown


def _filter(picture: Picture) -> str:
    view = picture.view
    parts = []
    if view.service:
        parts.append(f"service {picture.safe(view.service)}")
    if view.least != "low":
        parts.append("critical" if view.least == "critical" else f"{view.least} and worse")
    if view.text:
        parts.append(f'"{picture.safe(view.text)}"')
    counted = ""
    if picture.seen:
        counted = f": {len(view.shown(picture.seen.anomalies))} of {len(picture.seen.anomalies)}"
    return f"only {', '.join(parts)}{counted} (c shows all)"
