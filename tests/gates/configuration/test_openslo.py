"""OpenSLO v1 documents: what of them a gate can judge, and a sentence for the rest."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.gates.configuration.openslo import GATES, LIBRARY, REFERRING, SLO, gates

INLINE = """version: 1
prometheus: {url: 'http://127.0.0.1:9090'}
slos:
  - name: availability
    service: shop
    objective: 99.9
    period: 28d
    total: hits{job="shop"}
    bad: hits{job="shop",code="500"}
gates:
  - {name: success rate, slo: availability}
  - {name: budget, slo: availability, budget_left: ">= 10%"}
  - {name: burn, slo: availability, max_burn: 6, windows: [5m, 1h]}
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("slo").mkdir()
    return tmp_path


def condition(openslo: str):
    return gates(openslo)[0].condition


@pytest.mark.parametrize("openslo", [SLO, LIBRARY + REFERRING, REFERRING + "---\n" + LIBRARY])
def test_an_openslo_document_gives_the_same_gates_as_the_gates_file_itself(openslo: str) -> None:
    assert gates(openslo) == gates("", INLINE)


@pytest.mark.parametrize(
    "query",
    [
        'hits{job="shop",code="500"}',
        'sum(hits{job="shop",code="500"})',
        'rate(hits{job="shop",code="500"}[5m])',
        'sum(rate(hits{job="shop",code="500"}[5m]))',
        'sum( increase( hits{job="shop",code="500"}[30d] ) )',
        'sum(increase(hits{job="shop",code="500"}[{{.window}}]))',
        'sum(rate(hits{job="shop",code="500"}[{{ .window }}]))',
        'sum(rate(hits{job="shop",code="500"}[$__rate_interval]))',
        'sum(\n  rate(hits{job="shop",code="500"}[1h])\n)',
    ],
)
def test_the_common_forms_of_a_query_are_its_counter(query: str) -> None:
    quoted = "'" + query.replace("\n", "\n\n") + "'"
    text = SLO.replace('sum(rate(hits{job="shop",code="500"}[5m]))', quoted)
    assert condition(text).sli.bad == 'hits{job="shop",code="500"}'


def test_a_rate_needs_no_word_that_it_is_of_a_counter() -> None:
    assert condition(SLO.replace("counter: true", "counter: false")) == condition(SLO)
    assert condition(SLO.replace("        counter: true\n", "")) == condition(SLO)


def test_good_instead_of_bad() -> None:
    sli = condition(SLO.replace("        bad:", "        good:")).sli
    assert (sli.good, sli.bad, sli.job) == ('hits{job="shop",code="500"}', None, "shop")


def test_several_objectives_are_slos_of_their_own() -> None:
    more = "    - displayName: strict\n      target: 0.9999\n    - targetPercent: 99\n"
    text = SLO.replace("displayName: Three nines", "displayName: lax").replace("  alertPolicies: []\n", more)
    names = ("availability-lax", "availability-strict", "availability-3")
    listed = "".join(f"  - {{name: {name}, slo: {name}}}\n" for name in names)
    found = gates(text, GATES[: GATES.index("gates:")] + "gates:\n" + listed)
    assert [gate.condition.threshold for gate in found] == [0.999, 0.9999, 0.99]


def test_extensions_are_left_alone() -> None:
    text = SLO.replace("  description:", "  x-owner: {team: a}\n  description:")
    assert condition(text) == condition(SLO)
    assert condition(
        SLO.replace("            spec:\n", "            spec:\n              queryType: promql\n")
    ) == condition(SLO)


def test_without_a_time_window_the_period_is_30_days() -> None:
    text = SLO.replace("  timeWindow:\n    - duration: 4w\n      isRolling: true\n", "")
    assert gates(text)[1].window == 30 * 86400
