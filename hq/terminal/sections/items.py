"""Short facts side by side under one title: faults, budgets, verdicts."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.text import Text

from hq.terminal import styles
from hq.terminal.amounts import age, budget_left
from hq.terminal.cells import Cell, fitted, line, words
from hq.terminal.observation import Budget, Gate, Observation
from hq.terminal.picture import Picture
from stack.dataclass import dataclass

LABEL = 8
_VERDICT_RANKS = ("FAIL", "ERROR", "UNDECIDED", "WARN", "PASS")


@dataclass(frozen=True)
class Item:
    """A fact: a word with a style, and what it is about."""

    word: str
    about: str
    style: str = ""


def faults(picture: Picture, width: int, rows: int) -> list[Text]:
    """What we break ourselves now."""
    seen = picture.seen
    if seen is None or seen.faults is None:
        return _said(picture, "FAULTS", _unknown(seen), width, rows)
    items = [
        Item(picture.safe(fault.kind), picture.safe(f"on {fault.target} by {fault.scenario}"), styles.FAULT)
        for fault in seen.faults
        if fault.ended is None and _concerns(picture, seen, fault.target)
    ]
    if not items:
        return _said(picture, "FAULTS", "none is injected", width, rows)
    return _grid(picture, "FAULTS", items, width, rows)


def budgets(picture: Picture, width: int, rows: int) -> list[Text]:
    """What is left of each error budget; when not all fit, the least first."""
    seen = picture.seen
    if seen is None:
        return _said(picture, "BUDGET", _unknown(seen), width, rows)
    found = [budget for budget in seen.budgets if picture.view.of_service(budget.service)]
    if not found:
        return _said(picture, "BUDGET", "no objective is measured", width, rows)
    alone = len({budget.service for budget in seen.budgets}) == 1
    items = [_budget(picture, budget, alone) for budget in found]
    if not _fits(items, width, rows):
        found.sort(key=lambda budget: float("-inf") if budget.left is None else budget.left)
        items = [_budget(picture, budget, alone) for budget in found]
    return _grid(picture, "BUDGET", items, width, rows)


def gates(picture: Picture, width: int, rows: int) -> list[Text]:
    """The last verdicts; when not all fit, the worst first."""
    seen = picture.seen
    if seen is None or seen.gates is None:
        return _said(picture, "GATES", _unknown(seen), width, rows)
    found = [gate for gate in seen.gates if picture.view.of_service(gate.service)]
    if not found:
        return _said(picture, "GATES", "none has been checked", width, rows)
    alone = len({gate.service for gate in seen.gates}) == 1
    items = [_gate(picture, gate, alone) for gate in found]
    if not _fits(items, width, rows):
        found.sort(key=lambda gate: _VERDICT_RANKS.index(gate.verdict))
        items = [_gate(picture, gate, alone) for gate in found]
    return _grid(picture, "GATES", items, width, rows)


def _budget(picture: Picture, budget: Budget, alone: bool) -> Item:
    about = _about(budget.service, budget.objective, alone)
    burning = " burning" if budget.burning else ""
    style = styles.SEVERITY[budget.burning] if budget.burning else styles.of_budget(budget.left)
    return Item(f"{budget_left(budget.left):>6}", picture.safe(about) + burning, style)


def _gate(picture: Picture, gate: Gate, alone: bool) -> Item:
    about = picture.safe(_about(gate.service, gate.name, alone))
    when = f" {age(picture.now - gate.checked):>6}" if gate.checked is not None else ""
    return Item(gate.verdict, about + when, styles.VERDICT[gate.verdict])


def _about(service: str, name: str, alone: bool) -> str:
    return name if alone or not service else f"{service} {name}"


def _concerns(picture: Picture, seen: Observation, target: str) -> bool:
    chosen = picture.view.service
    return not chosen or target == chosen or target in seen.pools.get(chosen, ())


def _unknown(seen: Observation | None) -> str:
    return "not known yet" if seen is None else "nobody can say: the exporter brings none"


def _columns(items: Sequence[Item], width: int) -> tuple[int, int]:
    """How many items stand beside each other, and how wide each is."""
    space = max(1, width - LABEL - 1)
    widest = max(cell_len(item.word) + 1 + cell_len(item.about) for item in items)
    columns = max(1, min(len(items), (space + 2) // (widest + 2)))
    return columns, (space - 2 * (columns - 1)) // columns if widest > space else min(widest, space)


def _fits(items: Sequence[Item], width: int, rows: int) -> bool:
    return len(items) <= _columns(items, width)[0] * rows


def _grid(picture: Picture, title: str, items: Sequence[Item], width: int, rows: int) -> list[Text]:
    if rows < 1:
        return []
    columns, cell = _columns(items, width)
    shown = len(items) if _fits(items, width, rows) else max(1, columns * rows - 1)
    rest = f"+{len(items) - shown} more" if shown < len(items) else ""
    if rest and columns * rows == shown:
        cell = min(cell, max(1, width - LABEL - 3 - len(rest)))
    texts = [_item(picture, item, cell) for item in items[:shown]]
    if rest:
        texts.append(Text(rest, styles.QUIET))
        columns = max(columns, -(-len(texts) // rows))
    return [
        _labelled(picture, title if start == 0 else "", texts[start : start + columns], width)
        for start in range(0, len(texts), columns)
    ]


def _item(picture: Picture, item: Item, width: int) -> Text:
    word = min(cell_len(item.word), width)
    made = Text().append(fitted(item.word, word, picture.glyphs), item.style)
    made.append(fitted(f" {item.about}", width - word, picture.glyphs))
    return made


def _labelled(picture: Picture, title: str, texts: Sequence[Text], width: int) -> Text:
    made = line([Cell(f" {title}", LABEL, styles.TITLE)], picture.glyphs)
    made.append(" ")
    made.append_text(Text("  ").join(texts))
    made.truncate(width)
    return made


def _said(picture: Picture, title: str, what: str, width: int, rows: int) -> list[Text]:
    said = words(width - LABEL - 1, picture.glyphs, (what, styles.QUIET))
    return [_labelled(picture, title, [said], width)][:rows]
