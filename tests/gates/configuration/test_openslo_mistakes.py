"""OpenSLO documents that no gate can judge: a sentence for each mistake, with its place."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gates.check import main
from stack.errors import HqError
from tests.gates.configuration.openslo import GATES, LIBRARY, REFERRING, SLO, gates


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("slo").mkdir()
    return tmp_path


def complaint(openslo: str, capsys: pytest.CaptureFixture[str]) -> str:
    Path("slo/shop.yaml").write_text(openslo)
    Path("gates.yaml").write_text(GATES)
    assert main(["-c", "gates.yaml", "--validate"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.endswith("\n")
    assert err[:-1].isprintable()
    return err[:-1].removeprefix("gates.check: ")


@pytest.mark.parametrize(
    "query",
    [
        "sum(rate(hits[5m])) / sum(rate(all[5m]))",
        "sum by (code) (rate(hits[5m]))",
        "sum(rate(hits[5m])) or vector(0)",
        "1 - avg(up)",
        "sum(rate(hits[5m] offset 1h))",
        "sum(irate(hits[5m]))",
        "sum(rate(hits[1h:5m]))",
        "histogram_quantile(0.99, hits)",
        "sum(sum(rate(hits[5m])))",
        "hits{",
        "avg(hits)",
    ],
)
def test_what_cannot_be_counted_is_refused(query: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = SLO.replace('sum(rate(hits{job="shop",code="500"}[5m]))', f"'{query}'")
    assert complaint(text, capsys) == (
        "slo/shop.yaml:20: spec.indicator.spec.ratioMetric.bad.metricSource.spec.query must be the counter's selector, "
        'its rate or increase, or the sum of these, such as sum(rate(http_requests_total{job="shop"}[5m])); '
        f"{query} cannot be counted"
    )


RATIO = "spec.indicator.spec.ratioMetric"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "openslo/v1",
            "openslo/v1alpha",
            '1: apiVersion must be openslo/v1, not "openslo/v1alpha"; convert the document first',
        ),
        (
            "openslo/v1",
            "openslo.com/v2alpha1",
            '1: apiVersion must be openslo/v1, not "openslo.com/v2alpha1"; convert the document first',
        ),
        ("apiVersion", "apiversion", '1: unknown key "apiversion"; did you mean "apiVersion"?'),
        (
            "kind: SLO",
            "kind: Slo",
            '2: unknown value "Slo" in kind; known are SLO, SLI, DataSource, Service, AlertPolicy, AlertCondition, '
            "AlertNotificationTarget",
        ),
        ("kind: SLO", "kind: Service", "4: slo/shop.yaml holds no document of kind SLO"),
        ("  name: availability\n", "", '3: metadata needs the key "name"'),
        ("  budgetingMethod: Occurrences\n", "", '8: spec needs the key "budgetingMethod"'),
        (
            "budgetingMethod",
            "budgettingMethod",
            '29: unknown key "budgettingMethod" in spec; did you mean "budgetingMethod"?',
        ),
        (
            "Occurrences",
            "Occurences",
            '29: unknown value "Occurences" in spec.budgetingMethod; did you mean "Occurrences"?',
        ),
        (
            "Occurrences",
            "Timeslices",
            "29: budgetingMethod Timeslices weighs minutes, and gates weigh requests: a failure at night would count "
            "as much as thousands by day; write Occurrences",
        ),
        (
            "Occurrences",
            "RatioTimeslices",
            "29: budgetingMethod RatioTimeslices weighs minutes, and gates weigh requests: a failure at night would "
            "count as much as thousands by day; write Occurrences",
        ),
        (
            "duration: 4w",
            "duration: 1M",
            '27: spec.timeWindow[0].duration: "1M" has no fixed length; write it in days, such as 30d',
        ),
        (
            "duration: 4w",
            "duration: 1Q",
            '27: spec.timeWindow[0].duration: "1Q" has no fixed length; write it in days, such as 30d',
        ),
        (
            "duration: 4w",
            "duration: month",
            '27: spec.timeWindow[0].duration: "month" is not a duration; write a number and a unit, such as 300ms, '
            "10s, 5m, 1h or 30d",
        ),
        (
            "isRolling: true",
            "isRolling: false",
            "27: spec.timeWindow[0] follows the calendar, and gates judge windows that roll; leave calendar out and "
            "write isRolling: true",
        ),
        (
            "isRolling: true",
            "calendar: {startTime: 2020-01-21 12:30:00, timeZone: America/New_York}",
            "27: spec.timeWindow[0] follows the calendar, and gates judge windows that roll; leave calendar out and "
            "write isRolling: true",
        ),
        ("isRolling: true", "isRolling: yes", '28: spec.timeWindow[0].isRolling must be true or false, not "yes"'),
        ("      isRolling: true\n", "    - duration: 1w\n", "26: spec.timeWindow must list exactly one window"),
        (
            "target: 0.999",
            "target: 99.9",
            '32: spec.objectives[0].target must be a ratio such as 0.999, not "99.9"; a percentage is a targetPercent',
        ),
        (
            "target: 0.999",
            "target: 1.0",
            "32: spec.objectives[0].target must lie between 0% and 100%; 100% leaves no budget and cannot be measured",
        ),
        (
            "target: 0.999",
            "target: 0.9999999",
            "32: spec.objectives[0].target is above 99.9999%, which nobody can measure: it takes millions of requests "
            "without a failure to prove it; write at most 99.9999%",
        ),
        (
            "target: 0.999",
            "targetPercent: 100",
            "32: spec.objectives[0].targetPercent must lie between 0% and 100%; 100% leaves no budget and cannot be "
            "measured",
        ),
        (
            "target: 0.999",
            "targetPercent: 99.9%",
            '32: spec.objectives[0].targetPercent must be a number from 0 to 100, not "99.9%"',
        ),
        (
            "      target: 0.999\n",
            "",
            "31: an objective needs either target, a ratio, or targetPercent",
        ),
        (
            "target: 0.999",
            "target: 0.999\n      targetPercent: 99.9",
            "31: an objective needs either target, a ratio, or targetPercent",
        ),
        ("target: 0.999", "tarjet: 0.999", '32: unknown key "tarjet" in spec.objectives[0]; did you mean "target"?'),
        (
            "  objectives:\n    - displayName: Three nines\n      target: 0.999\n",
            "  objectives: []\n",
            "30: spec.objectives must list at least one objective",
        ),
        (
            "  indicator:",
            "  indicatorRef: success\n  indicator:",
            "8: spec needs either indicator or indicatorRef",
        ),
        (
            "ratioMetric",
            "ratioMetrics",
            '14: unknown key "ratioMetrics" in spec.indicator.spec; did you mean "ratioMetric"?',
        ),
        (
            "ratioMetric:",
            "thresholdMetric: {metricSource: {type: Prometheus}}\n      ratioMetric:",
            "14: a thresholdMetric judges moments, and gates count requests: write a ratioMetric of two counters, or a "
            "gate with histogram, under and share",
        ),
        (
            "        total:",
            "        raw:",
            "21: a raw ratio has lost its counts, and gates need them: write good or bad, and total",
        ),
        ("        bad:", "        baad:", f'16: unknown key "baad" in {RATIO}; did you mean "bad"?'),
        (
            'sum(rate(hits{job="shop"}[5m]))',
            "hits\n        good: {metricSource: {spec: {query: hits}}}",
            f"14: {RATIO} needs total, and either good or bad",
        ),
        (
            "type: Prometheus",
            "type: Datadog",
            '18: gates ask Prometheus only; the metric source is of type "Datadog"',
        ),
        ("query:", "promql:", f'19: {RATIO}.bad.metricSource.spec needs the key "query", in PromQL'),
        ("target: 0.999", "target: *nines", "32: anchors and aliases are not allowed; write the value out"),
        ("kind: SLO", "kind: SLO\nkind: SLO", '3: duplicate key "kind"; keep one of them'),
    ],
)
def test_a_mistake_is_one_line_with_its_place_in_the_document(
    old: str, new: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert old in SLO
    place = "gates.yaml:" if "holds no document" in message else "slo/shop.yaml:"
    assert complaint(SLO.replace(old, new, 1), capsys) == place + message


@pytest.mark.parametrize("counter", ["        counter: false\n", ""])
def test_a_selector_alone_may_be_of_a_gauge(counter: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = SLO.replace("        counter: true\n", counter).replace('sum(rate(hits{job="shop"}[5m]))', "hits")
    assert complaint(text, capsys) == (
        f"slo/shop.yaml:14: {RATIO} needs counter: true; what goes up and down counts no requests"
    )


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "indicatorRef: success",
            "indicatorRef: succes",
            'slo/shop.yaml:25: there is no SLI "succes" in this file; did you mean "success"?',
        ),
        (
            "type: Prometheus",
            "type: Datadog",
            'slo/shop.yaml:4: gates ask Prometheus only; the metric source is of type "Datadog"',
        ),
        (
            "kind: SLI\nmetadata: {name: success}",
            "kind: SLI\nmetadata: {}",
            'slo/shop.yaml:8: metadata needs the key "name"',
        ),
        (
            "kind: Service",
            "kind: Services",
            'slo/shop.yaml:16: unknown value "Services" in kind; did you mean "Service"?',
        ),
    ],
)
def test_a_mistake_among_several_documents(
    old: str, new: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = LIBRARY + REFERRING
    assert old in text
    assert complaint(text.replace(old, new, 1), capsys) == message


def test_a_file_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    Path("gates.yaml").write_text(GATES.replace("shop.yaml", "shopp.yaml"))
    assert main(["-c", "gates.yaml"]) == 2
    assert capsys.readouterr().err == (
        "gates.check: gates.yaml:4: there is no file slo/shopp.yaml; paths are relative to this file\n"
    )


@pytest.mark.parametrize("nothing", ["", "---\n---\n", "# nothing\n"])
def test_a_file_without_documents(nothing: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert complaint(nothing, capsys) == "gates.yaml:4: slo/shop.yaml holds no document of kind SLO"


def test_two_slos_of_one_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert complaint(SLO + "---\n" + SLO, capsys) == (
        'slo/shop.yaml:65: there is an SLO "availability" already, in slo/shop.yaml:31; give one another name'
    )


@settings(deadline=None)
@given(data=st.data(), text=st.text(max_size=30) | st.sampled_from(["[]", "{}", "- a", "x: {y: z}", "~", "1"]))
def test_any_document_is_read_or_refused_in_one_line(data: st.DataObject, text: str) -> None:
    lines = (LIBRARY + SLO).splitlines()
    number = data.draw(st.integers(0, len(lines) - 1))
    key, colon, _ = lines[number].partition(": ")
    lines[number] = f"{key}{colon}{text}"
    try:
        gates("\n".join(lines).encode("utf-8", "replace").decode())
    except HqError as error:
        said = str(error)
    else:
        said = ""
    assert "\n" not in said
