"""The presets by their names: what the loader takes, what is told of them, and what they read."""

from __future__ import annotations

from pathlib import Path

import pytest

from prometheus.conventions import CONVENTIONS, metrics
from prometheus.presets import PRESETS
from stack import loader
from stack.selector import is_selector

PAGE = (Path(__file__).parents[2] / "docs" / "presets.md").read_text()


def test_the_loader_takes_what_there_is() -> None:
    assert set(loader.PRESETS) == set(PRESETS)
    without = {name for name, convention in CONVENTIONS.items() if convention.buckets is None}
    assert without == set(loader.WITHOUT_HISTOGRAM)


@pytest.mark.parametrize("name", CONVENTIONS)
def test_the_page_says_what_each_reads(name: str) -> None:
    (row,) = [line for line in PAGE.splitlines() if line.startswith(f"| `{name}` |")]
    convention = CONVENTIONS[name]
    assert f"`{convention.total}" in row
    assert f"`{convention.keys[0]}`" in row
    assert f"\n- `{name}`" in PAGE or name == "opentelemetry-milliseconds"
    if convention.bad:
        label, operator, value = convention.bad
        assert f'`{label}{operator}"{value}"`'.replace("|", "\\|") in row
    assert (f"`{convention.buckets}`" if convention.buckets else "| none |") in row
    if convention.limited:
        assert f'{convention.limited[0]}="429"' in row
    else:
        assert "| unknown |" in row


@pytest.mark.parametrize("name", PRESETS)
def test_what_is_counted_can_be_selected(name: str) -> None:
    sli = PRESETS[name]("shop", (("job", "=", 'a "b"\n{}\\'),))
    for series in (sli.total, sli.bad, sli.good, sli.buckets, sli.throttled, sli.throttled_among):
        assert series is None or is_selector(series)
    assert (sli.bad is None) != (sli.good is None)


def test_what_is_read() -> None:
    found = dict(metrics())
    assert found["http_requests_total"] == "counter"
    assert found["http_server_request_duration_seconds"] == "histogram"
    assert found["envoy_cluster_upstream_rq"] == "counter"
    assert found["probe_success"] == "gauge"
    assert not any(name.endswith(("_bucket", "_count")) for name in found)
