"""A service that is seen only by probes: each sample of a gauge is a request, and nothing is taken for a counter."""

from __future__ import annotations

import json
import math
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gates.check import main
from gates.counting.bursts import Slices
from gates.replaying.evidence_file import _digest
from tests.gates.history import History, prometheus_with
from tests.gates.victoria import victoria_metrics_with

AT = float(round(time.time()) - 60)
DAY = 86400.0
STACK = """
services:
  {target}:
    sli: {{preset: blackbox, selector: {{instance: "https://{target}.example"}}}}
    objectives: {{success_rate: {{target: 99%, window: 2d}}}}
prometheus: {{url: "{url}", scrape_interval: 15s}}
gates: {{window: 6h}}
"""
GATES = """
version: 1
prometheus: {{url: "{url}", scrape_interval: 15s}}
slos:
  - name: shop
    objective: 99%
    probes: probe_success{{instance="https://{target}.example"}}
gates:
  - {{name: burn, slo: shop, max_burn: 6, windows: [1h, 6h]}}
  - {{name: no worse, slo: shop, baseline: {{offset: 1d}}, margin: 2%, window: 6h}}
"""


def past() -> History:
    history = History(AT)

    def probed(target: str, succeeded: Callable[[float], bool], **ends: float) -> None:
        where = {"job": "blackbox", "instance": f"https://{target}.example"}
        history.series("probe_success", where, lambda before: float(succeeded(before)), since=3 * DAY, **ends)
        history.series("up", where, lambda before: 1.0, since=3 * DAY, **ends)

    probed("well", lambda before: True)
    probed("flaky", lambda before: math.sin(before * 12.9898) > -0.8)  # about a fifth of the probes fail
    probed("near", lambda before: math.sin(before * 12.9898) > -0.99951)  # about 1 %
    probed("was-down", lambda before: not 7200 < before < 9000)
    probed("gone", lambda before: True, until=3600)
    return history


@pytest.fixture(scope="module", params=[prometheus_with, victoria_metrics_with])
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with request.param(past(), tmp_path_factory.mktemp("past") / "server") as found:
        yield found


Check = Callable[..., tuple[int, dict[str, dict]]]


@pytest.fixture
def check(url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Check:
    def run(text: str, target: str, *options: str) -> tuple[int, dict[str, dict]]:
        file = tmp_path / "file.yaml"
        file.write_text(text.format(url=url, target=target))
        named = ("--config", str(file)) if "slos:" in text else ("--stack", str(file))
        code = main([*named, "--at", f"{AT:.0f}", "--format", "json", *options])
        return code, {result["gate"]: result for result in json.loads(capsys.readouterr().out)["gates"]}

    return run


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("target", "code", "verdicts"),
    [
        ("well", 0, ("pass", "pass")),
        ("flaky", 1, ("fail", "fail")),
        ("near", 3, ("undecided", None)),
        ("gone", 3, ("undecided", "undecided")),
    ],
)
def test_probes_are_judged_like_requests(
    check: Check, target: str, code: int, verdicts: tuple[str, str | None]
) -> None:
    found, results = check(STACK, target)
    assert results["success_rate"]["verdict"] == verdicts[0], results["success_rate"]["reason"]
    assert verdicts[1] in (None, results["error_budget"]["verdict"]), results["error_budget"]["reason"]
    assert found == code or verdicts[1] is None


@pytest.mark.e2e
def test_the_counts_are_those_of_the_samples(check: Check) -> None:
    _, results = check(STACK, "flaky")
    _, requests = re.search(r"([\d,]+) of ([\d,]+) requests", results["error_budget"]["reason"]).groups()
    assert int(requests.replace(",", "")) == pytest.approx(2 * DAY / 15, abs=2)
    assert results["success_rate"]["actual"] == pytest.approx(0.795, abs=0.02)
    assert "reset" not in " ".join(results["success_rate"]["notes"])


@pytest.mark.e2e
def test_burn_rates_and_comparisons(check: Check) -> None:
    found, results = check(GATES, "well")
    assert (found, {result["verdict"] for result in results.values()}) == (0, {"pass"})
    found, results = check(GATES, "flaky")
    assert found == 1
    assert results["burn"]["verdict"] == "fail", results["burn"]["reason"]
    assert results["no worse"]["verdict"] != "fail", results["no worse"]["reason"]
    found, results = check(GATES, "was-down")
    assert results["burn"]["verdict"] == "pass", results["burn"]["reason"]  # the last hour is well
    assert results["no worse"]["verdict"] != "pass", results["no worse"]["reason"]


@pytest.mark.e2e
def test_an_outage_of_half_an_hour_does_not_hide_behind_its_length(check: Check) -> None:
    _, results = check(STACK, "was-down")
    assert results["success_rate"]["verdict"] == "fail", results["success_rate"]["reason"]


@pytest.mark.e2e
def test_evidence_of_probes_is_judged_again(check: Check, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    evidence = tmp_path / "evidence.json"
    code, results = check(STACK, "flaky", "--evidence", str(evidence))
    asked = " ".join(exchange["query"] for exchange in json.loads(evidence.read_text())["asked"])
    assert "count_over_time(probe_success" in asked
    assert not re.search(r"(increase|rate|resets)\(probe_success", asked)
    assert main(["--replay", str(evidence), "--format", "json"]) == code
    again = {result["gate"]: result for result in json.loads(capsys.readouterr().out)["gates"]}
    assert {name: result["reason"] for name, result in again.items()} == {
        name: result["reason"] for name, result in results.items()
    }


def test_a_sample_is_in_one_slice() -> None:
    slices = Slices.of(600, 15)
    assert slices.probes("p") == "sum(count_over_time(p[29999ms]))"
    assert slices.succeeded("p") == "sum(sum_over_time(p[29999ms]))"


def test_probes_beside_counters_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "gates.yaml"
    file.write_text(
        GATES.format(url="http://127.0.0.1:9", target="a").replace("    probes", "    total: m\n    probes")
    )
    assert main(["--config", str(file)]) == 2
    assert capsys.readouterr().err == (
        f"gates.check: {file}:7: slos[0] counts probes, which say themselves whether they are good; leave total out\n"
    )


def test_what_probes_demand_in_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "gates.yaml"
    file.write_text(GATES.format(url="http://127.0.0.1:9", target="a"))
    assert main(["--config", str(file), "--explain"]) == 0
    assert (
        'Requests are probes: each sample of probe_success{instance="https://a.example"} is one, 1 when it succeeded.'
    ) in " ".join(capsys.readouterr().out.split())


@pytest.mark.e2e
def test_evidence_from_before_there_were_probes_is_judged_again(check: Check, tmp_path: Path) -> None:
    evidence = tmp_path / "evidence.json"
    counters = GATES.replace("probes: probe_success{{", "bad: nothing\n    total: probe_success{{")
    code, _ = check(counters, "well", "--evidence", str(evidence))
    document = json.loads(evidence.read_text())
    for gate in document["check"]["gates"]:
        for key in ("probed", "throttled_among", "key_suffix"):
            del gate["condition"]["sli"][key]
    del document["sha256"]
    evidence.write_text(json.dumps({**document, "sha256": _digest(document)}))
    assert main(["--replay", str(evidence)]) == code


@pytest.mark.e2e
@pytest.mark.parametrize("text", [STACK, GATES])
def test_a_rehearsal_of_probes_finds_no_guesses(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "file.yaml"
    file.write_text(text.format(url="http://127.0.0.1:9", target="a"))
    assert main(["--config" if "slos:" in text else "--stack", str(file), "--self-test"]) == 0, capsys.readouterr().out
