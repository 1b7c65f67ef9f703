"""What the screen looks like: every state at three sizes as golden files, and what no size or label may break.

`python -m tests.hq.test_terminal_screen` writes the golden files anew.
"""

from __future__ import annotations

import io
import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console, Group
from rich.screen import Screen

from hq.terminal.cells import ASCII
from hq.terminal.observation import Budget, Observation, Service
from hq.terminal.picture import Picture
from hq.terminal.screen import screen
from hq.terminal.view import View
from prometheus.anomalies import Anomaly
from tests.hq.terminal_world import anomalous, anomaly, blind, broken, calm, crowd, seen

GOLDEN = Path(__file__).parent / "golden_terminal"
SIZES = ((40, 10), (80, 24), (200, 50))


def pictures() -> dict[str, Picture]:
    return {
        "calm": seen(calm()),
        "anomalous": seen(anomalous()),
        "blind": blind(anomalous()),
        "blind-from-the-start": blind(),
        "asking": seen(None),
        "broken": seen(broken()),
        "paused": seen(anomalous(), View(paused=True), age=34),
        "old": seen(anomalous(), age=9),
        "crowd": seen(crowd()),
        "filtered": seen(crowd(), View(service="service-07", least="high", text="flap")),
        "typing": seen(anomalous(), View(text="spik", typing=True)),
        "help": seen(anomalous(), View(helping=True)),
        "ascii": seen(anomalous(), glyphs=ASCII),
    }


def drawn(picture: Picture, width: int, height: int, styles: bool = False) -> str:
    """What a terminal of this size shows."""
    console = Console(
        file=io.StringIO(),
        record=True,
        force_terminal=True,
        width=width,
        height=height,
        color_system="standard",
        legacy_windows=False,
    )
    console.print(Screen(Group(*screen(picture, width, height))), end="")
    text = console.export_text(styles=styles)
    return text if styles else "".join(f"{line.rstrip()}\n" for line in text.splitlines())


