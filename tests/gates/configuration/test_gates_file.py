"""A gates file as it is read: the good ones, and every mistake with the sentence it earns."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gates.check import main
from gates.checklist import Checklist
from gates.conditions.baseline import Baseline
from gates.conditions.burn_rate import BurnRate
from gates.conditions.comparison import Comparison
from gates.conditions.error_budget import ErrorBudget
from gates.conditions.latency import Latency
from gates.conditions.promql import Limit, PromQl
from gates.conditions.success_rate import SuccessRate
from gates.configuration.gates_file import load_gates
from gates.gate import Kind
from prometheus.slo import Sli
from stack.errors import HqError
from stack.on_fail import OnFail

MISTAKES = Path(__file__).parent / "mistakes"
GOOD = (MISTAKES / "good.yaml").read_text()
GATE = "{name: success, slo: availability}"
ROOT = Path(__file__).parents[3]
SHOP = Sli(
    service="shop",
    total='requests_total{job="shop"}',
    bad='requests_total{job="shop",code=~"5.."}',
    job="shop",
)


def load(directory: Path, text: str, **variables: str) -> Checklist:
    path = directory / "gates.yaml"
    path.write_text(text)
    return load_gates(path, variables)


def gate_of(directory: Path, entry: str):
    (gate,) = load(directory, GOOD.replace(GATE, entry)).gates
    return gate


def mistakes(name: str) -> list[dict[str, str]]:
    return yaml.safe_load((MISTAKES / name).read_text())


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def complaint(text: str, capsys: pytest.CaptureFixture[str]) -> str:
    """What the command says of a gates file that it must refuse, in one line and without a secret."""
    Path("gates.yaml").write_text(text)
    assert main(["-c", "gates.yaml", "--validate"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.endswith("\n")
    assert err[:-1].isprintable()
    assert "hunter2" not in err
    return err[:-1]


@pytest.mark.parametrize("mistake", mistakes("file.yaml"), ids=lambda mistake: mistake["says"][:60])
def test_a_mistake_is_one_line_with_its_place_and_what_would_be_right(
    mistake: dict[str, str], here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert mistake["replace"] in GOOD
    text = GOOD.replace(mistake["replace"], mistake["by"], 1)
    assert complaint(text, capsys) == f"gates.check: gates.yaml:{mistake['says']}"


@pytest.mark.parametrize("mistake", mistakes("gate.yaml"), ids=lambda mistake: mistake["gate"])
def test_a_mistake_in_a_gate(mistake: dict[str, str], here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = GOOD.replace(GATE, mistake["gate"])
    assert complaint(text, capsys) == f"gates.check: gates.yaml:10: {mistake['says']}"


def test_a_burn_rate_that_no_service_can_reach(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gate = "{name: burn, slo: availability, max_burn: 14.4, windows: [5m, 1h]}"
    assert complaint(GOOD.replace("99.9%", "93%").replace(GATE, gate), capsys) == (
        "gates.check: gates.yaml:10: gates[0].max_burn 14.4 can never be exceeded: with an objective of 93% "
        "the highest burn rate is 14.3, when every request fails; write less"
    )
    load(here, GOOD.replace("99.9%", "93.1%").replace(GATE, gate))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "there is no file gates.yaml; name your gates file with --config"),
        (b"", "gates.yaml:1: the file is empty"),
        (b"# nothing\n", "gates.yaml:1: the file is empty"),
        (b"version: 1\ngates: \xff\n", "gates.yaml:2: not UTF-8 text"),
        (b"version: 1\x00\n", "gates.yaml:1: not valid YAML: the character U+0000 is not allowed"),
        (b"[1]\n", "gates.yaml:1: the file must be a mapping of keys to values"),
        (b"x" * 300_000, "gates.yaml is larger than 256 KiB"),
    ],
)
def test_what_is_no_gates_file(
    here: Path, capsys: pytest.CaptureFixture[str], content: bytes | None, message: str
) -> None:
    if content is not None:
        Path("gates.yaml").write_bytes(content)
    assert main(["-c", "gates.yaml"]) == 2
    assert capsys.readouterr() == ("", f"gates.check: {message}\n")


def test_a_directory_is_no_gates_file(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["-c", str(here)]) == 2
    assert capsys.readouterr() == ("", f"gates.check: {here} is not a file; name your gates file with --config\n")


@pytest.mark.parametrize("change", [lambda text: "\ufeff" + text, lambda text: text.replace("\n", "\r\n")])
def test_a_byte_order_mark_and_windows_line_ends_change_nothing(tmp_path: Path, change) -> None:
    assert load(tmp_path, change(GOOD)).gates == load(tmp_path, GOOD).gates


def test_validate_says_how_many_gates_there_are(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("gates.yaml").write_text(GOOD + "  - {name: again, slo: availability, required: false}\n")
    assert main(["-c", "gates.yaml", "--validate"]) == 0
    assert capsys.readouterr() == ("gates.yaml is valid: 2 gates, 1 required\n", "")
    assert main(["-c", "gates.yaml", "--validate", "--gate", "success"]) == 0
    assert capsys.readouterr() == ("gates.yaml is valid: 1 gate, 1 required\n", "")


def test_a_window_on_the_command_line_must_be_long_enough_too(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("gates.yaml").write_text(GOOD)
    assert main(["-c", "gates.yaml", "--validate", "--window", "30s"]) == 2
    assert capsys.readouterr().err == (
        "gates.check: the window, 30s, is too short to count in: http://127.0.0.1:9090 scrapes every 15s, "
        "so make it at least 1m\n"
    )


def test_a_success_rate(tmp_path: Path) -> None:
    gate = gate_of(tmp_path, "{name: Größe 5, slo: availability, window: 5m, warn: 99.95, confidence: 99%}")
    assert (gate.name, gate.service, gate.window, gate.confidence, gate.required) == (
        "Größe 5",
        "shop",
        300,
        0.99,
        True,
    )
    assert gate.condition == SuccessRate(SHOP, Decimal("0.999"), Decimal("0.9995"))
    assert (gate.place.file, gate.place.line) == (str(tmp_path / "gates.yaml"), 10)


def test_what_is_left_out_has_its_default(tmp_path: Path) -> None:
    checklist = load(tmp_path, GOOD)
    (gate,) = checklist.gates
    assert (gate.window, gate.confidence, gate.required) == (600, 0.95, True)
    assert gate.condition == SuccessRate(SHOP, Decimal("0.999"))
    assert (checklist.max_age, checklist.on_fail) == (None, None)
    assert checklist.journal == tmp_path / "var" / "journal.jsonl"
    assert checklist.prometheus.url == "http://127.0.0.1:9090"


def test_defaults_are_for_gates_that_say_nothing_else(tmp_path: Path) -> None:
    text = GOOD.replace("gates:", "defaults: {window: 20m, confidence: 0.9, max_age: 1m}\ngates:")
    checklist = load(tmp_path, text + "  - {name: own, slo: availability, window: 1h, confidence: 99.9}\n")
    assert [(gate.window, gate.confidence) for gate in checklist.gates] == [(1200, 0.9), (3600, 0.999)]
    assert checklist.max_age == 60


@pytest.mark.parametrize(
    ("written", "buckets", "unit"),
    [
        ("duration_seconds", "duration_seconds_bucket", 1.0),
        ("duration_seconds_bucket", "duration_seconds_bucket", 1.0),
        ('duration_seconds{job="shop"}', 'duration_seconds_bucket{job="shop"}', 1.0),
        (' duration_seconds {job="shop"} ', 'duration_seconds_bucket {job="shop"}', 1.0),
        ('{__name__="duration_seconds_bucket"}', '{__name__="duration_seconds_bucket"}', 1.0),
        ("http_server_duration_milliseconds", "http_server_duration_milliseconds_bucket", 0.001),
    ],
)
def test_a_latency(tmp_path: Path, written: str, buckets: str, unit: float) -> None:
    gate = gate_of(
        tmp_path, f"{{name: fast, service: shop, histogram: '{written}', under: 300ms, share: 99, warn: 99.5}}"
    )
    assert isinstance(gate.condition, Latency)
    assert (gate.condition.under, gate.condition.target, gate.condition.warn) == (
        0.3,
        Decimal("0.99"),
        Decimal("0.995"),
    )
    assert (gate.condition.sli.buckets, gate.condition.sli.bucket_unit, gate.service) == (buckets, unit, "shop")
    assert gate.condition.sli.job == ("shop" if "job" in written else None)


def test_an_error_budget_is_of_its_slos_period(tmp_path: Path) -> None:
    entry = "{name: budget, slo: availability, budget_left: '>= 10%', min_coverage: 50%, warn: '>=25%'}"
    gate = gate_of(tmp_path, entry)
    assert gate.condition == ErrorBudget(SHOP, Decimal("0.999"), Decimal("0.1"), Decimal("0.5"), Decimal("0.25"))
    assert gate.window == 30 * 86400
    text = GOOD.replace("objective: 99.9%", "objective: 99.9%\n    period: 4w")
    (gate,) = load(tmp_path, text.replace(GATE, "{name: budget, slo: availability, budget_left: '>= 0%'}")).gates
    assert gate.condition == ErrorBudget(SHOP, Decimal("0.999"))
    assert gate.window == 28 * 86400


def test_a_burn_rate(tmp_path: Path) -> None:
    gate = gate_of(tmp_path, "{name: burn, slo: availability, max_burn: 14.4, windows: [1h, 5m], warn: 6}")
    assert gate.condition == BurnRate(SHOP, Decimal("0.999"), Decimal("14.4"), (300.0, 3600.0), Decimal(6))
    assert gate.window == 3600


@pytest.mark.parametrize(
    ("written", "baseline"),
    [
        ("{version: stable}", Baseline(labels=(("version", "stable"),))),
        (
            "{version: '1', zone: a}, candidate: {version: '2', zone: a}",
            Baseline((("version", "1"), ("zone", "a")), (("version", "2"), ("zone", "a"))),
        ),
        ("{offset: 1w}", Baseline(offset=604800.0)),
        ("{release: previous}", Baseline(previous_release=True)),
        ("{release: blue}", Baseline(labels=(("release", "blue"),))),  # Helm's label
    ],
)
def test_a_comparison(tmp_path: Path, written: str, baseline: Baseline) -> None:
    gate = gate_of(tmp_path, f"{{name: same, slo: availability, baseline: {written}, margin: 0.1%, warn: 0.05%}}")
    assert gate.condition == Comparison(
        SHOP, Kind.SUCCESS_RATE, baseline, margin=Decimal("0.001"), warn=Decimal("0.0005")
    )


def test_a_comparison_of_histograms(tmp_path: Path) -> None:
    gate = gate_of(tmp_path, "{name: same, histogram: d_seconds, baseline: {offset: 1d}, factor: 1.2, required: false}")
    assert isinstance(gate.condition, Comparison)
    assert (gate.condition.of, gate.condition.factor, gate.condition.margin) == (Kind.LATENCY, Decimal("1.2"), 0)
    assert gate.condition.sli.buckets == "d_seconds_bucket"
    assert not gate.required


def test_any_promql(tmp_path: Path) -> None:
    gate = gate_of(tmp_path, "{name: queue, promql: max(depth), pass: '< 100', warn: <80, alive: 'depth{job=\"q\"}'}")
    limits = Limit("<", Decimal(100)), Limit("<", Decimal(80))
    assert gate.condition == PromQl("max(depth)", *limits, alive='depth{job="q"}')
    assert gate.service == ""


STACK = """services:
  shop:
    sli: {preset: prometheus-http, selector: {job: shop}}
    objectives: {success_rate: {target: 99.5%}}
