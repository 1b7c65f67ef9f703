"""The factories of panels: what cannot be left out, and what each writes."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest

from grafana import panels
from grafana.colours import CALM, LIMIT, NEUTRAL_STEPS, SCORE_STEPS, UNKNOWN, Step, Word
from grafana.columns import Column
from grafana.dashboard import Board, dashboard_data
from grafana.layout import Section
from grafana.panels import Panel, heatmap, link, stat, state_timeline, table, text, timeseries
from grafana.query import Query, Style
from grafana.variables import data_source

Json = dict[str, Any]

UP = [Query("up", "{{job}}")]
WORDS = (Word(0, "down", LIMIT), Word(1, "up", CALM))
EACH: dict[str, Callable[[], Panel]] = {
    "stat": lambda: stat("T", "It shows.", UP, unit="none", steps=SCORE_STEPS, words=WORDS),
    "timeseries": lambda: timeseries("T", "It shows.", UP, unit="s"),
    "state_timeline": lambda: state_timeline("T", "It shows.", UP, unit="none", steps=SCORE_STEPS),
    "table": lambda: table("T", "It shows.", UP, [Column("job", "Job"), Column("A", "Up", unit="none")]),
    "heatmap": lambda: heatmap("T", "It shows.", UP, unit="s"),
    "text": lambda: text("T", "It shows.", "words"),
}


def drawn(*some: Panel) -> list[Json]:
    """The panels as they come to be in a file."""
    board = Board("uid", "Title", "It is.", [Section("", some)], [data_source()])
    found: list[Json] = dashboard_data(board)["panels"]
    return found


@pytest.mark.parametrize("kind", EACH)
def test_title_and_description_and_queries_cannot_be_left_out(kind: str) -> None:
    parameters = inspect.signature(getattr(panels, kind)).parameters
    assert list(parameters)[:2] == ["title", "description"]
    for name in ("title", "description", *(("queries",) if kind != "text" else ())):
        assert parameters[name].default is inspect.Parameter.empty


@pytest.mark.parametrize("kind", [kind for kind in EACH if kind not in ("text", "table")])
def test_the_unit_cannot_be_left_out(kind: str) -> None:
    """In a table each column has its own."""
    assert inspect.signature(getattr(panels, kind)).parameters["unit"].default is inspect.Parameter.empty


@pytest.mark.parametrize("kind", [kind for kind in EACH if kind != "text"])
def test_every_panel_says_what_it_shows_and_asks_the_chosen_data_source(kind: str) -> None:
    (panel,) = drawn(EACH[kind]())
    source = {"type": "prometheus", "uid": "${datasource}"}
    assert (panel["title"], panel["description"], panel["datasource"]) == ("T", "It shows.", source)
    assert [target["datasource"] for target in panel["targets"]] == [source]
    assert panel["fieldConfig"]["defaults"]["noValue"] in ("no data", "\N{EN DASH}")
    assert "maxDataPoints" not in panel


@pytest.mark.parametrize("kind", ["stat", "state_timeline", "table"])
def test_without_data_everything_is_grey(kind: str) -> None:
    (panel,) = drawn(EACH[kind]())
    assert panel["fieldConfig"]["defaults"]["thresholds"]["steps"][0] == {"color": UNKNOWN, "value": None}


def test_a_stat_shows_the_latest_value_and_is_never_an_empty_box() -> None:
    plain, named = drawn(EACH["stat"](), stat("T", "D.", UP, unit="none", steps=NEUTRAL_STEPS, named=True))
    assert plain["options"]["reduceOptions"]["calcs"] == ["lastNotNull"]
    assert (plain["options"]["textMode"], named["options"]["textMode"]) == ("value", "value_and_name")
    assert [target["instant"] for target in plain["targets"]] == [True]


def test_a_stat_writes_words_in_place_of_numbers() -> None:
    (panel,) = drawn(EACH["stat"]())
    assert panel["fieldConfig"]["defaults"]["mappings"] == [
        {
            "type": "value",
            "options": {
                "0": {"text": "down", "color": LIMIT, "index": 0},
                "1": {"text": "up", "color": CALM, "index": 1},
            },
        }
    ]


def test_a_word_for_nothing_is_a_special_mapping() -> None:
    words = (Word(None, "unknown", UNKNOWN),)
    (panel,) = drawn(stat("T", "D.", UP, unit="none", steps=NEUTRAL_STEPS, words=words))
    assert panel["fieldConfig"]["defaults"]["mappings"] == [
        {"type": "special", "options": {"match": "null", "result": {"text": "unknown", "color": UNKNOWN, "index": 0}}}
    ]


def test_a_state_timeline_is_coloured_by_steps_or_by_words() -> None:
    """Where Grafana colours by steps, it merges by them and forgets the words."""
    by_steps, by_words = drawn(
        EACH["state_timeline"](), state_timeline("T", "D.", UP, unit="none", steps=(), words=WORDS)
    )
    assert by_steps["fieldConfig"]["defaults"]["color"] == {"mode": "thresholds"}
    assert by_words["fieldConfig"]["defaults"]["color"] == {"mode": "fixed", "fixedColor": UNKNOWN}
    assert (by_steps["options"]["perPage"], by_words["options"]["perPage"]) == (100, 100)


def test_lines_are_styled_by_their_query() -> None:
    queries = [
        Query("a", "a"),
        Query("b", "least"),
        Query("c", "most", Style("blue", fill=12, fill_below_to="least", width=0)),
        Query("d", "limit", Style(LIMIT, dashed=True)),
        Query("e", "fires", Style("red", points=True, right_axis=True, unit="none", hidden_in_legend=True)),
    ]
    (panel,) = drawn(timeseries("T", "D.", queries, unit="s", steps=[Step(1, LIMIT)], stacked=True))
    assert panel["fieldConfig"]["defaults"]["custom"]["showPoints"] == "auto"
    overrides = {one["matcher"]["options"]: one["properties"] for one in panel["fieldConfig"]["overrides"]}
    assert {one["matcher"]["id"] for one in panel["fieldConfig"]["overrides"]} == {"byFrameRefID"}
    assert {ref: {one["id"]: one["value"] for one in properties} for ref, properties in overrides.items()} == {
        "C": {
            "color": {"mode": "fixed", "fixedColor": "blue"},
            "custom.lineWidth": 0,
            "custom.fillOpacity": 12,
            "custom.fillBelowTo": "least",
            "custom.showPoints": "never",
        },
        "D": {
            "color": {"mode": "fixed", "fixedColor": LIMIT},
            "custom.lineStyle": {"fill": "dash", "dash": [10, 10]},
        },
        "E": {
            "color": {"mode": "fixed", "fixedColor": "red"},
            "custom.drawStyle": "points",
            "custom.pointSize": 6,
            "custom.showPoints": "always",
            "custom.axisPlacement": "right",
            "unit": "none",
            "custom.hideFrom": {"legend": True, "tooltip": False, "viz": False},
        },
    }
    custom = panel["fieldConfig"]["defaults"]["custom"]
    assert (custom["thresholdsStyle"], custom["stacking"]) == ({"mode": "dashed"}, {"mode": "normal", "group": "A"})


def test_the_columns_of_a_table_are_what_the_queries_give_in_order_under_their_titles() -> None:
    columns = [
        Column("job", "Job", links=(link("Go", "/d/x?var-job=${__data.fields.job}"),)),
        Column("B", "Score", unit="none", steps=SCORE_STEPS, cell="gauge", minimum=0, maximum=4),
        Column("url", "Runbook", caption="open"),
        Column("words", "What to do", wrap=True),
        Column("page", "page", hidden=True),
    ]
    (panel,) = drawn(table("T", "D.", [Query("a"), Query("b")], columns, sort_by="Score"))
    merge, keep, order = panel["transformations"]
    assert merge == {"id": "merge", "options": {}}
    assert keep["options"]["include"]["names"] == ["job", "Value #B", "url", "words", "page"]
    assert order["options"]["renameByName"] == {
        "job": "Job", "Value #B": "Score", "url": "Runbook", "words": "What to do", "page": "page",
    }  # fmt: skip
    assert [*order["options"]["indexByName"].values()] == [0, 1, 2, 3, 4]
    overrides = {
        one["matcher"]["options"]: {each["id"]: each["value"] for each in one["properties"]}
        for one in panel["fieldConfig"]["overrides"]
    }
    assert overrides["Job"]["links"] == [{"title": "Go", "url": "/d/x?var-job=${__data.fields.job}"}]
    assert overrides["Score"]["custom.cellOptions"] == {"type": "gauge"}
    assert (overrides["Score"]["min"], overrides["Score"]["max"]) == (0, 4)
    assert overrides["Runbook"]["mappings"] == [
        {"type": "regex", "options": {"pattern": ".+", "result": {"text": "open", "index": 0}}}
    ]
    assert overrides["What to do"]["custom.cellOptions"] == {"type": "auto", "wrapText": True}
    assert overrides["What to do"]["custom.wrapText"] is True
    assert overrides["page"] == {
        "unit": "string",
        "custom.hidden": True,
        "custom.hideFrom.viz": True,
    }  # up to Grafana 12.1, and since
    assert panel["options"]["sortBy"] == [{"desc": True, "displayName": "Score"}]
    assert [target["format"] for target in panel["targets"]] == ["table", "table"]


def test_the_value_of_an_only_query_has_no_letter() -> None:
    (panel,) = drawn(EACH["table"]())
    assert panel["transformations"][1]["options"]["include"]["names"] == ["job", "Value"]


def test_a_column_of_a_query_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match=r'^the column "Score" shows query C, and there are 2$'):
        table("T", "D.", [Query("a"), Query("b")], [Column("C", "Score", unit="none")])


def test_a_heatmap_is_of_today() -> None:
    (panel,) = drawn(EACH["heatmap"]())
    assert panel["options"]["calculate"] is False
    assert panel["options"]["yAxis"]["unit"] == "s"
    assert not {"cards", "dataFormat", "yBucketBound", "xAxis"} & panel.keys()


def test_words_alone_ask_nothing() -> None:
    (panel,) = drawn(EACH["text"]())
    assert panel["options"]["content"] == "words"
    assert not {"targets", "datasource", "fieldConfig"} & panel.keys()


def test_a_query_is_one_line_and_lettered_by_its_place() -> None:
    (panel,) = drawn(timeseries("T", "D.", [Query("a\n  + b "), Query("c")], unit="s"))
    assert [(target["refId"], target["expr"]) for target in panel["targets"]] == [("A", "a + b"), ("B", "c")]
