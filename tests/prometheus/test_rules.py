"""The rule files: what promtool thinks of them, and that every rule is tested."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from prometheus.catalogue import CATALOGUE, SEVERITIES
from prometheus.rules import rule_texts, write_rules
from stack.errors import HqError
from stack.model import Stack
from stack.process import find_program
from tests.prometheus import rule_cases
from tests.prometheus.live import running_prometheus
from tests.prometheus.stacks import OTHERS, ROOT, demo_stack, stack_of

RULES = ROOT / "prometheus" / "rules"
TESTS = sorted((RULES / "tests").glob("*.yml"))


def promtool(*arguments: object) -> str:
    ran = subprocess.run(
        [find_program("promtool"), *map(str, arguments)], capture_output=True, text=True, timeout=200, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def rule_files(stack: Stack) -> dict[str, dict[str, Any]]:
    return {name: yaml.safe_load(text) for name, text in rule_texts(stack).items()}


def rules_in(files: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    return [rule for content in files.values() for group in content["groups"] for rule in group["rules"]]


def test_the_committed_rules_are_those_of_the_committed_stack() -> None:
    for name, text in rule_texts(demo_stack()).items():
        assert (RULES / name).read_text() == text, f"{name} differs; run: dev-hq generate"
    assert {path.name for path in RULES.glob("*.yml")} == set(rule_texts(demo_stack()))


def test_the_committed_tests_are_the_generated_ones() -> None:
    assert {path.name: path.read_text() for path in TESTS} == rule_cases.files(), (
        "they differ; run: python -m tests.prometheus.rule_cases"
    )


def test_promtool_accepts_the_committed_rules() -> None:
    promtool("check", "rules", "--lint=all", "--lint-fatal", *sorted(RULES.glob("*.yml")))


@pytest.mark.parametrize("name", OTHERS)
def test_promtool_accepts_the_rules_of_other_stacks(name: str, tmp_path: Path) -> None:
    write_rules(stack_of(OTHERS[name], tmp_path), tmp_path / "rules")
    promtool("check", "rules", "--lint=all", "--lint-fatal", *sorted((tmp_path / "rules").glob("*.yml")))


@pytest.mark.e2e
@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.stem)
def test_the_rules_do_what_their_tests_say(path: Path) -> None:
    promtool("test", "rules", path)


def test_every_rule_is_tested() -> None:
    cases = [one for path in TESTS for one in yaml.safe_load(path.read_text())["tests"]]
    looks = [one for case in cases for one in case.get("promql_expr_test", [])]
    recorded = [one["expr"] for one in looks if one["exp_samples"]]
    firing = [sample["labels"] for one in looks if "ALERTS" in one["expr"] for sample in one["exp_samples"]]
    worded = {(one["alertname"], alert["exp_labels"]["severity"])
              for case in cases for one in case.get("alert_rule_test", []) for alert in one["exp_alerts"]}  # fmt: skip
    for rule in rules_in(rule_files(demo_stack())):
        if "record" in rule:
            kind = rule.get("labels", {}).get("anomaly_type", "")
            assert any(re.search(rf"\b{rule['record']}\b", expr) for expr in recorded), rule["record"]
            assert any(kind in str(one) for one in looks if rule["record"] in one["expr"]), (rule["record"], kind)
        else:
            severity = rule.get("labels", {}).get("severity", "")
            told = f'{{alertname="{rule["alert"]}", severity="{severity}"}}', f'{{alertname="{rule["alert"]}"}}'
            assert any(labels in told for labels in firing), (rule["alert"], severity)
            if "anomaly_type" in rule.get("labels", {}):
                assert (rule["alert"], "low") in worded


def test_every_alert_carries_what_people_need() -> None:
    for rule in rules_in(rule_files(demo_stack())):
        if "record" in rule:
            continue
        labels, words = rule.get("labels", {}), rule["annotations"]
        assert re.fullmatch(r"[A-Z][A-Za-z]+", rule["alert"])
        assert {"summary", "description", "runbook_url", "dashboard_url"} <= words.keys()
        assert "$value" not in str(labels)
        if rule["alert"] == "Watchdog":
            assert "severity" not in labels
        else:
            assert labels["severity"] in SEVERITIES
        if "anomaly_type" in labels:
            assert {"actual", "threshold", "recommendation"} <= words.keys()
            assert {"metric", "severity"} <= labels.keys()
            assert words["dashboard_url"] == (
                "http://127.0.0.1:3000/d/dev-hq-anomaly-overview?var-service={{ $labels.service }}"
                f"&var-anomaly_type={labels['anomaly_type']}"
            )


@pytest.mark.parametrize("name", ["demo", *OTHERS])
def test_the_rules_avoid_what_prometheus_2_and_3_read_differently(name: str, tmp_path: Path) -> None:
    stack = demo_stack() if name == "demo" else stack_of(OTHERS[name], tmp_path)
    for rule in rules_in(rule_files(stack)):
        expr = rule["expr"]
        assert not re.search(r'le="\d', expr), "Prometheus 3 writes 1 as 1.0"
        assert not re.search(r"\[\w+:\w*\]", expr), "no subqueries, whose left end moved"
        assert not re.search(r"holt_winters|@ |\babsent\(anomaly|without", expr)


def test_everything_that_leads_to_an_alert_is_one_group_in_the_order_of_reading() -> None:
    files = rule_files(demo_stack())
    (group,) = files["anomalies.yml"]["groups"]
    slower = rules_in({name: content for name, content in files.items() if name != "anomalies.yml"})
    seen: list[str] = [rule["record"] for rule in slower if "record" in rule]
    for rule in group["rules"]:
        for read in re.findall(r"\b(?:service|pool|anomaly):[a-z_]+(?::[a-z0-9_]+)?", rule["expr"]):
            assert read in seen, f"{rule} reads {read} before it is recorded"
        seen.append(rule.get("record", rule.get("alert")))


def test_holds_come_from_the_catalogue_unless_the_stack_says_otherwise(tmp_path: Path) -> None:
    def holds(text: str) -> set[tuple[str, str, str | None]]:
        files = rule_files(stack_of(text, tmp_path))
        (group,) = files["anomalies.yml"]["groups"]
        return {(rule["alert"], rule["for"], rule.get("keep_firing_for")) for rule in group["rules"] if "alert" in rule}

    assert holds(OTHERS["envoy preset, no pool"]) == {
        ("LatencyShift", "30s", "2m"), ("ErrorSpike", "20s", "2m"), ("RateLimitStorm", "20s", "2m"),
        ("TrafficDrop", "1m", "2m"), ("TrafficSpike", "1m", "2m"), ("Saturation", "30s", "2m"),
        ("Flapping", "0s", "10m"), ("AbsentData", "30s", "1m"), ("BudgetExhaustion", "5m", "15m"),
    }  # fmt: skip
    assert {hold[1:] for hold in holds(OTHERS["slow engineer"])} == {("0s", None)}


def test_types_that_a_service_cannot_show_are_not_scored(tmp_path: Path) -> None:
    (group,) = rule_files(stack_of(OTHERS["three services, two pools"], tmp_path))["anomalies.yml"]["groups"]
    scores = {
        rule["labels"]["anomaly_type"]: rule["expr"]
        for rule in group["rules"]
        if rule.get("record") == "anomaly:limit_score"
    }
    assert scores["latency_shift"].endswith('or 0 * service:requests:rate1m{service=~"shop|till"}')
    of_pools, of_services = scores["rate_limit_storm"].split("\n")
    assert of_services.endswith('or 0 * service:throttled:rate1m{service=~"till"}')
    assert of_pools.endswith("or 0 * pool:requests:rate1m")
    assert scores["error_spike"].endswith("or 0 * service:requests:rate1m")
    assert scores["flapping"].endswith("or 0 * service:flaps:changes10m")


def test_what_has_no_scrape_job_shows_neither_flapping_nor_saturation(tmp_path: Path) -> None:
    def types(text: str) -> set[str]:
        (group,) = rule_files(stack_of(text, tmp_path))["anomalies.yml"]["groups"]
        return {rule["labels"]["anomaly_type"] for rule in group["rules"] if rule.get("record") == "anomaly:actual"}

    own = OTHERS["own promql, good requests, no histogram"]
    unseen = {"flapping", "saturation", "latency_shift", "upstream_failure"}
    assert types(own) == set(CATALOGUE) - unseen
    says = "    saturation: {used: rpc_in_flight, limit: 50}\n"
    assert types(own + says) == set(CATALOGUE) - unseen | {"saturation"}


def test_a_limit_in_front_of_a_service_is_seen_although_it_goes_out_through_a_pool(tmp_path: Path) -> None:
    text = OTHERS["envoy preset, no pool"]
    service = next(iter(stack_of(text, tmp_path).services))
    text += f"pools: {{out: {{used_by: {service}, listen: 127.0.0.1:10100, members: 2, upstream: http://127.0.0.1:8100}}}}\n"
    (group,) = rule_files(stack_of(text, tmp_path))["anomalies.yml"]["groups"]
    metrics = {
        rule["labels"]["metric"]
        for rule in group["rules"]
        if rule.get("alert") and rule["labels"]["anomaly_type"] == "rate_limit_storm"
    }
    assert metrics == {"pool:throttled:ratio_rate1m", "service:throttled:ratio_rate1m"}


def test_a_scrape_interval_that_is_too_long_for_the_window(tmp_path: Path) -> None:
    text = OTHERS["envoy preset, no pool"] + "prometheus: {scrape_interval: 30s}\n"
    with pytest.raises(HqError) as caught:
        rule_files(stack_of(text, tmp_path))
    assert str(caught.value) == (
        "prometheus.scrape_interval is 30s, but the rules look at one minute and need four scrapes in it; "
        "make it 15s or less"
    )


def test_an_evaluation_interval_that_is_too_long_for_what_is_recorded(tmp_path: Path) -> None:
    def rules_every(interval: str) -> dict[str, Any]:
        text = f"prometheus: {{evaluation_interval: {interval}}}\n"
        return rule_files(stack_of(OTHERS["envoy preset, no pool"] + text, tmp_path))

    assert rules_every("60s")["anomalies.yml"]["groups"][0]["interval"] == "1m"
    with pytest.raises(HqError) as caught:
        rules_every("2m")
    assert str(caught.value) == (
        "prometheus.evaluation_interval is 2m, but the rules read minutes of what they have recorded themselves; "
        "make it 1m or less"
    )


def test_a_directory_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(HqError) as caught:
        write_rules(demo_stack(), tmp_path / "file")
    assert str(caught.value) == (
        f"{tmp_path / 'file'} is a file, and the rules need a directory; name another --output"
    )


@pytest.mark.e2e
@pytest.mark.parametrize("name", ["demo", "three services, two pools", "hostile label value"])
def test_a_real_prometheus_evaluates_every_rule(name: str, tmp_path: Path) -> None:
    from stack.waiting import wait_for

    stack = demo_stack() if name == "demo" else stack_of(OTHERS[name], tmp_path)
    text = "\n".join(rule_texts(stack).values())
    rules = tmp_path / "rules"
    write_rules(stack, rules)
    for path in rules.iterdir():
        path.write_text(re.sub(r"interval: \w+", "interval: 1s", path.read_text()))
    with running_prometheus(f"rule_files: ['{rules}/*.yml']\n", tmp_path) as client:

        def evaluated() -> bool:
            return all(rule.health != "unknown" for rule in client.rules())

        wait_for(evaluated, 20, "every rule should be evaluated")
        loaded = client.rules()
        assert len(loaded) == text.count("- record:") + text.count("- alert:")
        assert [rule for rule in loaded if rule.health != "ok"] == []
        assert [alert.labels["alertname"] for alert in client.alerts() if alert.state == "firing"] == ["Watchdog"]