prometheus: {url: 'http://127.0.0.1:9999', scrape_interval: 5s}
gates: {on_fail: {run: [stop]}}
"""


def test_a_stacks_gates_come_first_and_what_the_file_leaves_out_is_the_stacks(tmp_path: Path) -> None:
    (tmp_path / "stack.yaml").write_text(STACK)
    directory = tmp_path / "ci"
    directory.mkdir()
    text = "version: 1\nstack: ../stack.yaml\ngates:\n  - {name: queue, promql: up, pass: '> 0'}\n"
    checklist = load(directory, text)
    assert [gate.name for gate in checklist.gates] == ["success_rate", "error_budget", "queue"]
    assert checklist.prometheus.url == "http://127.0.0.1:9999"
    assert checklist.prometheus.scrape_interval == 5
    assert checklist.journal == tmp_path / "var" / "journal.jsonl"
    assert checklist.on_fail == OnFail(run=("stop",), directory=directory / "..")
    assert checklist.file == directory / "gates.yaml"
    own = "prometheus: {url: 'http://127.0.0.1:8888'}\non_fail: {run: [alarm]}\n"
    checklist = load(directory, text + own)
    assert (checklist.prometheus.url, checklist.prometheus.scrape_interval) == ("http://127.0.0.1:8888", 15)
    assert checklist.on_fail == OnFail(run=("alarm",), directory=directory)
    assert checklist.journal == tmp_path / "var" / "journal.jsonl"


def test_a_stack_alone_is_gates_enough(tmp_path: Path) -> None:
    (tmp_path / "stack.yaml").write_text(STACK)
    assert len(load(tmp_path, "version: 1\nstack: stack.yaml\n").gates) == 2


def test_a_gate_that_the_stack_has_already(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("stack.yaml").write_text(STACK)
    text = "version: 1\nstack: stack.yaml\ngates:\n  - {name: success_rate, service: shop, promql: up, pass: '> 0'}\n"
    assert complaint(text, capsys) == (
        'gates.check: gates.yaml:4: there is a gate "success_rate" for shop already, in stack.yaml:4; rename one'
    )


def test_a_mistake_in_the_stack_is_the_stacks(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("stack.yaml").write_text(STACK.replace("services:", "service:"))
    assert complaint("version: 1\nstack: stack.yaml\n", capsys) == (
        'gates.check: stack.yaml:1: unknown key "service"; did you mean "services"?'
    )


def test_one_name_for_two_services_is_no_clash(tmp_path: Path) -> None:
    gates = "".join(f"  - {{name: up, service: {name}, promql: up, pass: '> 0'}}\n" for name in ("a", "b"))
    assert len(load(tmp_path, GOOD + gates).gates) == 3


def read(path: Path, text: str) -> None:
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    said = refusal(path)
    assert said is None or re.fullmatch(rf"({re.escape(str(path))}|nothing in|there is).*", said)


def refusal(path: Path) -> str | None:
    try:
        load_gates(path, {"service": "shop"})
    except HqError as error:
        return str(error)
    return None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(text=st.text(max_size=200) | st.text(alphabet="a:-[]{}&*!|>'\"%@`#?,$\\ \n\t019s", max_size=80))
def test_any_text_is_a_checklist_or_one_line(tmp_path: Path, text: str) -> None:
    read(tmp_path / "gates.yaml", text)
    read(tmp_path / "gates.yaml", GOOD.replace("success", text, 1))
    read(tmp_path / "gates.yaml", GOOD + text)


KEYS = re.findall(
    r"\w+",
    """version stack prometheus vars defaults slos gates on_fail url scrape_interval window confidence max_age openslo
    name service objective period total good bad slo warn required histogram under share budget_left min_coverage
    max_burn windows baseline candidate offset release margin factor promql pass alive timeout headers auth tls""",
)
WORDS = st.sampled_from(
    [
        "1",
        "0",
        "99.9%",
        "10m",
        "5s",
        "availability",
        "up",
        "a{",
        "${service}",
        "${",
        "$${x}",
        ">= 10%",
        "< 5",
        "true",
        "~",
    ]
) | st.text(max_size=6)
TREES = st.recursive(
    WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5),
    max_leaves=12,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=100)
@given(
    tree=st.dictionaries(st.sampled_from(KEYS), TREES, max_size=5), gate=st.dictionaries(st.sampled_from(KEYS), TREES)
)
def test_any_shape_is_a_checklist_or_one_line(tmp_path: Path, tree: dict[str, object], gate: dict[str, object]) -> None:
    good = yaml.safe_load(GOOD)
    read(tmp_path / "gates.yaml", yaml.safe_dump({**good, **tree}))
    read(tmp_path / "gates.yaml", yaml.safe_dump({**good, "gates": [{**good["gates"][0], **gate}]}))
    read(tmp_path / "gates.yaml", yaml.safe_dump({**good, "slos": [{**good["slos"][0], **gate}]}))
