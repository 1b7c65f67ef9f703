"""Asks a Prometheus what a dashboard asks it, in the way of Grafana's Prometheus data source."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from typing import Any

from stack.dataclass import dataclass
from tests.grafana.expansion import ALL, Window, expanded, in_promql
from tests.grafana.linter.dashboard import Dashboard, Panel

Json = dict[str, Any]
Series = tuple[Mapping[str, str], tuple[float, ...]]
Chosen = Mapping[str, str]

RESULT = re.compile(r"query_result\((.+)\)", re.DOTALL)
LABEL_VALUES = re.compile(r"label_values\((?:(.+),\s*)?(\w+)\)", re.DOTALL)


class AskedWronglyError(AssertionError):
    """Prometheus refused a question, or answered it with a warning."""


@dataclass(frozen=True)
class Question:
    """One query: where it stands, and what it is with its variables expanded."""

    dashboard: str
    panel: str
    kind: str
    ref: str
    expr: str
    instant: bool

    def __str__(self) -> str:
        return f'{self.dashboard}, panel "{self.panel}", query {self.ref}: {self.expr}'


@dataclass(frozen=True)
class Source:
    """A Prometheus as a data source; asked by POST, as its provisioning says."""

    url: str

    def answer(self, question: Question, window: Window) -> list[Series]:
        """What a panel is given: at the end of the window, or over it. Raises AskedWronglyError."""
        if question.instant:
            form = {"query": question.expr, "time": f"{window.end:.3f}"}
            return self._asked(question, "query", form)
        step = window.interval
        start, end = (moment // step * step for moment in (window.start, window.end))
        form = {"query": question.expr, "start": f"{start:.3f}", "end": f"{end:.3f}", "step": f"{step:g}"}
        return self._asked(question, "query_range", form)

    def options(self, dashboard: Dashboard, variable: Json, chosen: Chosen, window: Window) -> list[str]:
        """The values that a variable offers, in its order. Raises AskedWronglyError."""
        query = variable["query"]["query"]
        where = f'variable "{variable["name"]}"'
        if match := RESULT.fullmatch(query):
            expr = expanded(match[1], chosen, window)
            found = self._lines(Question(dashboard.title, where, "variable", "A", expr, instant=True), window)
        else:
            found = self._label_values(f"{dashboard.title}, {where}: {query}", query, chosen, window)
        options = list(dict.fromkeys(_picked(found, str(variable.get("regex") or ""))))
        return sorted(options) if variable.get("sort") else options

    def _label_values(self, what: str, query: str, chosen: Chosen, window: Window) -> list[str]:
        match = LABEL_VALUES.fullmatch(query)
        assert match, what
        form = {"start": f"{window.start:.3f}", "end": f"{window.end:.3f}"}
        if match[1]:
            form["match[]"] = expanded(match[1], chosen, window)
        where = f"{self.url}/api/v1/label/{match[2]}/values?{urllib.parse.urlencode(form)}"
        return [str(value) for value in _answered(urllib.request.Request(where), what)["data"]]

    def _lines(self, question: Question, window: Window) -> list[str]:
        """What query_result() gives: a line of text for each series."""
        lines = []
        for labels, values in self.answer(question, window):
            inside = ",".join(f'{name}="{value}"' for name, value in labels.items() if name != "__name__")
            lines.append(f"{labels.get('__name__', '')}{{{inside}}} {values[-1]:g} {window.end * 1000:.0f}")
        return lines

    def _asked(self, question: Question, endpoint: str, form: Mapping[str, str]) -> list[Series]:
        body = urllib.parse.urlencode(form).encode()
        document = _answered(urllib.request.Request(f"{self.url}/api/v1/{endpoint}", data=body), str(question))
        data = document["data"]
        if data["resultType"] in ("scalar", "string"):
            return [({}, (float(data["result"][1]),))]
        return [
            (one["metric"], tuple(float(value) for _, value in one.get("values") or [one["value"]]))
            for one in data["result"]
        ]


NAMED_BY_ENVOY = "PromQL info: metric might not be a counter, name does not end in"
"""What Prometheus 3 remarks on Envoy's counters, which have names without _total."""


def _picked(found: list[str], regex: str) -> Iterator[str]:
    """What a variable's regular expression lets through, of that its group."""
    pattern = re.compile(re.sub(r"\(\?<(?=\w)", "(?P<", regex.strip("/")))
    for text in found:
        if match := pattern.search(text):
            named = match.groupdict()
            yield named.get("value") or named.get("text") or (match[1] if match.groups() else text)


def _answered(request: urllib.request.Request, what: str) -> Json:
    try:
        with urllib.request.urlopen(request, timeout=30) as reply:
            document = dict(json.load(reply))
    except urllib.error.HTTPError as error:
        raise AskedWronglyError(f"{what}\n  {error.code}: {error.read().decode(errors='replace')}") from None
    infos = [one for one in document.get("infos", []) if not one.startswith(NAMED_BY_ENVOY)]
    notes = [*document.get("warnings", []), *infos]
    if document["status"] != "success" or notes:
        raise AskedWronglyError(f"{what}\n  {document['status']}: {notes}")
    return document


def all_chosen(source: Source, dashboard: Dashboard, window: Window) -> dict[str, str]:
    """What Grafana chooses by itself: All where it can be, else the first that there is, or nothing."""
    chosen: dict[str, str] = {}
    for variable in dashboard.variables:
        if variable["type"] == "query":
            options = source.options(dashboard, variable, chosen, window)
            values = [ALL] if variable.get("includeAll") else options[:1] or [""]
            chosen[variable["name"]] = in_promql(variable, values)
    return chosen


def each_chosen(source: Source, dashboard: Dashboard, window: Window) -> dict[str, str]:
    """Every option, one by one, where several can be chosen: the alternatives of a regular expression."""
    chosen: dict[str, str] = {}
    for variable in dashboard.variables:
        if variable["type"] == "query":
            options = source.options(dashboard, variable, chosen, window)
            values = (options if variable.get("multi") else options[:1]) or [""]
            chosen[variable["name"]] = in_promql(variable, values)
    return chosen


def questions(dashboard: Dashboard, chosen: Chosen, window: Window) -> Iterator[tuple[Panel, Question]]:
    """Every query of every panel, those in closed rows too."""
    for panel in dashboard.panels:
        for target in panel.targets:
            expr = expanded(target.expr, chosen, window)
            instant = bool(target.data.get("instant"))
            yield panel, Question(dashboard.title, panel.title, panel.kind, target.ref, expr, instant)


def annotated(dashboard: Dashboard, chosen: Chosen, window: Window) -> Iterator[Question]:
    """The queries of annotations, which are always asked over the window."""
    for one in dashboard.annotations:
        expr = expanded(one["target"]["expr"], chosen, window)
        yield Question(dashboard.title, f"annotation {one['name']}", "annotation", "Anno", expr, instant=False)
