"""Where everything stands, by the size of the terminal alone: what comes and goes moves nothing else."""

from __future__ import annotations

from rich.text import Text

from hq.terminal import styles
from hq.terminal.picture import Picture
from hq.terminal.sections import anomaly_list, items, services
from hq.terminal.sections.detail import detail
from hq.terminal.sections.headline import banner, headline
from hq.terminal.sections.keys_help import footer, help_page

WIDE, TALL = 160, 30
NARROW, LOW = 60, 18
MOST_SERVICES = 4
GUTTER = 3
ADVICE_ROWS = 9


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
        body = fill(picture, width, rows - 1, len(notes) - 1)
    body = _padded(body, rows - len(notes))
    if picture.is_old and not picture.view.helping:
        body = [Text(one.plain, styles.GONE) for one in body]
    lines = [headline(picture, width), *notes, *body, footer(picture, width)]
    for one in lines:
        one.truncate(width)
    return lines[: max(0, height)]


def _standard(picture: Picture, width: int, rows: int, taken: int) -> list[Text]:
    """One column: the list takes what the others leave, and gives what notes have `taken`."""
    is_roomy = rows >= 20
    bottom = items.faults(picture, width, 1)
    bottom += _service_table(picture, width, min(MOST_SERVICES, max(1, (rows - 16) // 2)))
    bottom += items.budgets(picture, width, 1 + (rows >= 26))
    bottom += _padded(items.gates(picture, width, 1 + is_roomy), 1 + is_roomy)
    advice_rows = min(9, max(3, rows - len(bottom) - 9))
    list_rows = max(1, rows - taken - len(bottom) - advice_rows - 1 - 2 * is_roomy)
    gap = [Text()] if is_roomy else []
    upper = [anomaly_list.heading(picture, width), *anomaly_list.anomaly_list(picture, width, list_rows)]
    lower = _padded(detail(picture, width, advice_rows), advice_rows)
    return [*_padded(upper, list_rows + 1), *gap, *lower, *gap, *bottom]


def _wide(picture: Picture, width: int, rows: int, taken: int) -> list[Text]:
    """Two columns: what is anomalous at the left, what to do and what surrounds it at the right."""
    rows -= taken
    right_width = min(90, (width - GUTTER) * 2 // 5)
    left_width = width - GUTTER - right_width
    left = [anomaly_list.heading(picture, left_width)]
    left += anomaly_list.anomaly_list(picture, left_width, rows - 1)
    each = max(2, rows // 6)
    advice = detail(picture, right_width, ADVICE_ROWS)
    if advice:
        advice.insert(0, Text(" SELECTED", styles.TITLE))
    right = [*_padded(advice, ADVICE_ROWS + 2), *_padded(items.faults(picture, right_width, 2), 2), Text()]
    below = [*items.budgets(picture, right_width, each), Text(), *items.gates(picture, right_width, each)]
    right += [*_service_table(picture, right_width, rows - len(right) - len(below) - 2), Text(), *below]
    both = zip(_padded(left, rows), _padded(right, rows), strict=True)
    return [_beside(one, other, left_width) for one, other in both]


def _small(picture: Picture, width: int, rows: int) -> list[Text]:
    """The worst anomaly and what to do; then, as far as there is room, the rest."""
    seen = picture.seen
    count = len(picture.view.shown(seen.anomalies)) if seen else 0
    list_rows = min(max(1, count), max(2, rows - 6 if rows < 12 else rows // 2))
    lines = anomaly_list.anomaly_list(picture, width, min(list_rows, rows))
    lines += detail(picture, width, max(0, min(5, rows - len(lines) - 1)))
    for section in (items.gates, items.faults, items.budgets):
        lines += section(picture, width, 1)
    lines += services.services(picture, width, max(0, rows - len(lines)))
    return lines[: max(0, rows)]


def _service_table(picture: Picture, width: int, rows: int) -> list[Text]:
    return [services.heading(picture, width), *services.services(picture, width, rows)]


def _padded(lines: list[Text], rows: int) -> list[Text]:
    return [*lines, *(Text() for _ in range(rows - len(lines)))][: max(0, rows)]


def _beside(one: Text, other: Text, width: int) -> Text:
    made = one.copy()
    made.append(" " * (width + GUTTER - one.cell_len))
    made.append_text(other)
    return made
