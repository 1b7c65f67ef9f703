"""Every query of every dashboard, asked as Grafana asks it: in calm, in a fault, and where nothing is known."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bench.live import LiveStack, copy_stack, live_stack
from grafana.colours import CALM, UNKNOWN
from stack.waiting import wait_for
from tests.grafana import empty
from tests.grafana.asking import (
    AskedWronglyError,
    Question,
    Series,
    Source,
    all_chosen,
    annotated,
    each_chosen,
    questions,
)
from tests.grafana.empty import reason
from tests.grafana.expansion import Window
from tests.grafana.linter.dashboard import Dashboard, Panel
from tests.grafana.linter.lint import generated
from tests.grafana.linter.meaning import colour, fallback, word
from tests.grafana.linter.rules.expressions import tree_of
from tests.grafana.remembered import write_history
from tests.prometheus.live import running_prometheus
from tests.prometheus.stacks import demo_stack

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

CALM_SECONDS = 30.0
WAVE = ("proxy-failure-wave", "--duration", "30s", "--set", "step=3s")
YOUNGEST = "max_over_time(service:targets_lost:ratio_1m[30s:30s])"
"""What is recorded last, of what needs no hour of history, as panels ask for it: of half minutes."""

OF_A_SERVICE = {"scenario": "network-latency", "chaos_target": "storefront"}
"""What else can be chosen of runs: there are queries for pools, and others for services."""

OF_THE_DEMO = {"service": "storefront", "pool": "vendor-proxies"}
NOTHING = "global: {scrape_interval: 1h}\n"


@dataclass(frozen=True)
class Lived:
    """A stack of which no gate was checked until `began`, that was calm until `calm`, broken at `moments`, and whose
    run is over at `end` (epoch seconds)."""

    source: Source
    dashboards: list[Dashboard]
    began: float
    calm: float
    moments: list[float]
    end: float

    @property
    def calm_stretch(self) -> Window:
        return Window(self.calm - CALM_SECONDS, self.calm, scrape_interval=1)

    @property
    def windows(self) -> list[Window]:
        """What a reader sees at the moments of the fault, and when the run is over."""
        return [Window(self.calm, moment, scrape_interval=1) for moment in (*self.moments, self.end)]


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lived]:
    directory = tmp_path_factory.mktemp("dashboards")
    with live_stack(copy_stack(directory)) as live:
        dashboards = generated(live.stack)
        live.wait_until_steady()
        began = time.time()
        _check_the_gate(live)
        _wait_for(live, YOUNGEST, "the rules that look back a minute recorded nothing")
        calm = time.time()
        moments = _broken(live)
        yield Lived(Source(live.stack.prometheus.url), dashboards, began, calm, moments, time.time())


def _broken(live: LiveStack) -> list[float]:
    """Runs the wave to its end; the moments at which something of ours fired while it was in."""
    with live.start("chaos", "run", *WAVE) as run:
        wait_for(lambda: "upstream_failure" in live.firing(), 90, "no alert fired")
        moments = [time.time()]
        while run.poll() is None:
            if not _has(live, "count_over_time((quality_gate_verdict == 0)[2m:1s])"):
                _check_the_gate(live)
            wait_for(lambda: run.poll() is not None or time.time() > moments[-1] + 3, 10, "time stands still")
            if live.firing():
                moments.append(time.time())
        assert run.returncode in (0, 1), run.stdout.read() if run.stdout else ""
    _wait_for(live, "max_over_time(chaos_run_score[30s:30s])", "no score was scraped")
    return moments


def _wait_for(live: LiveStack, query: str, otherwise: str) -> None:
    wait_for(lambda: _has(live, query), 60, otherwise)


def _has(live: LiveStack, query: str) -> bool:
    return bool(live.prometheus.instant(query).samples)


def _check_the_gate(live: LiveStack) -> None:
    """Checks, and waits until the verdict is scraped."""
    began = time.time()
    subprocess.run(
        [sys.executable, "-m", "gates.check", "--stack", str(live.path)], capture_output=True, timeout=60, check=False
    )
    query = f"min(quality_gate_last_check_timestamp_seconds) >= {began}"
    _wait_for(live, query, "the check was not scraped")


def asked(lived: Lived, dashboard: Dashboard, window: Window) -> Iterator[tuple[Panel, Question, list[Series]]]:
    """What each query of each panel is given, with All chosen where it can be."""
    chosen = all_chosen(lived.source, dashboard, window)
    for panel, question in questions(dashboard, chosen, window):
        yield panel, question, lived.source.answer(question, window)


def refusals(ask: Callable[[], object]) -> list[str]:
    try:
        ask()
    except AskedWronglyError as error:
        return [str(error)]
    return []


@pytest.mark.parametrize("choose", [all_chosen, each_chosen])
def test_every_query_is_answered(lived: Lived, choose: Callable[..., dict[str, str]]) -> None:
    found: list[str] = []
    for dashboard in lived.dashboards:
        for window in (lived.calm_stretch, lived.windows[0], lived.windows[-1]):
            chosen = choose(lived.source, dashboard, window)
            all_of_it = [question for _, question in questions(dashboard, chosen, window)]
            for question in (*all_of_it, *annotated(dashboard, chosen, window)):
                found += refusals(lambda question=question, window=window: lived.source.answer(question, window))
    assert not found, "\n".join(found)


def test_every_variable_offers_something(lived: Lived) -> None:
    for dashboard in lived.dashboards:
        window = lived.windows[-1]
        chosen = all_chosen(lived.source, dashboard, window)
        for variable in dashboard.variables:
            if variable["type"] == "query":
                options = lived.source.options(dashboard, variable, chosen, window)
                assert options, f'{dashboard.title}: nothing can be chosen for "{variable["name"]}"'


def test_every_query_has_data_in_a_fault(lived: Lived) -> None:
    found = []
    for dashboard in lived.dashboards:
        missing = {
            (
                panel.data["id"],
                target.ref,
            ): f'{dashboard.title}, panel "{panel.title}", query {target.ref}: {target.expr}'
            for panel in dashboard.panels
            for target in panel.targets
            if not reason(empty.NEEDS_HISTORY | empty.OF_OTHER_RUNS | empty.ONLY_IN_CALM, target.expr)
        }
        for window in reversed(lived.windows):
            chosen = all_chosen(lived.source, dashboard, window)
            for choice in (chosen, chosen | OF_A_SERVICE):
                for panel, question in questions(dashboard, choice, window):
                    place = (panel.data["id"], question.ref)
                    if place in missing and lived.source.answer(question, window):
                        del missing[place]
        found += missing.values()
    assert not found, "\n".join(found)


def test_what_speaks_only_in_calm_speaks_then(lived: Lived) -> None:
    untouched = Window(lived.began - CALM_SECONDS, lived.began, scrape_interval=1)
    for dashboard in lived.dashboards:
        said = {
            panel.data["id"]: question
            for window in (untouched, lived.calm_stretch)
            for panel, question, series in asked(lived, dashboard, window)
            if series and reason(empty.ONLY_IN_CALM, _target(panel, question).expr)
        }
        for panel in dashboard.panels:
            if any(reason(empty.ONLY_IN_CALM, target.expr) for target in panel.targets):
                assert panel.data["id"] in said, f'{dashboard.title}, panel "{panel.title}"'


def test_what_needs_history_has_data_where_there_is_some(tmp_path: Path) -> None:
    now = time.time()
    window = Window(now - 1800, now - 60)
    write_history(tmp_path, "storefront", "vendor-proxies", now)
    idle = set(empty.NEEDS_HISTORY)
    with running_prometheus(NOTHING, tmp_path) as client:
        for dashboard in generated(demo_stack()):
            chosen = {one["name"]: one.get("allValue", "") for one in dashboard.variables} | OF_THE_DEMO
            for panel, question in questions(dashboard, chosen, window):
                expr = _target(panel, question).expr
                if why := reason(empty.NEEDS_HISTORY, expr):
                    assert Source(client.url).answer(question, window), f"{question}, of which is said that {why}"
                    idle -= {pattern for pattern in idle if re.search(pattern, expr)}
    assert idle == set()


def test_a_calm_stretch_says_so(lived: Lived) -> None:
    found = []
    for dashboard in lived.dashboards:
        shown: dict[int, tuple[Panel, list[Series], list[Question]]] = {}
        for panel, question, series in asked(lived, dashboard, lived.calm_stretch):
            _, so_far, before = shown.setdefault(panel.data["id"], (panel, [], []))
            so_far += series
            before.append(question)
        for panel, series, of_panel in shown.values():
            if not series and (dashboard.title, panel.title) not in empty.IN_CALM:
                found.append(f"{panel.kind} without data: " + "; ".join(map(str, of_panel)))
    assert not found, "\n".join(found)


def test_what_may_be_empty_in_calm_is_over_time(lived: Lived) -> None:
    kinds = {(dashboard.title, panel.title): panel.kind for dashboard in lived.dashboards for panel in dashboard.panels}
    assert {kinds[place] for place in empty.IN_CALM} <= {"timeseries", "state-timeline", "heatmap"}


def test_no_stat_is_blind_while_the_rules_are_evaluated(lived: Lived) -> None:
    found = []
    for dashboard in lived.dashboards:
        for window in (lived.calm_stretch, lived.windows[-1]):
            for panel, question, series in asked(lived, dashboard, window):
                target = _target(panel, question)
                unknown = fallback(tree_of(dashboard, target))
                if panel.kind != "stat" or unknown is None or reason(empty.NEEDS_HISTORY, target.expr):
                    continue
                if any(unknown in values for _, values in series):
                    found.append(f"{question} says {word(panel, unknown)}")
    assert not found, "\n".join(found)


def _target(panel: Panel, question: Question):
    return next(target for target in panel.targets if target.ref == question.ref)


def test_annotations_mark_the_fault_and_not_the_calm(lived: Lived) -> None:
    """Grafana draws where the value is above 0."""
    for dashboard in lived.dashboards:
        for window, is_marked in ((lived.calm_stretch, False), (lived.windows[-1], True)):
            chosen = all_chosen(lived.source, dashboard, window)
            for question in annotated(dashboard, chosen, window):
                series = lived.source.answer(question, window)
                marks = [value for _, values in series for value in values if value > 0]
                assert bool(marks) == is_marked, f"{question}: {len(marks)} marks"


@pytest.fixture(scope="module")
def blind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Source]:
    with running_prometheus(NOTHING, tmp_path_factory.mktemp("blind")) as client:
        yield Source(client.url)


def test_a_prometheus_that_knows_nothing_shows_nothing_as_calm(blind: Source) -> None:
    now = time.time()
    window = Window(now - 3600, now)
    found = []
    for dashboard in generated(demo_stack()):
        chosen = all_chosen(blind, dashboard, window)
        for panel, question in questions(dashboard, chosen, window):
            series = blind.answer(question, window)
            if panel.kind in ("stat", "state-timeline"):
                found += _known(dashboard, panel, question, series)
            elif panel.kind != "table" and series:
                found.append(f"{question} has data where there is none")
    assert not found, "\n".join(found)


def _known(dashboard: Dashboard, panel: Panel, question: Question, series: list[Series]) -> Iterator[str]:
    unknown = fallback(tree_of(dashboard, _target(panel, question)))
    values = {value for _, values in series for value in values}
    if unknown is not None and values != {unknown}:
        yield f"{question} gives {values}, not {unknown:g}"
    for value in sorted(values):
        if colour(panel, value) != UNKNOWN:
            yield f"{question} shows {value:g} in {colour(panel, value)}"


def test_a_table_of_a_prometheus_that_knows_nothing_has_no_row_of_the_calm(blind: Source, lived: Lived) -> None:
    now = time.time()
    window = Window(now - 3600, now)
    for dashboard in lived.dashboards:
        calm = {
            (panel.title, question.ref): _rows(series)
            for panel, question, series in asked(lived, dashboard, lived.calm_stretch)
        }
        chosen = all_chosen(blind, dashboard, window)
        for panel, question in questions(dashboard, chosen, window):
            if panel.kind == "table":
                same = calm[panel.title, question.ref] & _rows(blind.answer(question, window))
                assert not same, f"{question} says the same when calm and when blind: {same}"


def _rows(series: list[Series]) -> set[tuple[object, ...]]:
    return {(*sorted(labels.items()), values[-1]) for labels, values in series}


def test_a_guarded_stat_of_each_first_line_is_green_only_when_it_is_known(lived: Lived) -> None:
    """In calm something is green: the scales reach it, so that its absence without data says something."""
    overview = next(one for one in lived.dashboards if one.uid == "dev-hq-anomaly-overview")
    shown = {
        panel.title: colour(panel, values[-1])
        for panel, _, series in asked(lived, overview, lived.calm_stretch)
        if panel.kind == "stat"
        for _, values in series
    }
    assert shown["Firing"] == shown["Worst"] == CALM, shown