@pytest.fixture(autouse=True)
def greenwich(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize("name", pictures())
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_golden(name: str, width: int, height: int) -> None:
    golden = GOLDEN / f"{name}-{width}x{height}.txt"
    assert drawn(pictures()[name], width, height) == golden.read_text()


@pytest.mark.parametrize("name", pictures())
def test_every_size_is_filled_exactly(name: str) -> None:
    picture = pictures()[name]
    sizes = {(width, height) for width in range(1, 210, 7) for height in (1, 2, 3, 5, 8, 13, 18, 19, 24, 30, 60)}
    for width, height in sizes:
        lines = screen(picture, width, height)
        assert len(lines) == height, (width, height)
        assert max(line.cell_len for line in lines) <= width, (width, height)


@pytest.mark.parametrize(("width", "height"), [(12, 1), (20, 3), (40, 10), (60, 18), (80, 24), (200, 50)])
def test_no_size_shows_blind_as_calm(width: int, height: int) -> None:
    text = drawn(blind(calm()), width, height)
    assert "BLIND" in text.splitlines()[0]
    assert "CALM" not in text
    assert "nothing is anomalous" not in text


def test_calm_is_not_green_while_an_error_budget_burns() -> None:
    budgets = (Budget("shop", "latency", 0.9), Budget("shop", "success_rate", -0.2, "critical"))
    picture = seen(replace(calm(), budgets=budgets))
    first = drawn(picture, 80, 24).splitlines()[0]
    assert first.startswith(" CALM   nothing is anomalous, but an error budget burns  ")
    assert drawn(picture, 40, 10).startswith(" CALM   an error budget burns  ")
    assert drawn(picture, 80, 24, styles=True).startswith("\x1b[1;7;33m CALM \x1b[0m")


def test_what_nobody_can_say_is_never_nothing() -> None:
    text = drawn(seen(broken()), 80, 24)
    assert "none is injected" not in text
    assert "none has been checked" not in text
    assert text.count("nobody can say: the exporter brings none") == 2


def test_blind_data_is_grey_but_for_the_reason() -> None:
    lines = drawn(blind(anomalous()), 80, 24, styles=True).splitlines()
    assert lines[0].startswith("\x1b[1;7m BLIND \x1b[0m")
    assert lines[1].startswith("\x1b[1m Prometheus at http://127.0.0.1:9090 refused")
    assert all(line.startswith("\x1b[2m") for line in lines[2:-1] if line.strip())
    assert not any("\x1b[1;31m" in line or "\x1b[33m" in line for line in lines[2:-1])


def test_a_filter_makes_nothing_look_calm() -> None:
    text = drawn(seen(anomalous(), View(text="no such thing")), 80, 24)
    assert text.splitlines()[0].startswith(" 2 ANOMALIES   1 critical  1 medium")
    assert 'only "no such thing": 0 of 2 (c shows all)' in text
    assert "nothing that the filter lets through" in text


def test_what_stands_below_does_not_move_when_anomalies_come_and_go() -> None:
    def rows(observation: Observation) -> list[int]:
        lines = drawn(seen(observation), 80, 24).splitlines()
        return [index for index, line in enumerate(lines) if line[1:7] in ("FAULTS", "SERVIC", "BUDGET", "GATES ")]

    assert rows(calm()) == rows(anomalous())


def test_the_selected_one_is_always_in_sight() -> None:
    observation = crowd()
    view = View()
    for key in ("end", "up", "home", "page down", "page down", "down", "up", "end"):
        view.press(key, observation)
        text = drawn(seen(observation, view), 80, 24)
        assert text.count("▌") == 1
    assert "+195 more above" in text


def hostile(label: str) -> Observation:
    one = replace(
        anomaly("error_spike", "high", 5, label, label, service=label, pool=label, metric=label, recommendation=label),
        type=label,
        runbook_url=label,
    )
    return replace(anomalous(), anomalies=(one,), services=(Service(label, 1.0, 0.0, 0.1),))


HOSTILE = {
    "escape": "\x1b[2J\x1b]0;owned\x07storefront\x9b31m",
    "newlines": "store\nfront\r\nafter\x0b\x85\u2028",
    "bidi": "store\u202efront\u2066\u200f",
    "markup": "[bold red]store[/bold red][link=http://x]y[/link] :smile:",
    "long": "x" * 100_000,
    "wide": "店舗フロント" * 30,
    "marks": "e" + "\u0301" * 10_000,
    "emoji": "👩\u200d💻❤\ufe0f🇩🇪",
    "surrogate": "\ud800half",
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_hostile_labels_stay_text(name: str, width: int, height: int) -> None:
    lines = drawn(seen(hostile(HOSTILE[name])), width, height).splitlines()
    assert len(lines) == height
    text = "\n".join(lines)
    assert all(character.isprintable() or character == "\n" for character in text)
    if name == "markup" and width > 40:
        assert "[bold red]" in text


@given(st.text(max_size=80), st.integers(1, 120), st.integers(1, 40))
def test_no_label_breaks_the_screen(label: str, width: int, height: int) -> None:
    lines = screen(seen(hostile(label)), width, height)
    assert len(lines) == height
    assert max(line.cell_len for line in lines) <= width
    assert all(line.plain.isprintable() for line in lines)


def test_an_anomaly_without_words_is_still_shown() -> None:
    bare = Anomaly("x", "low", "", "", "", "", "", "", "", 0.0, "", "")
    assert "low      x" in drawn(seen(replace(calm(), anomalies=(bare,))), 80, 24)


if __name__ == "__main__":
    os.environ["TZ"] = "UTC"
    time.tzset()
    for name, picture in pictures().items():
        for width, height in SIZES:
            (GOLDEN / f"{name}-{width}x{height}.txt").write_text(drawn(picture, width, height))
