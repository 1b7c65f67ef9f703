"""Where everything stands, by the size of the terminal alone: what comes and goes moves nothing else."""

from __future__ import annotations

from rich.text import Text

from hq.terminal import styles
from hq.terminal.picture import Picture
from hq.terminal.sections import anomaly_list, items, services
from hq.terminal.sections.detail import detail
from hq.terminal.sections.headline import banner, headline
from hq.terminal.sections.keys_help import footer, help_page

WIDE, TALL = 140, 30
NARROW, LOW = 60, 18
MOST_SERVICES = 4
GUTTER = 3


def screen(picture: Picture, width: int, height: int) -> list[Text]:
    """Exactly `height` lines of at most `width` cells."""
    rows = height - 2  # the headline and the keys
    notes = banner(picture, width, max(0, min(4, rows - 1)))
    if picture.view.helping:
        body = help_page(picture, width, rows)
        notes = []
    elif width < NARROW or height < LOW:
        body = _small(picture, width, rows - len(notes))
    else:
        notes = notes or [Text()]
        fill = _wide if width >= WIDE and height >= TALL else _standard
        body = fill(picture, width, rows - len(notes))
    body = _padded(body, rows - len(notes))
    if picture.is_old:
        body = [Text(one.plain, styles.GONE) for one in body]
    lines = [headline(picture, width), *notes, *body, footer(picture, width)]
    return lines[: max(0, height)]


def _standard(picture: Picture, width: int, rows: int) -> list[Text]:
    """One column: the list takes what the others leave."""
    bottom = _padded(items.faults(picture, width, 1), 1)
    bottom += _service_table(picture, width, min(MOST_SERVICES, max(1, (rows - 16) // 2)))
    bottom += _budgets_and_gates(picture, width, 2 if rows >= 26 else 1)
    with_gaps = rows >= 20
    advice_rows = min(9, max(3, rows - len(bottom) - 8))
    list_rows = rows - len(bottom) - advice_rows - 1 - 2 * with_gaps
    gap = [Text()] if with_gaps else []
    upper = [anomaly_list.heading(picture, width), *anomaly_list.anomaly_list(picture, width, list_rows)]
    return [
        *_padded(upper, list_rows + 1),
        *gap,
        *_padded(detail(picture, width, advice_rows), advice_rows),
        *gap,
        *bottom,
    ]


def _wide(picture: Picture, width: int, rows: int) -> list[Text]:
    """Two columns: what is anomalous at the left, what surrounds it at the right."""
    right_width = min(90, (width - GUTTER) * 2 // 5)
    left_width = width - GUTTER - right_width
    advice_rows = min(12, rows // 3)
    list_rows = rows - advice_rows - 2
    left = [anomaly_list.heading(picture, left_width)]
    left += _padded(anomaly_list.anomaly_list(picture, left_width, list_rows), list_rows)
    left += [Text(), *detail(picture, left_width, advice_rows)]
    each = max(2, (rows - 3) // 5)
    right = [*_padded(items.faults(picture, right_width, 2), 2), Text()]
    below = [*items.budgets(picture, right_width, each), Text(), *items.gates(picture, right_width, each)]
    right += [*_service_table(picture, right_width, rows - len(right) - len(below) - 2), Text(), *below]
    return [
        _beside(one, other, left_width) for one, other in zip(_padded(left, rows), _padded(right, rows), strict=True)
    ]


def _small(picture: Picture, width: int, rows: int) -> list[Text]:
    """The worst anomaly and what to do; then, as far as there is room, the rest."""
    seen = picture.seen
    count = len(picture.view.shown(seen.anomalies)) if seen else 0
    list_rows = min(max(1, count), max(1, rows - 6)) if rows < 12 else min(max(1, count), rows // 2)
    lines = anomaly_list.anomaly_list(picture, width, min(list_rows, rows))
    lines += detail(picture, width, max(0, min(5, rows - len(lines) - 1)))
    for section in (items.gates, items.faults, items.budgets):
        lines += section(picture, width, 1)
    lines += services.services(picture, width, max(0, rows - len(lines)))
    return lines[: max(0, rows)]


def _service_table(picture: Picture, width: int, rows: int) -> list[Text]:
    return [services.heading(picture, width), *services.services(picture, width, rows)]


def _budgets_and_gates(picture: Picture, width: int, rows: int) -> list[Text]:
    return items.budgets(picture, width, rows) + items.gates(picture, width, rows)


def _padded(lines: list[Text], rows: int) -> list[Text]:
    return [*lines, *(Text() for _ in range(rows - len(lines)))][: max(0, rows)]


def _beside(one: Text, other: Text, width: int) -> Text:
    made = one.copy()
    made.append(" " * (width + GUTTER - one.cell_len))
    made.append_text(other)
    return made
