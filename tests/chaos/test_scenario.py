"""Scenarios: those that are shipped, those that are wrong, and what they plan on a stack."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from chaos.faults.fault import Fault
from chaos.scenario import ChaosScenario
from chaos.scenario_file import load_scenario, shipped_scenarios
from prometheus.catalogue import CATALOGUE
from stack.errors import HqError
from tests.chaos.stacks import NO_POOL, TUNNELS, TWO_POOLS, stack_of

A_DURATION = "write a number and a unit, such as 300ms, 10s, 5m, 1h or 30d"
A_NAME = "use lower case letters, digits, - and _, at most 63 characters"

GOOD = """\
scenario: slow-and-failing
title: Slow, then failing
hypothesis: It holds.
targets: [pool, service]
parameters: {duration: 20s, intensity: 50%}
faults:
  - kind: failure
  - kind: latency
    intensity: 200ms
expect: [error_spike]
may: [latency_shift]
"""


def scenario_of(directory: Path, text: str = GOOD) -> ChaosScenario:
    path = directory / "scenario.yaml"
    path.write_text(text)
    return load_scenario(str(path))


def test_three_scenarios_are_shipped_under_their_fixed_names() -> None:
    assert list(shipped_scenarios()) == ["network-latency", "proxy-failure-wave", "rate-limit-storm"]


@pytest.mark.parametrize("name", ["network-latency", "proxy-failure-wave", "rate-limit-storm"])
def test_a_shipped_scenario_runs_on_any_stack_and_leaves_no_anomaly_unnamed(name: str, tmp_path: Path) -> None:
    scenario, stack = load_scenario(name), stack_of(tmp_path)
    assert scenario.name == name
    assert scenario.target(stack) == "proxies"
    assert len(scenario.plan(stack, "proxies")) == 4
    assert sorted((*scenario.expect, *scenario.may, *scenario.silent)) == sorted(CATALOGUE)


def test_the_wave_breaks_one_member_after_another_and_brings_them_back(tmp_path: Path) -> None:
    wave = load_scenario("proxy-failure-wave").with_parameters({"intensity": "60%", "duration": "40s", "step": "5s"})
    assert wave.plan(stack_of(tmp_path), "proxies") == tuple(
        Fault("failure", "proxies", number, Decimal("0.6"), 0.0, after=number * 5.0, seconds=25.0)
        for number in range(4)
    )


def test_a_service_is_hit_in_a_share_of_its_requests(tmp_path: Path) -> None:
    stack = stack_of(tmp_path)
    storm = load_scenario("rate-limit-storm").with_parameters({"share": "40%", "intensity": "50%", "duration": "20s"})
    assert storm.plan(stack, "shop") == (Fault("rate-limit", "shop", None, Decimal("0.2"), 0.0, 0.0, 20.0),)
    slow = load_scenario("network-latency").with_parameters({"share": "40%", "intensity": "1.5s"})
    assert slow.plan(stack, "shop") == (Fault("latency", "shop", None, Decimal("0.4"), 1.5, 0.0, 40.0),)


def test_the_example_in_the_docs_can_be_run(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "scenarios.md").read_text()
    example = page.partition("```yaml\n")[2].partition("```")[0]
    assert len(scenario_of(tmp_path, example).plan(stack_of(tmp_path), "proxies")) == 4


def test_a_fault_of_its_own_mind_keeps_its_parameters(tmp_path: Path) -> None:
    failing, slow = scenario_of(tmp_path).with_parameters({"intensity": "10%"}).plan(stack_of(tmp_path), "shop")
    assert (failing.kind, failing.share) == ("failure", Decimal("0.1"))
    assert (slow.kind, slow.share, slow.delay) == ("latency", Decimal(1), 0.2)


def test_what_is_named_neither_expected_nor_possible_must_stay_silent(tmp_path: Path) -> None:
    assert scenario_of(tmp_path).silent == tuple(
        name for name in CATALOGUE if name not in ("error_spike", "latency_shift")
    )
    named = GOOD + "silent: [traffic_drop]\n"
    assert scenario_of(tmp_path, named).silent == ("traffic_drop",)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (("faults:", "fautls:"), '6: unknown key "fautls"; did you mean "faults"?'),
        (("title: Slow, then failing\n", ""), '1: the file needs the key "title"'),
        (("slow-and-failing", "Slow!"), f'1: "Slow!" is not a name; {A_NAME}'),
        (("[pool, service]", "[pol]"), '4: unknown value "pol" in targets[0]; did you mean "pool"?'),
        (("[pool, service]", "[]"), "4: targets must name at least one"),
        (("kind: failure", "kind: failures"), '7: unknown value "failures" in faults[0].kind; did you mean "failure"?'),
        (
            ("kind: latency", "kind: failure"),
            "8: there is a failure fault already; a scenario has at most one fault of each kind",
        ),
        (("20s", "2s"), '5: failure fault: duration must lie between 10s and 1h, not "2s"'),
        (("20s", "2h"), '5: failure fault: duration must lie between 10s and 1h, not "2h"'),
        (("50%", "50ms"), '5: failure fault: intensity: "50ms" is not a percentage; write it like 99.5%'),
        (("50%", "0%"), "5: failure fault: intensity must be more than 0%"),
        (("200ms", "20%"), f'9: latency fault: intensity: "20%" is not a duration; {A_DURATION}'),
        (("200ms", "90s"), '9: latency fault: intensity must lie between 1ms and 1m, not "90s"'),
        (("duration: 20s, ", ""), "7: failure fault: duration is missing"),
        (
            ("duration: 20s", "length: 20s"),
            '5: unknown key "length" in parameters; known are share, intensity, duration, step',
        ),
        (
            ("[error_spike]", "[error_spikes]"),
            '10: unknown value "error_spikes" in expect[0]; did you mean "error_spike"?',
        ),
        (("[error_spike]", "[]"), "10: expect must name at least one"),
        (
            ("[latency_shift]", "[error_spike]"),
            "1: error_spike is named twice in expect, may and silent; keep one of them",
        ),
    ],
)
def test_a_scenario_that_is_wrong_is_refused_in_one_line(
    change: tuple[str, str], complaint: str, tmp_path: Path
) -> None:
    assert change[0] in GOOD
    with pytest.raises(HqError) as refused:
        scenario_of(tmp_path, GOOD.replace(change[0], change[1], 1))
    assert str(refused.value) == f"{tmp_path}/scenario.yaml:{complaint}"


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("network-latncy", 'there is no scenario "network-latncy"; did you mean "network-latency"?'),
        ("x", 'there is no scenario "x"; there are network-latency, proxy-failure-wave, rate-limit-storm'),
        ("../score", "../score is not a file" if Path("../score").exists() else "there is no file ../score"),
    ],
)
def test_an_unknown_scenario_is_named_with_what_there_is(name: str, complaint: str) -> None:
    with pytest.raises(HqError) as refused:
        load_scenario(name)
    assert str(refused.value) == complaint


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"sahre": "1%"}, 'there is no parameter "sahre"; did you mean "share"?'),
        ({"colour": "red"}, 'there is no parameter "colour"; known are share, intensity, duration, step'),
        (
            {"share": "0.5"},
            'scenario proxy-failure-wave: share: "0.5" looks like a ratio; write it as a percentage, 50%',
        ),
        ({"step": "-1s"}, f'scenario proxy-failure-wave: step: "-1s" is not a duration; {A_DURATION}'),
        ({"duration": ""}, f'scenario proxy-failure-wave: duration: "" is not a duration; {A_DURATION}'),
    ],
)
def test_a_parameter_that_is_wrong_is_refused_in_one_line(changes: dict[str, str], complaint: str) -> None:
    with pytest.raises(HqError) as refused:
        load_scenario("proxy-failure-wave").with_parameters(changes)
    assert str(refused.value) == complaint


def test_the_only_target_of_the_first_kind_is_taken_and_several_are_listed(tmp_path: Path) -> None:
    slow = load_scenario("network-latency")
    stack = stack_of(tmp_path)
    assert slow.targets(stack) == ("proxies", "shop")
    assert (slow.target(stack), slow.target(stack, "shop")) == ("proxies", "shop")
    with pytest.raises(HqError) as refused:
        slow.target(stack_of(tmp_path, TWO_POOLS))
    assert str(refused.value) == "scenario network-latency has several targets; choose with --target: east, west"


@pytest.mark.parametrize(
    ("scenario", "text", "target", "complaint"),
    [
        ("network-latency", None, "proxis", 'there is no target "proxis"; did you mean "proxies"?'),
        ("network-latency", None, "x", 'there is no target "x"; targets are proxies, shop'),
        (
            "proxy-failure-wave",
            None,
            "shop",
            "scenario proxy-failure-wave cannot be run on the service shop; targets are proxies",
        ),
        (
            "network-latency",
            TWO_POOLS,
            "shop",
            "service shop has no listen and upstream in {file}, so no fault can stand in front of it",
        ),
        ("proxy-failure-wave", NO_POOL, None, "scenario proxy-failure-wave needs a pool, and {file} has none"),
        (
            "network-latency",
            NO_POOL,
            None,
            "scenario network-latency needs a pool or a service with listen and upstream, and {file} has none",
        ),
    ],
)
def test_a_target_that_cannot_be_is_refused_in_one_line(
    scenario: str, text: str | None, target: str | None, complaint: str, tmp_path: Path
) -> None:
    stack = stack_of(tmp_path, text) if text else stack_of(tmp_path)
    with pytest.raises(HqError) as refused:
        load_scenario(scenario).target(stack, target)
    assert str(refused.value) == complaint.format(file=stack.file)


def test_a_wave_that_does_not_fit_says_how_long_it_must_be(tmp_path: Path) -> None:
    wave = load_scenario("proxy-failure-wave").with_parameters({"step": "20s"})
    with pytest.raises(HqError) as refused:
        wave.plan(stack_of(tmp_path), "proxies")
    assert str(refused.value) == (
        "4 members of proxies that fail 20s apart would not all be broken in 40s; "
        "the smallest duration is 61s, or take a smaller step"
    )
    assert len(wave.with_parameters({"duration": "61s"}).plan(stack_of(tmp_path), "proxies")) == 4


def test_what_a_tunnel_cannot_have_is_refused_when_planning(tmp_path: Path) -> None:
    stack = stack_of(tmp_path, TUNNELS)
    with pytest.raises(HqError, match=r"^latency is not possible on exits: HTTPS through real proxies is opaque"):
        load_scenario("network-latency").plan(stack, "exits")
    with pytest.raises(HqError, match=r"its intensity must be 100%$"):
        load_scenario("proxy-failure-wave").plan(stack, "exits")
    wave = load_scenario("proxy-failure-wave").with_parameters({"intensity": "100%"})
    assert len(wave.plan(stack, "exits")) == 1


def test_a_file_is_named_with_its_ending(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.yaml").write_text("scenario: mine\n")
    with pytest.raises(HqError) as error:
        load_scenario("mine")
    assert str(error.value) == 'there is no scenario "mine"; did you mean the file mine.yaml?'
