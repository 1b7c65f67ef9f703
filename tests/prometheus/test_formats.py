"""The same rules in every format: how each is written, what each says, and what the programs here think of it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from hq.commands.generate_rules import FORMATS as NAMES
from prometheus.formats.format import Naming
from prometheus.formats.registry import FORMATS
from prometheus.formats.text import dump
from prometheus.rule import AlertRule, Recording, RuleFile, RuleGroup
from prometheus.rules import rule_files
from stack.errors import HqError
from stack.model import Stack
from tests.prometheus.stacks import OTHERS, demo_stack, stack_of
from tests.prometheus.test_rules import promtool
from tests.prometheus.vmalert import refused

GOLDEN = Path(__file__).parent / "golden_formats"
NAMING = Naming("shop", {"release": "monitoring"})
OBJECTIVES = "objectives: {success_rate: {target: 99.9%}, latency: {under: 300ms, target: 99%}}"
HOSTILE = "quote \" apostrophe ' brace { colon: # hash \\ newline \n tab \t käse 店 \u200b \u2028 \x85 %s {{ x }}"
EXAMPLE = RuleFile(
    "example",
    (
        RuleGroup(
            "example",
            15,
            (
                Recording("service:errors:rate1m", 'sum(rate(errors_total{path="\\"a\\nb"}[1m]))', {"service": "1e3"}),
                Recording("service:up:bool", "vector(1)\nor vector(2)"),
                AlertRule(
                    "ErrorSpike",
                    "service:errors:rate1m > 1",
                    hold=30,
                    keep_firing_for=120,
                    labels={"severity": "high", "service": "y"},
                    annotations={
                        "summary": "{{ $labels.service }}: {{ $value | humanize }}",
                        "description": '{{ if $labels.pool }}{{ $labels.pool }}{{ end }}{{ printf "%s" $labels.pool }}',
                        "as it is": "$labels.pool",
                    },
                ),
                AlertRule("Watchdog", "vector(1)", 0, {}, {"summary": HOSTILE}),
            ),
        ),
        RuleGroup("empty", 60, ()),
    ),
)


def texts(stack: Stack, name: str, naming: Naming = NAMING) -> dict[str, str]:
    return FORMATS[name].texts(rule_files(stack), naming)


def groups(text: str) -> list[dict[str, Any]]:
    """The groups of a file, as Prometheus' own format has them."""
    content = yaml.load(text, Loader=yaml.CSafeLoader)
    found: list[dict[str, Any]] = content.get("spec", content)["groups"]
    return [{key: group[key] for key in ("name", "interval", "rules")} for group in found]


def as_in_vmalert(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What vmalert's format says of the same rules."""
    for group in found:
        for rule in group["rules"]:
            rule.pop("keep_firing_for", None)
            for words in (rule.get("annotations", {}), rule.get("labels", {})) if "alert" in rule else ():
                for key, text in words.items():
                    words[key] = re.sub(
                        r"\{\{.*?\}\}", lambda action: re.sub(r"\$labels\.\w+", r'(or \g<0> "")', action[0]), text
                    )
    return found


def test_the_command_knows_the_formats() -> None:
    assert set(NAMES) >= set(FORMATS) >= {"plain", "prometheusrule", "mimir", "thanos", "vmalert"}


@pytest.mark.parametrize("name", FORMATS)
def test_the_format_is_as_written_down(name: str) -> None:
    """When it changes on purpose: `python -m tests.prometheus.test_formats` writes it down anew."""
    assert FORMATS[name].write(EXAMPLE, NAMING) == (GOLDEN / f"{name}.yml").read_text()


@pytest.mark.e2e
@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("which", ["demo", *OTHERS])
def test_every_format_says_the_same_twice_and_the_same_as_the_plain_one(name: str, which: str, tmp_path: Path) -> None:
    stack = demo_stack() if which == "demo" else stack_of(OTHERS[which], tmp_path)
    written, plain = texts(stack, name), texts(stack, "plain")
    assert written == texts(stack, name)
    assert written.keys() == plain.keys()
    for file, text in written.items():
        expected = groups(plain[file])
        assert groups(text) == (as_in_vmalert(expected) if name == "vmalert" else expected)


WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))
UNQUOTED = st.from_regex(
    r"[-+]?[0-9_.]{1,5}([eE][0-9]{1,2})?|0[oOxXbB]?[0-7_]{1,3}|[yYnN]|(on|OFF|True|null|~)", fullmatch=True
)


@given(words=WORDS | UNQUOTED)
@pytest.mark.parametrize("name", FORMATS)
def test_whatever_text_comes_out_as_it_went_in(name: str, words: str) -> None:
    rules = (
        Recording("a:b", words, {"service": words}),
        AlertRule("A", words, 0, {"severity": words}, {"summary": words.replace("$", "")}),
    )
    text = FORMATS[name].write(RuleFile("file", (RuleGroup(words, 1, rules),)), NAMING)
    (group,) = groups(text)
    recording, alert = group["rules"]
    assert (group["name"], recording["expr"], recording["labels"]["service"]) == (words, words, words)
    assert (alert["expr"], alert["labels"]["severity"]) == (words, words)
    assert alert["annotations"]["summary"] == words.replace("$", "")


@pytest.mark.parametrize("text", ["1e3", "y", "N", "0o14", "1_000", ".5", "+1", "0123", "12:30", "no", "1.", "0x1f"])
def test_names_that_some_parser_takes_for_numbers_or_truth_values_are_quoted(text: str) -> None:
    """Kubernetes reads YAML without knowing that a label is text."""
    assert dump({"service": text}) == f"service: '{text}'\n"


