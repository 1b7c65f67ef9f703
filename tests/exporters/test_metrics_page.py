"""docs/metrics.md and what is exposed and recorded say the same, in both directions."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from stack.journal import Journal
from stack.loader import load_stack
from stack.model import Stack
from stack.process import find_program
from tests.exporters.listening import listening, says
from tests.exporters.records import announced, fault, finished, found, notification, verdict
from tests.hq.serving import Served, serving

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "metrics.md").read_text()
EXPOSED_PAGE, RECORDED_PAGE = PAGE.split("## Recorded by the rules")
Metrics = dict[str, tuple[str, frozenset[str]]]

TEXT = "text/plain"
OPENMETRICS = "application/openmetrics-text; version=1.0.0"


def documented() -> Metrics:
    """Name → type and labels."""
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \|([^|]*)\|", EXPOSED_PAGE, re.MULTILINE)
    return {name: (kind, frozenset(re.findall(r"`(\w+)`", labels))) for name, kind, labels in rows}


def exposed(text: str) -> Metrics:
    found: Metrics = {}
    parse = parse_openmetrics if text.endswith("# EOF\n") else parse_text
    for family in parse(text):
        suffix = {"counter": "_total", "info": "_info"}.get(family.type, "")
        name = family.name if family.name.endswith(suffix) else family.name + suffix
        kind = "info" if name.endswith("_info") else family.type
        labels = frozenset(label for sample in family.samples for label in sample.labels) - {"le"}
        found[name] = (kind, labels)
    return found


def envoys_answer(stack: Stack) -> bytes:
    """What its admin interface says of the members of the stack's pools."""
    clusters = [
        {
            "name": f"pool_{pool.name}",
            "host_statuses": [
                {"address": {"socket_address": {"port_value": member.listen.port}}} for member in pool.members
            ],
        }
        for pool in stack.pools.values()
    ]
    return b"HTTP/1.1 200 OK\r\n\r\n" + json.dumps({"cluster_statuses": clusters}).encode()


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    with (
        serving(tmp_path_factory.mktemp("metrics")) as served,
        listening(says(envoys_answer(served.stack)), served.stack.envoy.admin.port),
    ):
        journal = Journal(served.stack.journal)
        journal.append("run_finished", finished("r0", **found()))
        journal.append("run_announced", announced("r1", expect=["upstream_failure"]))
        journal.append("fault_injected", fault("r1"))
        journal.append("gate_verdict", verdict())
        journal.append("notification", notification())
        yield served


@pytest.mark.parametrize("accept", [TEXT, OPENMETRICS], ids=["text", "openmetrics"])
def test_the_page_lists_what_is_exposed_with_its_type_and_labels(served: Served, accept: str) -> None:
    assert exposed(served.get("/metrics", accept=accept).body.decode()) == documented()


def test_the_page_lists_what_the_rules_record(tmp_path: Path) -> None:
    from prometheus.rules import write_rules

    write_rules(load_stack(ROOT / "stack.yaml"), tmp_path)
    recorded = {
        name for file in tmp_path.glob("*.yml") for name in re.findall(r"record: (\S+)", file.read_text())
    }  # fmt: skip
    assert recorded == set(re.findall(r"^\| `([\w:]+)` \|", RECORDED_PAGE, re.MULTILINE))


def test_promtool_finds_nothing_to_complain_about(served: Served) -> None:
    text = served.get("/metrics", accept=TEXT).body
    done = subprocess.run([find_program("promtool"), "check", "metrics"], input=text, capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


@pytest.mark.parametrize("accept", [TEXT, OPENMETRICS], ids=["text", "openmetrics"])
def test_what_promtool_does_not_see_is_right_too(served: Served, accept: str) -> None:
    lines = served.get("/metrics", accept=accept).body.decode().splitlines()
    series = [line.rpartition(" ")[0] for line in lines if not line.startswith("#")]
    assert len(series) > 100
    assert len(series) == len(set(series)), "no series comes twice"
    types = [line.split()[2] for line in lines if line.startswith("# TYPE")]
    assert len(types) == len(set(types)), "no family comes twice"
    assert not [name for name in types if re.search(r"_percent|_ms$|_time$|_created$", name)]
    assert all(line.endswith(".") for line in lines if line.startswith("# HELP"))
    assert not [line for line in lines if "run_id" in line or 'run="' in line]
