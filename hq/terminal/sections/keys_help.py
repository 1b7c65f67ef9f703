"""What the keys do: one line always, and a page on `?`."""

from __future__ import annotations

from rich.text import Text

from hq.terminal import styles
from hq.terminal.cells import Cell, line, words
from hq.terminal.picture import Picture

_FOOTER = (
    ("q", "quit"),
    ("?", "help"),
    ("{arrows}", "select"),
    ("/", "text"),
    ("s", "service"),
    ("v", "severity"),
    ("p", "pause"),
    ("r", "ask now"),
)
_HELP = (
    ("q, Ctrl-C", "quit; the exit code is what was seen last"),
    ("", "0 nothing is anomalous, 1 something is, 2 nobody can say"),
    ("up, down, k, j", "select an anomaly; below the list is what to do"),
    ("PgUp, PgDn, g, G", "ten at once; the first, the last"),
    ("/", "only what holds a text: Enter keeps it, Esc drops it"),
    ("s, S", "only the next, or the previous, service"),
    ("v, V", "only this severity and worse: low, medium, high, critical"),
    ("c, Esc", "everything again"),
    ("p, Space", "pause: what you see stays, and says how old it is"),
    ("r, Ctrl-L", "ask Prometheus now; draw the screen anew"),
    ("CALM", "the rules are evaluated, and no anomaly fires"),
    ("BROKEN", "no anomaly fires, but part of what watches is in trouble"),
    ("BLIND", "nobody can say; below is the last that was seen, and its age"),
    ("bars", "every 15 s; of an anomaly its score, full from 3 limits on"),
)


def footer(picture: Picture, width: int) -> Text:
    """What can be typed, or what is being typed."""
    view = picture.view
    if view.typing:
        typed = f" /{picture.safe(view.text)}{picture.glyphs.caret}"
        return words(width, picture.glyphs, (typed, styles.STRONG), ("  Enter keeps, Esc drops", styles.QUIET))
    made = Text(no_wrap=True, overflow="crop")
    for key, does in _FOOTER:
        key = _drawn(key, picture)  # noqa: PLW2901 - as this terminal can show it
        if made.cell_len + len(key) + len(does) + 4 <= width:
            made.append(f" {key}", styles.STRONG).append(f" {does} ", styles.QUIET)
    return made


def help_page(picture: Picture, width: int, rows: int) -> list[Text]:
    """All keys, and what the words mean; only the keys where there is no room for words."""
    column, rows_of_help = (17, _HELP) if width >= 76 else (4, (*_FOOTER, ("c", "show all")))
    lines = [
        line([Cell(f" {_drawn(key, picture)}", column, styles.STRONG), Cell(does, width - column - 1)], picture.glyphs)
        for key, does in rows_of_help
    ]
    if len(lines) < rows:
        lines.append(Text())
    lines.append(words(width, picture.glyphs, (" any key goes back", styles.QUIET)))
    return lines if len(lines) <= rows else lines[:rows]


def _drawn(key: str, picture: Picture) -> str:
    return key.format(arrows=picture.glyphs.arrows)
