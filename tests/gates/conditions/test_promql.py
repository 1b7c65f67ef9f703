"""Any query: one number within a limit, of series that still live."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gates.check import main
from gates.conditions.promql import Limit, PromQl
from gates.gate import GateResult, QualityGate, Verdict
from tests.gates.fake_prometheus import answering, vector
from tests.gates.past import Past

UNKNOWN = "nothing is known of how fresh the data behind this query is; `alive` names the series to look at"


def ask(
    past: Past, query: str, passes: str = "< 100", warns: str | None = None, alive: str | None = None
) -> GateResult:
    condition = PromQl(query, Limit.parse(passes), Limit.parse(warns) if warns else None, alive)
    return past.check(QualityGate("queue", "", condition, 600.0))


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("query", "passes", "verdict", "reason"),
    [
        ('max(queue_depth{job="queue"})', "< 100", "pass", "the query gives 40; < 100 is due"),
        ('max(queue_depth{job="long-queue"})', "< 100", "fail", "the query gives 120; < 100 is due"),
        ('max(queue_depth{job="queue"})', "< 40", "fail", "the query gives 40; < 40 is due"),
        ('max(queue_depth{job="queue"})', "<= 40", "pass", "the query gives 40; <= 40 is due"),
        ('max(queue_depth{job="queue"}) / 7', ">= 5.7", "pass", "the query gives 5.71; >= 5.7 is due"),
        ('queue_depth{job="minus-zero"}', "== 0", "pass", "the query gives 0; == 0 is due"),
        ("42", "!= 42", "fail", "the query gives 42; != 42 is due"),
        (
            "queue_depth",
            "< 100",
            "error",
            "the query gives 6 series, where one number is due; make one of them, as sum() and max() do",
        ),
        (
            'queue_depth{job="nan-queue"}',
            "< 100",
            "error",
            "the query gives nan, which is within no limit and beyond none",
        ),
        (
            'queue_depth{job="endless-queue"}',
            "> 1",
            "error",
            "the query gives inf, which is within no limit and beyond none",
        ),
        ("-1/0", "< 1", "error", "the query gives -inf, which is within no limit and beyond none"),
        ('"words"', "< 100", "error", "the query gives a string, where one number is due"),
        ('queue_depth{job="queue"}[5m]', "< 100", "error", "the query gives a matrix, where one number is due"),
        ("max(no_queue)", "< 100", "undecided", "the query gives nothing"),
        ("no_queue", "< 100", "undecided", "there is no data: no series matches no_queue"),
        (
            'queue_depth{job="dead-queue"}',
            "< 100",
            "undecided",
            "dead-queue at dead-queue:80 does not answer Prometheus (up is 0): what users get there now is in no count "
            "(the query gives 40; < 100 is due)",
        ),
    ],
)
def test_what_a_query_gives(past: Past, query: str, passes: str, verdict: str, reason: str) -> None:
    result = ask(past, query, passes)
    assert (result.verdict, result.reason) == (verdict, reason)


@pytest.mark.e2e
def test_a_dead_targets_last_value_does_not_pass_when_its_series_are_named(past: Past) -> None:
    remembered = 'max(max_over_time(queue_depth{job="dead-queue"}[5m]))'
    result = ask(past, remembered, alive='queue_depth{job="dead-queue"}')
    assert result.verdict is Verdict.UNDECIDED
    assert result.reason.startswith("dead-queue at dead-queue:80 does not answer Prometheus (up is 0)")


@pytest.mark.e2e
def test_what_nobody_knows_of_the_data_is_said(past: Past) -> None:
    assert ask(past, 'max(queue_depth{job="queue"})').notes == (UNKNOWN,)
    assert ask(past, 'queue_depth{job="queue"}').notes == ()
    assert ask(past, 'max(queue_depth{job="queue"})', alive='queue_depth{job="queue"}').notes == ()


@pytest.mark.e2e
def test_a_stricter_limit_warns(past: Past) -> None:
    result = ask(past, 'queue_depth{job="queue"}', warns="< 30")
    assert (result.verdict, result.reason) == (
        Verdict.WARN,
        "the query gives 40; < 100 is due, and what is not < 30 is worth a warning",
    )
    assert ask(past, 'queue_depth{job="queue"}', warns="< 50").verdict is Verdict.PASS


@pytest.mark.e2e
def test_a_failure_of_a_dead_queue_is_one_and_the_doubt_is_said(past: Past) -> None:
    result = ask(past, 'queue_depth{job="dead-queue"}', "< 10")
    assert (result.verdict, result.notes) == (
        Verdict.FAIL,
        ("dead-queue at dead-queue:80 does not answer Prometheus (up is 0): what users get there now is in no count",),
    )


GATES = """\
version: 1
prometheus: {{url: "{url}"}}
gates:
  - name: queue
    promql: {query}
    pass: "< 100"
"""
ALIVE = """\
    alive: 'queue_depth{job=~"("}'
