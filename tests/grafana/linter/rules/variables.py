"""What a reader can choose."""

from __future__ import annotations

import re
from collections.abc import Iterator

from prometheus.lint.parsing import SyntaxProblemError, parse
from tests.grafana.expansion import HOUR, used_in
from tests.grafana.linter.dashboard import Dashboard, Json, texts
from tests.grafana.linter.problem import Problem, problem
from tests.grafana.linter.surroundings import Surroundings

ASKING = re.compile(r"label_names\(\)|(?:metrics|query_result)\((.+)\)|label_values\((?:(.+),\s*)?\w+\)", re.DOTALL)
ON_TIME_RANGE_CHANGE = 2
BUILT_IN = re.compile(r"__(field|data|value|series|url_time_range|all_variables|user|org|dashboard|timeFilter)")


def data_source(dashboard: Dashboard, _: Surroundings) -> Iterator[Problem]:
    rule = "template-datasource-rule"
    found = [one for one in dashboard.variables if one["type"] == "datasource"]
    if not found:
        yield problem(rule, dashboard, "has no variable of the type datasource")
    elif (found[0]["name"], found[0].get("label")) != ("datasource", "Data source"):
        yield problem(
            rule, dashboard, f'the variable "{found[0]["name"]}" must be "datasource", with the label "Data source"'
        )


def job(dashboard: Dashboard, _: Surroundings) -> Iterator[Problem]:
    yield from _of_targets("template-job-rule", dashboard, "job")


def instance(dashboard: Dashboard, _: Surroundings) -> Iterator[Problem]:
    yield from _of_targets("template-instance-rule", dashboard, "instance")


def _of_targets(rule: str, dashboard: Dashboard, name: str) -> Iterator[Problem]:
    found = dashboard.variable(name)
    if not found:
        yield problem(rule, dashboard, f'has no variable "{name}"')
        return
    for key, wanted in (("label", name.capitalize()), ("type", "query"), ("multi", True), ("allValue", ".+")):
        if found.get(key) != wanted:
            yield problem(rule, dashboard, f'the variable "{name}" must have the {key} {wanted}')


def label_promql(dashboard: Dashboard, _: Surroundings) -> Iterator[Problem]:
    rule = "template-label-promql-rule"
    for variable in _queries(dashboard):
        query = variable["query"]["query"]
        match = ASKING.fullmatch(query)
        if not match:
            yield problem(rule, dashboard, f'the variable "{variable["name"]}" asks {query}, which Grafana has not')
        elif selector := match[1] or match[2]:
            try:
                parse(dashboard.as_promql(selector))
            except SyntaxProblemError as error:
                yield problem(rule, dashboard, f'the variable "{variable["name"]}" asks {query}: {error}')


def definition(dashboard: Dashboard, _: Surroundings) -> Iterator[Problem]:
    for variable in _queries(dashboard):
        if variable.get("definition") != variable["query"]["query"]:
            yield problem(
                "template-definition-rule", dashboard, f'the variable "{variable["name"]}" shows another query than its'
            )


def reload(dashboard: Dashboard, _: Surroundings) -> Iterator[Problem]:
    for variable in _queries(dashboard):
        if variable.get("refresh") != ON_TIME_RANGE_CHANGE:
            yield problem(
                "template-on-time-change-reload-rule",
                dashboard,
                f'the variable "{variable["name"]}" must be asked again when the time range changes (refresh 2)',
            )


def all_value(dashboard: Dashboard, _: Surroundings) -> Iterator[Problem]:
    for variable in _queries(dashboard):
        if variable.get("includeAll") and not variable.get("allValue"):
            yield problem(
                "template-all-value-rule", dashboard, f'All of the variable "{variable["name"]}" needs an allValue'
            )


def defined(dashboard: Dashboard, _: Surroundings) -> Iterator[Problem]:
    known = {one["name"] for one in dashboard.variables} | HOUR.globals.keys()
    for name in sorted(_used(dashboard)):
        if name not in known and not BUILT_IN.match(name):
            yield problem("variable-defined-rule", dashboard, f'nothing defines the variable "{name}" that it uses')


def used(dashboard: Dashboard, _: Surroundings) -> Iterator[Problem]:
    for variable in dashboard.variables:
        if variable["name"] not in _used(dashboard):
            yield problem("variable-used-rule", dashboard, f'nothing uses the variable "{variable["name"]}"')


def several(dashboard: Dashboard, _: Surroundings) -> Iterator[Problem]:
    """Several values are joined by |, which only =~ and !~ understand."""
    names = [one["name"] for one in dashboard.variables if one.get("multi") or one.get("includeAll")]
    exprs = [target.expr for panel in dashboard.panels for target in panel.targets]
    exprs += [one["target"]["expr"] for one in dashboard.annotations]
    for expr in exprs:
        for label, value in re.findall(r'(\w+)\s*!?=\s*"((?:[^"\\]|\\.)*)"', expr):
            for name in set(used_in(value)) & set(names):
                yield problem(
                    "variable-operator-rule", dashboard, f'{label} is compared with several "{name}" without =~: {expr}'
                )


def _queries(dashboard: Dashboard) -> Iterator[Json]:
    yield from (one for one in dashboard.variables if one["type"] == "query")


def _used(dashboard: Dashboard) -> set[str]:
    """What panels, annotations and the queries of variables use."""
    where = (dashboard.data["panels"], dashboard.annotations, dashboard.data.get("links"), dashboard.variables)
    return {name for text in texts(list(where)) for name in used_in(text)} - {"__all"}


RULES = {
    "template-datasource-rule": data_source,
    "template-job-rule": job,
    "template-instance-rule": instance,
    "template-label-promql-rule": label_promql,
    "template-definition-rule": definition,
    "template-on-time-change-reload-rule": reload,
    "template-all-value-rule": all_value,
    "variable-defined-rule": defined,
    "variable-used-rule": used,
    "variable-operator-rule": several,
}