@pytest.mark.parametrize("text", ["15s", "0 * up", "storefront", "99.5%", "1 - up", "10.0.0.1:80"])
def test_what_is_text_to_everybody_is_not_quoted(text: str) -> None:
    assert dump({"service": text}) == f"service: {text}\n"


def test_prometheusrules_have_names_and_labels_that_kubernetes_takes() -> None:
    for file, text in texts(demo_stack(), "prometheusrule").items():
        resource = yaml.safe_load(text)
        assert (resource["apiVersion"], resource["kind"]) == ("monitoring.coreos.com/v1", "PrometheusRule")
        assert resource["metadata"] == {
            "name": f"shop-{file.removesuffix('.yml')}",
            "labels": {"app.kubernetes.io/name": "dev-hq", "role": "alert-rules", "release": "monitoring"},
        }
        assert re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", resource["metadata"]["name"])
        assert resource.keys() == {"apiVersion", "kind", "metadata", "spec"}
        assert resource["spec"].keys() == {"groups"}


def test_mimir_has_a_namespace_for_each_file_and_is_told_of_its_limit() -> None:
    written = texts(demo_stack(), "mimir")
    contents = {file: yaml.safe_load(text) for file, text in written.items()}
    assert {content["namespace"] for content in contents.values()} == {
        f"shop-{file.removesuffix('.yml')}" for file in written
    }
    for file, content in contents.items():
        assert content.keys() == {"namespace", "groups"}
        largest = max(len(group["rules"]) for group in content["groups"])
        told = f"limit ruler_max_rules_per_rule_group is at least {largest}." in written[file]
        assert told == (largest > 20)


def test_thanos_aborts_when_a_store_does_not_answer() -> None:
    for text in texts(demo_stack(), "thanos").values():
        for group in yaml.safe_load(text)["groups"]:
            assert group["partial_response_strategy"] == "abort"


def test_vmalert_says_what_it_leaves_out() -> None:
    written = texts(demo_stack(), "vmalert")
    assert "keep_firing_for:" not in "".join(written.values())
    assert "up\n# to 5s earlier" in written["anomalies.yml"] or "up to 5s earlier" in written["anomalies.yml"]
    assert "keep_firing_for" not in written["watching.yml"]


@pytest.mark.e2e
@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("which", ["demo", *OTHERS])
def test_promtool_accepts_what_each_format_holds(name: str, which: str, tmp_path: Path) -> None:
    stack = demo_stack() if which == "demo" else stack_of(OTHERS[which], tmp_path)
    for file, text in texts(stack, name).items():
        (tmp_path / file).write_text(dump({"groups": groups(text)}))
    promtool("check", "rules", "--lint=all", "--lint-fatal", *sorted(tmp_path.glob("*.yml")))


@pytest.mark.e2e
@pytest.mark.parametrize("which", ["demo", *OTHERS])
def test_vmalert_accepts_its_format(which: str, tmp_path: Path) -> None:
    stack = demo_stack() if which == "demo" else stack_of(OTHERS[which], tmp_path)
    rules = tmp_path / "rules"
    rules.mkdir()
    for file, text in texts(stack, "vmalert").items():
        (rules / file).write_text(text)
    assert refused(rules) == ""


@pytest.mark.e2e
def test_vmalert_refuses_the_plain_format(tmp_path: Path) -> None:
    """If it does not any more, its format needs no longer leave keep_firing_for out."""
    (tmp_path / "anomalies.yml").write_text(texts(demo_stack(), "plain")["anomalies.yml"])
    assert "keep_firing_for" in refused(tmp_path)


def a_thousand(sli: str) -> str:
    lines = (f"  s{number}: {{sli: {sli.replace('NAME', f's{number}')}, {OBJECTIVES}}}" for number in range(1000))
    return "services:\n" + "\n".join(lines) + "\n"


@pytest.mark.e2e
@pytest.mark.parametrize("name", FORMATS)
def test_a_thousand_services_of_one_family(name: str, tmp_path: Path) -> None:
    stack = stack_of(a_thousand("{preset: prometheus-http, selector: {job: NAME}}"), tmp_path)
    rules = tmp_path / "rules"
    rules.mkdir()
    for file, text in texts(stack, name).items():
        content = dump({"groups": groups(text)}) if name != "vmalert" else text
        (rules / file).write_text(content)
    if name == "vmalert":
        assert refused(rules) == ""
    else:
        promtool("check", "rules", "--lint=all", "--lint-fatal", *sorted(rules.glob("*.yml")))


def test_a_prometheusrule_that_the_operator_would_refuse() -> None:
    file = RuleFile("anomalies", (RuleGroup("all", 15, (Recording("a:b", "up + " * 120_000 + "up"),)),))
    with pytest.raises(HqError) as caught:
        FORMATS["prometheusrule"].write(file, NAMING)
    assert str(caught.value) == (
        "the rules of anomalies take 615 KiB, and the Prometheus operator refuses a PrometheusRule of more than "
        "512 KiB; name fewer services in one stack.yaml, and give each stack a --prefix of its own"
    )


if __name__ == "__main__":
    for each, written in FORMATS.items():
        (GOLDEN / f"{each}.yml").write_text(written.write(EXAMPLE, NAMING))