"""


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("query", "shown"),
    [
        (
            "max(queue_depth))",
            """parse error: unexpected right parenthesis ')'
  max(queue_depth))
                   ^""",
        ),
        (
            "sum(rate(http_requests_total))",
            """parse error: expected type range vector in call to function "rate", got instant vector
  sum(rate(http_requests_total))
           ^""",
        ),
        (
            "'max(queue_depth{kind=\"groß\"}) +'",
            """parse error: unexpected end of input
  max(queue_depth{kind="groß"}) +
                                 ^""",
        ),
    ],
)
def test_a_query_that_prometheus_cannot_read_is_the_users_to_mend(
    past: Past, tmp_path: Path, capsys: pytest.CaptureFixture[str], query: str, shown: str
) -> None:
    path = tmp_path / "gates.yaml"
    path.write_text(GATES.format(url=past.url, query=query))
    assert main(["-c", str(path), "--no-record"]) == 2
    where = f'gates.check: {path}:4: the query of "queue" is wrong; Prometheus says: '
    assert capsys.readouterr().err == f"{where}{shown}\n"


@pytest.mark.e2e
def test_a_selector_that_prometheus_cannot_read_is_the_users_to_mend(
    past: Past, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "gates.yaml"
    path.write_text(GATES.format(url=past.url, query='max(queue_depth{job="queue"})') + ALIVE)
    assert main(["-c", str(path), "--no-record"]) == 2
    assert capsys.readouterr().err == (
        f'gates.check: {path}:4: the query of "queue" is wrong; Prometheus says: parse error: error parsing regexp: '
        'missing closing ): `^(?:()$`\n  queue_depth{job=~"("}\n'
    )


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ('singleExpr: unexpected token ""; want "(", "{", "-", "+"; unparsed data: ""', 2),
        ('unknown func "nofunc"', 2),
        ("cannot select more than -search.maxSamplesPerQuery=1000000000 samples", 4),
    ],
)
def test_victoria_metrics_says_it_in_other_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: str, code: int
) -> None:
    refusal = json.dumps({"status": "error", "errorType": "422", "error": words}).encode()
    with answering(lambda _: refusal) as url:
        path = tmp_path / "gates.yaml"
        path.write_text(GATES.format(url=url, query="sum("))
        assert main(["-c", str(path), "--no-record"]) == code
    if code == 2:
        where = f'gates.check: {path}:4: the query of "queue" is wrong; Prometheus says: '
        assert capsys.readouterr().err == f"{where}{words}\n  sum(\n"


@pytest.mark.e2e
def test_a_query_that_prometheus_cannot_answer_is_an_error(past: Past) -> None:
    result = ask(past, "http_requests_total * on (job) group_left () http_requests_total")
    assert result.verdict is Verdict.ERROR
    assert "refused the query: execution: " in result.reason


def test_a_query_wrong_far_into_a_long_line_is_shown_around_the_place(tmp_path: Path, capsys) -> None:
    query = f'max(queue_depth{{job="{"x" * 200}"}}) + {"y" * 100}'
    words = 'invalid parameter \\"query\\": 1:226: parse error: something'
    refusal = f'{{"status": "error", "errorType": "bad_data", "error": "{words}"}}'.encode()
    with answering(lambda _: refusal) as url:
        path = tmp_path / "gates.yaml"
        path.write_text(GATES.format(url=url, query=f"'{query}'"))
        assert main(["-c", str(path), "--no-record"]) == 2
    _, shown, caret = capsys.readouterr().err.splitlines()
    assert shown == f"  {query[165:265]}"
    assert caret == f"  {'':60}^"


def test_a_partial_answer_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    partial = vector({}, warnings=["one shard is down"])
    with answering(lambda _: partial) as url:
        path = tmp_path / "gates.yaml"
        path.write_text(GATES.format(url=url, query="max(queue_depth)"))
        assert main(["-c", str(path), "--no-record"]) == 4
    assert "Prometheus warns that its answer is not complete: one shard is down" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "operator", "value"),
    [
        ("< 100", "<", "100"),
        (">=0.5", ">=", "0.5"),
        (" == -1e3 ", "==", "-1000"),
        ("!= .5", "!=", "0.5"),
        ("<= +3.", "<=", "3"),
        ("> 0", ">", "0"),
    ],
)
def test_a_limit(text: str, operator: str, value: str) -> None:
    limit = Limit.parse(text)
    assert (limit.operator, limit.value) == (operator, Decimal(value))


@pytest.mark.parametrize("text", ["", "100", "< ", "< NaN", "< Inf", "=< 3", "< 1,5", "< 10%", "< 1 2", "≤ 3", "<\n"])
def test_what_is_no_limit(text: str) -> None:
    with pytest.raises(ValueError, match="is not a comparison with a number") as caught:
        Limit.parse(text)
    assert str(caught.value) == (
        "is not a comparison with a number; write one of <, <=, >, >=, ==, != and a number, such as < 100"
    )


@given(
    st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), st.decimals(allow_nan=False, allow_infinity=False, places=6)
)
def test_a_limit_reads_what_it_says(operator: str, value: Decimal) -> None:
    limit = Limit(operator, value)
    assert Limit.parse(str(limit)) == limit
