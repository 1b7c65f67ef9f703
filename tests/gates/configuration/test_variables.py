"""Variables of a gates file: where their values come from, and that no value is ever more than a value."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gates.check import main
from gates.configuration.gates_file import load_gates
from gates.configuration.variables import Variables
from prometheus.client import PrometheusClient
from prometheus.selector import equal_value
from stack.document import parse_document
from stack.errors import ConfigError
from stack.selector import is_selector
from tests.gates.past import Past

GATES = """version: 1
prometheus: {url: 'http://127.0.0.1:9090'}
vars: {service: shop}
slos:
  - name: availability
    service: ${service}
    objective: ${OBJECTIVE:-99.9}
    total: requests_total{job="${service}"}
    bad: requests_total{job="${service}",code=~"${CODES:-5}.."}
gates:
  - {name: "success of ${service}", slo: availability}
"""
# everything that YAML can hold in a value: no control characters, no half surrogate pairs
VALUES = st.text(st.characters(exclude_categories=("Cc", "Cs")) | st.sampled_from("\\\"'`{}$#\n.*|"), min_size=1)


def filled(text: str, key: str = "total", **values: str) -> str:
    """What becomes of a scalar under `key` when these are the values of its variables."""
    document = parse_document("x: y", "gates.yaml").mapping()["x"]
    document.node.value = text
    Variables(values, {}).fill(document, key)
    return document.node.value


def unquoted(string: str) -> str:
    """What a PromQL string says: in backquotes every character is itself."""
    if string[0] == "`":
        return string[1:-1]
    escapes = {"n": "\n", string[0]: string[0], "\\": "\\"}
    return re.sub(r"\\(.)", lambda escape: escapes[escape[1]], string[1:-1])


@given(value=VALUES)
def test_between_quotes_a_value_is_that_very_label_value(value: str) -> None:
    series = filled('up{job="${v}",code!="200"}', v=value)
    assert is_selector(series)
    assert equal_value(series, "job") == value
    single = filled("up{job='${v}'}", v=value)
    assert is_selector(single)
    assert unquoted(single[len("up{job=") : -1]) == value


@given(value=VALUES.filter(lambda value: "`" not in value))
def test_between_backquotes_too(value: str) -> None:
    assert filled("up{job=`${v}`}", v=value) == f"up{{job=`{value}`}}"


@given(value=VALUES, other=VALUES, quote=st.sampled_from("\"'"), operator=st.sampled_from(["=~", "!~", "=~ ", "=~\n"]))
def test_in_a_regular_expression_a_value_matches_itself_and_nothing_else(
    value: str, other: str, quote: str, operator: str
) -> None:
    series = filled(f"up{{job{operator}{quote}${{v}}{quote}}}", v=value)
    assert is_selector(series)
    pattern = unquoted(series[len("up{job" + operator) : -1])
    assert re.fullmatch(pattern, value)
    assert value == other or not re.fullmatch(pattern, other)


@given(value=VALUES)
def test_outside_quotes_only_a_plain_word_is_let_through(value: str) -> None:
    if re.fullmatch(r"[A-Za-z0-9_:.]+", value, re.ASCII):
        assert filled("sum(${v})", "promql", v=value) == f"sum({value})"
        return
    with pytest.raises(ConfigError, match="stands outside quotes"):
        filled("sum(${v})", "promql", v=value)


@given(value=VALUES)
def test_elsewhere_a_value_is_what_it_is(value: str) -> None:
    assert filled("a ${v} b", "name", v=value) == f"a {value} b"


@pytest.mark.parametrize(
    ("text", "promql"),
    [
        ('up{job="it\'s ${v}"}', 'up{job="it\'s a\\"b"}'),
        ("up{job='say \"${v}\"'}", 'up{job=\'say "a"b"\'}'),
        ('up{job="\\"${v}"}', 'up{job="\\"a\\"b"}'),
        ('up{job="a",zone="${v}"}', 'up{job="a",zone="a\\"b"}'),
        ('up # it\'s "so\n{job="${v}"}', 'up # it\'s "so\n{job="a\\"b"}'),
        ("up # ${v}\n", "up # ${v}\n"),
        ('up{job="$${v}"}', 'up{job="${v}"}'),
        ('up{job="$$${v}"}', 'up{job="$${v}"}'),
        ('up{job="$1 $v ${v}"}', 'up{job="$1 $v a\\"b"}'),
    ],
)
def test_promql_around_a_variable_is_read_as_prometheus_reads_it(text: str, promql: str) -> None:
    assert filled(text, "promql", v='a"b') == promql


def test_a_value_is_not_looked_into_for_variables() -> None:
    assert filled("${a}", "name", a="${b}") == "${b}"
    assert filled('up{job="${a}"}', a="${b}") == 'up{job="${b}"}'


def test_a_backquote_cannot_be_written_between_backquotes() -> None:
    with pytest.raises(ConfigError) as error:
        filled("up{job=`${v}`}", v="a`b")
    assert str(error.value) == 'gates.yaml:1: x: ${v} holds a `; write the string around it in "'


@pytest.mark.parametrize("text", ["${", "${}", "${1}", "${a b}", "${a:b}", "${a:-b", "a ${-} b", "${ä}"])
def test_what_begins_like_a_variable_must_be_one(text: str) -> None:
    for key in ("name", "total"):
        with pytest.raises(ConfigError) as error:
            filled(text, key, a="1")
        assert str(error.value) == (
            "gates.yaml:1: x: ${ begins a variable; write it like ${name} or ${name:-default}, "
            "and $${ for the characters themselves"
        )


@pytest.fixture
def gates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = Path("gates.yaml")
    path.write_text(GATES)
    return path


def test_the_command_line_comes_before_the_file_and_the_file_before_the_environment(
    gates: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("service", "of-environment")
    monkeypatch.setenv("OBJECTIVE", "99.5")
    (gate,) = load_gates(gates, {}).gates
    assert (gate.name, gate.service, float(gate.condition.threshold)) == ("success of shop", "shop", 0.995)
    assert gate.condition.sli.bad == 'requests_total{job="shop",code=~"5.."}'
    (gate,) = load_gates(gates, {"service": "bank", "OBJECTIVE": "90"}).gates
    assert (gate.name, gate.condition.sli.job, gate.condition.threshold) == ("success of bank", "bank", 0.9)
    gates.write_text(GATES.replace("vars: {service: shop}\n", ""))
    assert load_gates(gates, {}).gates[0].service == "of-environment"


def test_a_variable_of_the_file_can_have_its_value_from_the_environment(
    gates: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI_JOB", "shop-7")
    gates.write_text(GATES.replace("{service: shop}", "{service: '${CI_JOB}'}"))
    assert load_gates(gates, {}).gates[0].service == "shop-7"


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        (
            ("vars: {service: shop}\n", ""),
            [],
            "gates.yaml:5: the variable ${service} has no value; give it one with --var service=…, under vars, in the "
            "environment, or here, as ${service:-…}",
        ),
        (("", ""), ["--var", "service="], "gates.yaml:6: the variable ${service} is empty; give it a value"),
        (("", ""), ["--var", "servcie=a"], 'nothing in gates.yaml uses --var servcie; did you mean "service"?'),
        (
            ("", ""),
            ["--var", "region=eu"],
            "nothing in gates.yaml uses --var region; it uses CODES, OBJECTIVE, service",
        ),
        (
            ("{service: shop}", "{ser-vice: shop}"),
            [],
            'gates.yaml:3: "ser-vice" is not a variable; use letters, digits and _, not a digit first',
        ),
        (
            ("{service: shop}", "{service: ''}"),
            [],
            "gates.yaml:3: vars.service is empty; give it a value, or leave it out",
        ),
        (("{service: shop}", "shop"), [], "gates.yaml:3: vars must be a mapping of keys to values"),
        (
            ("requests_total{job", "${metric:-a or b}{job"),
            [],
            "gates.yaml:8: slos[0].total: ${metric} stands outside quotes, where a value may have letters, digits, "
            '_, : and . only, not "a or b"',
        ),
        (
            ("OBJECTIVE:-99.9", "OBJECTIVE:-0.999"),
            [],
            'gates.yaml:7: slos[0].objective: "0.999" looks like a ratio; write it as a percentage, 99.9%',
        ),
        (("", ""), ["--var", "service=a\nb"], "gates.yaml:6: slos[0].service must have 1 to 63 printable characters"),
    ],
)
def test_a_variable_that_is_wrong(
    gates: Path, capsys: pytest.CaptureFixture[str], change: tuple[str, str], options: list[str], message: str
) -> None:
    gates.write_text(GATES.replace(*change, 1))
    assert main(["-c", "gates.yaml", *options, "--validate"]) == 2
    assert capsys.readouterr() == ("", f"gates.check: {message}\n")


def test_a_variable_cannot_become_yaml(gates: Path) -> None:
    name = "a, slo: other} # {"
    gates.write_text(GATES.replace("success of ${service}", "${name}"))
    (gate,) = load_gates(gates, {"name": name}).gates
    assert gate.name == name


@pytest.mark.e2e
def test_prometheus_reads_the_very_value(past: Past) -> None:
    """absent() tells the label values that were asked for, and label_replace() whether a pattern matches them."""
    client = PrometheusClient(past.url)
    for value in ('a"b', "a\\b", "a'b", "a{}b", "a,b=~", "a\nb", "5..", "a|b", "ü$1 #", "-~ &"):
        series = filled('nothing{job="${v}"}', v=value)
        (sample,) = client.instant(f"absent({series})").samples
        assert sample.labels == {"job": value}
        pattern = filled('nothing{job=~"${v}"}', v=value).removeprefix("nothing{job=~").removesuffix("}")
        (sample,) = client.instant(f'label_replace(absent({series}), "hit", "yes", "job", {pattern})').samples
        assert sample.labels == {"job": value, "hit": "yes"}
    client.close()
