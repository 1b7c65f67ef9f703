"""stack.yaml as it is read: the good one, and one file for each mistake with the sentence it earns."""

from decimal import Decimal
from pathlib import Path

import pytest

from stack.address import Address
from stack.errors import ConfigError
from stack.loader import load_stack
from stack.model import Capacity, PresetSli, PromqlSli, Stack
from stack.quantity import parse_duration

ROOT = Path(__file__).parent.parent.parent
INVALID = Path(__file__).parent / "invalid"
MISTAKES = sorted(INVALID.glob("*.yaml"))

SHOP = """services:
  shop:
    sli: {preset: envoy}
    objectives: {success_rate: {target: 99%}}
"""
POOL = """pools:
  proxies:
    used_by: shop
    listen: 127.0.0.1:10100
    members: 2
    upstream: http://127.0.0.1:8100
"""


def load(directory: Path, text: str, moved: dict[Address, Address] | None = None) -> Stack:
    path = directory / "stack.yaml"
    path.write_text(text)
    return load_stack(path, moved)


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda path: path.stem)
def test_a_mistake_is_one_line_with_its_place_and_what_would_be_right(
    mistake: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(INVALID)
    with pytest.raises(ConfigError) as complaint:
        load_stack(Path(mistake.name))
    assert str(complaint.value) + "\n" == mistake.with_suffix(".txt").read_text()
    assert str(complaint.value).isprintable()
    assert "canary" not in str(complaint.value)


def test_every_mistake_has_its_sentence_and_every_sentence_its_mistake() -> None:
    assert {path.stem for path in MISTAKES} == {path.stem for path in INVALID.glob("*.txt")}
    assert len(MISTAKES) >= 100


def test_the_demos_stack() -> None:
    stack = load_stack(ROOT / "stack.yaml")
    storefront, pool = stack.services["storefront"], stack.pools["vendor-proxies"]
    assert storefront.sli == PresetSli("prometheus-http", {"job": "storefront"})
    assert storefront.success_rate is not None
    assert storefront.success_rate.target == Decimal("0.995")
    assert storefront.latency is not None
    assert (storefront.latency.under, storefront.latency.window) == (0.3, parse_duration("30d"))
    assert [str(member.listen) for member in pool.members] == [f"127.0.0.1:{port}" for port in range(10101, 10105)]
    assert (pool.retries, pool.timeout, pool.probe) == (0, 5.0, "/healthz")
    assert list(stack.processes) == ["vendor", "storefront", "load"]
    assert stack.directory == ROOT / "var"
    assert stack.service_of("vendor-proxies") is stack.service_of("storefront") is storefront


def test_what_is_left_out_has_its_default(tmp_path: Path) -> None:
    stack = load(tmp_path, SHOP)
    assert stack.pools == {}
    assert (stack.prometheus.url, stack.prometheus.scrape_interval) == ("http://127.0.0.1:9090", 15.0)
    assert (stack.gates.window, stack.gates.observe) == (600.0, ())
    assert stack.anomalies.hold is None
    assert str(stack.exporter) == "127.0.0.1:9464"
    objective = stack.services["shop"].success_rate
    assert objective is not None
    assert objective.window == parse_duration("30d")


@pytest.mark.parametrize("word", ["NO", "0123", "1:30", "1e3", "~", "true", "2026-11-22", "0x10", "=", "null", ".inf"])
def test_a_word_stays_what_was_written(tmp_path: Path, word: str) -> None:
    stack = load(tmp_path, SHOP.replace("preset: envoy", f"preset: envoy, selector: {{job: {word}}}"))
    assert stack.services["shop"].sli == PresetSli("envoy", {"job": word})


def test_indicators_in_promql(tmp_path: Path) -> None:
    text = SHOP.replace("{preset: envoy}", """{total: 'hits{job="shop"}', bad: 'hits{job="shop",code=~"5.."}'}""")
    assert load(tmp_path, text).services["shop"].sli == PromqlSli(
        total='hits{job="shop"}', bad='hits{job="shop",code=~"5.."}'
    )


def test_real_proxies_listen_locally_on_the_ports_after_the_pools(tmp_path: Path) -> None:
    text = SHOP + POOL.replace("members: 2", "members: ['10.0.0.1:3128', 'proxy.example:3128']").replace(
        "http://127.0.0.1:8100", "https://vendor.example"
    )
    pool = load(tmp_path, text).pools["proxies"]
    assert [(str(member.listen), str(member.address)) for member in pool.members] == [
        ("127.0.0.1:10101", "10.0.0.1:3128"),
        ("127.0.0.1:10102", "proxy.example:3128"),
    ]
    assert pool.tunnels


def test_a_moved_address_moves_wherever_it_is_written(tmp_path: Path) -> None:
    text = (
        SHOP + POOL + "processes:\n  shop: {run: [shop, --vendor, 'http://127.0.0.1:10100/'], listen: 127.0.0.1:1010}\n"
    )
    moved = {
        Address.parse("127.0.0.1:10100"): Address.parse("127.0.0.1:20100"),
        Address.parse("127.0.0.1:10102"): Address.parse("127.0.0.1:20555"),
    }
    stack = load(tmp_path, text, moved)
    pool = stack.pools["proxies"]
    assert str(pool.listen) == "127.0.0.1:20100"
    assert [str(member.listen) for member in pool.members] == ["127.0.0.1:10101", "127.0.0.1:20555"]
    assert stack.processes["shop"].run == ("shop", "--vendor", "http://127.0.0.1:20100/")
    assert str(stack.processes["shop"].listen) == "127.0.0.1:1010"  # the start of another address, not that address


def test_own_addresses_are_those_on_this_machine(tmp_path: Path) -> None:
    stack = load(tmp_path, SHOP + POOL + "prometheus: {url: https://prometheus.example/prefix/}\n")
    own = [str(address) for address in stack.own_addresses()]
    assert own == [
        "127.0.0.1:10100",
        "127.0.0.1:10101",
        "127.0.0.1:10102",
        "127.0.0.1:9901",
        "127.0.0.1:18000",
        "127.0.0.1:9464",
        "127.0.0.1:9093",
    ]
    assert stack.prometheus.url == "https://prometheus.example/prefix"


def test_limits_and_what_can_run_full(tmp_path: Path) -> None:
    text = SHOP + "    saturation: {used: db_connections, limit: 12.5}\n" + POOL + "    max_requests: 200\n"
    text += "anomalies: {limits: {latency_shift: 1.5s, error_spike: 2.5%, traffic_spike: 4.5, flapping: 6}}\n"
    stack = load(tmp_path, text)
    assert stack.services["shop"].saturation == Capacity("db_connections", Decimal("12.5"))
    assert stack.pools["proxies"].max_requests == 200
    assert stack.anomalies.limits == {
        "latency_shift": Decimal("1.5"), "error_spike": Decimal("0.025"), "traffic_spike": Decimal("4.5"),
        "flapping": Decimal(6),
    }  # fmt: skip
    selected = load(tmp_path, SHOP + "    saturation: {used: 'in_use{a=\"b\"}', limit: most}\n")
    assert selected.services["shop"].saturation == Capacity('in_use{a="b"}', "most")
    plain = load(tmp_path, SHOP + POOL)
    assert (plain.services["shop"].saturation, plain.pools["proxies"].max_requests) == (None, 1_000_000)
    assert plain.anomalies.limits == {}
