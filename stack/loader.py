"""Reads stack.yaml into the model; every mistake is one line that names the file, the line and what would be right."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from stack.access import ACCESS_KEYS, read_access
from stack.address import Address
from stack.burn_rate import read_burn_rate_alerts
from stack.document import Value, read_document
from stack.limits import read_limits
from stack.model import (
    LONGEST_GATE_WINDOW,
    AlertmanagerSettings,
    AnomalySettings,
    Capacity,
    EnvoySettings,
    GateSettings,
    LatencyObjective,
    Links,
    ManagedProcess,
    Member,
    Pool,
    PresetSli,
    PrometheusSettings,
    PromqlSli,
    Service,
    Stack,
    SuccessObjective,
)
from stack.objective import read_objective
from stack.selector import read_label, read_selector
from stack.suggestion import suggestion

if TYPE_CHECKING:
    from stack.on_fail import OnFail

PRESETS = (
    "prometheus-http", "envoy", "opentelemetry", "opentelemetry-milliseconds", "istio", "envoy-cluster",
    "ingress-nginx", "traefik", "haproxy", "spring", "fastapi", "blackbox",
)  # fmt: skip
WITHOUT_HISTOGRAM = ("haproxy", "blackbox")
GATES = ("success_rate", "latency", "error_budget")
OWN_PROGRAMS = ("envoy", "exporter", "prometheus", "alertmanager", "dev-hq")
DAY = 86400.0

T = TypeVar("T")


def load_stack(path: Path, moved: Mapping[Address, Address] | None = None) -> Stack:
    """The stack in `path`, its addresses replaced by where they `moved`; raises HqError, mostly ConfigError."""
    root = read_document(
        path, moved, if_missing="run this where your stack.yaml lies, name it with --stack, or write one: dev-hq init"
    )
    entries = root.mapping()
    if of_gates := [entries[key] for key in ("version", "slos") if key in entries]:
        raise of_gates[0].error("this is a gates file, where a stack is due; the check takes it with --config")
    keys = root.fields(
        required=("services",),
        optional=(
            "pools", "prometheus", "alertmanager", "envoy", "exporter", "anomalies", "gates", "links", "processes",
            "burn_rate_alerts",
        ),
    )  # fmt: skip
    services = {name: _service(name, value) for name, value in keys["services"].named().items()}
    if not services:
        raise keys["services"].error("services must name at least one service")
    pools = {name: _pool(name, value, services, moved or {}) for name, value in _entries(keys.get("pools")).items()}
    for name in pools.keys() & services.keys():
        raise keys["pools"].mapping()[name].error(f'"{name}" is a service already; a pool needs another name')
    exporter, chaos_api = _optional(keys.get("exporter"), _exporter, (Stack.exporter, Stack.chaos_api))
    stack = Stack(
        file=path,
        services=services,
        pools=pools,
        prometheus=read_prometheus(keys["prometheus"], path.parent) if "prometheus" in keys else PrometheusSettings(),
        alertmanager=_optional(keys.get("alertmanager"), _alertmanager, AlertmanagerSettings()),
        envoy=_optional(keys.get("envoy"), _envoy, EnvoySettings()),
        exporter=exporter,
        chaos_api=chaos_api,
        anomalies=_optional(keys.get("anomalies"), _anomalies, AnomalySettings()),
        gates=_optional(keys.get("gates"), partial(_gates, base=path.parent), GateSettings()),
        links=_optional(keys.get("links"), _links, Links()),
        processes={name: _process(name, value) for name, value in _entries(keys.get("processes")).items()},
        burn_rate_alerts=_optional(
            keys.get("burn_rate_alerts"), partial(read_burn_rate_alerts, services=services.values()), None
        ),
    )
    _refuse_shared_addresses(stack, root)
    return _with_defaults_moved(stack, moved) if moved else stack


def _with_defaults_moved(stack: Stack, moved: Mapping[Address, Address]) -> Stack:
    """The stack with the addresses that the file leaves out where they moved; those in it are there already."""

    def now(address: Address) -> Address:
        return moved.get(address, address)

    def url(text: str) -> str:
        address = Address.of_url(text)
        return text.replace(str(address), str(now(address)))

    return replace(
        stack,
        envoy=EnvoySettings(now(stack.envoy.admin), now(stack.envoy.control_plane)),
        exporter=now(stack.exporter),
        prometheus=replace(stack.prometheus, url=url(stack.prometheus.url)),
        alertmanager=replace(stack.alertmanager, url=url(stack.alertmanager.url)),
    )


def _entries(value: Value | None) -> dict[str, Value]:
    return value.named() if value else {}


def _optional(value: Value | None, read: Callable[[Value], T], default: T) -> T:
    return read(value) if value else default


def _service(name: str, value: Value) -> Service:
    keys = value.fields(required=("sli", "objectives"), optional=("listen", "upstream", "saturation"))
    if ("listen" in keys) != ("upstream" in keys):
        raise value.error(f"{value.path} needs both listen and upstream, or neither")
    objectives = keys["objectives"].fields(optional=("success_rate", "latency"))
    if not objectives:
        raise keys["objectives"].error(f"{keys['objectives'].path} must name success_rate, latency or both")
    sli = _sli(keys["sli"])
    if "latency" in objectives and isinstance(sli, PresetSli) and sli.preset in WITHOUT_HISTOGRAM:
        raise objectives["latency"].error(
            f"{value.path}.objectives.latency needs a histogram, and what the preset {sli.preset} reads has none; "
            "leave it out, or count the requests where there is one: in the service itself, or in another proxy"
        )
    if "latency" in objectives and isinstance(sli, PromqlSli) and not sli.latency:
        raise keys["sli"].error(
            f"{value.path}.objectives.latency needs {value.path}.sli.latency, the histogram's buckets"
        )
    return Service(
        name=name,
        sli=sli,
        success_rate=_optional(objectives.get("success_rate"), _success_rate, None),
        latency=_optional(objectives.get("latency"), _latency, None),
        listen=_optional(keys.get("listen"), Value.address, None),
        upstream=_optional(keys.get("upstream"), Value.url, None),
        saturation=_optional(keys.get("saturation"), _capacity, None),
    )


def _capacity(value: Value) -> Capacity | None:
    keys = value.fields(required=("used", "limit"))
    used = read_selector(keys["used"])
    if not re.match(r"[\d.+-]", keys["limit"].text()):  # no selector begins like that
        return Capacity(used, read_selector(keys["limit"]))
    number = keys["limit"].number(Decimal(0), Decimal(10**9))
    if not number:
        raise keys["limit"].error(f"{keys['limit'].path} must be more than 0, or a selector of what there is")
    return Capacity(used, number)


def _sli(value: Value) -> PresetSli | PromqlSli:
    if "preset" in value.mapping():
        keys = value.fields(required=("preset",), optional=("selector",))
        selector = keys["selector"].mapping() if "selector" in keys else {}
        return PresetSli(
            keys["preset"].choice(PRESETS), {read_label(name, text): text.text() for name, text in selector.items()}
        )
    keys = value.fields(required=("total",), optional=("good", "bad", "latency", "throttled"))
    if ("good" in keys) == ("bad" in keys):
        raise value.error(f"{value.path} needs either good or bad beside total")
    return PromqlSli(**{key: read_selector(series) for key, series in keys.items()})


def _success_rate(value: Value) -> SuccessObjective | None:
    keys = value.fields(required=("target",), optional=("window",))
    return SuccessObjective(read_objective(keys["target"]), _window(keys), value.line)


def _latency(value: Value) -> LatencyObjective | None:
    keys = value.fields(required=("under", "target"), optional=("window",))
    under = keys["under"].duration(low=0.001, high=3600)
    return LatencyObjective(under, read_objective(keys["target"]), _window(keys), value.line)


def _window(keys: Mapping[str, Value]) -> float:
    return keys["window"].duration(low=60, high=365 * DAY) if "window" in keys else 30 * DAY


def _pool(name: str, value: Value, services: Mapping[str, Service], moved: Mapping[Address, Address]) -> Pool:
    keys = value.fields(
        required=("used_by", "listen", "members", "upstream"),
        optional=("retries", "timeout", "max_ejected", "probe", "max_requests"),
    )
    used_by = keys["used_by"].text()
    if used_by not in services:
        raise keys["used_by"].error(f'there is no service "{used_by}"; {suggestion(used_by, services, "services are")}')
    listen = keys["listen"].address()
    return Pool(
        name=name,
        used_by=used_by,
        listen=listen,
        members=_members(keys["members"], listen, moved),
        upstream=keys["upstream"].url(),
        retries=keys["retries"].integer(0, 10) if "retries" in keys else Pool.retries,
        timeout=keys["timeout"].duration(low=0.001, high=3600) if "timeout" in keys else Pool.timeout,
        max_ejected=keys["max_ejected"].percent() if "max_ejected" in keys else Pool.max_ejected,
        probe=_path(keys["probe"]) if "probe" in keys else Pool.probe,
        max_requests=keys["max_requests"].integer(1, 1_000_000) if "max_requests" in keys else Pool.max_requests,
    )


def _members(value: Value, front: Address, moved: Mapping[Address, Address]) -> tuple[Member, ...]:
    """The members of a pool; they listen on the ports that follow the front's in stack.yaml, unless those are moved."""
    addresses: list[Address | None]
    if value.is_list:
        addresses = [item.address() for item in value.items()]
        if not 1 <= len(addresses) <= 64 or len(set(addresses)) < len(addresses):
            raise value.error(f"{value.path} must list 1 to 64 different addresses")
    else:
        addresses = [None] * value.integer(1, 64)
    wished = next((wanted for wanted, actual in moved.items() if actual == front), front)
    if wished.port + len(addresses) > 65535:
        raise value.error(f"the {len(addresses)} ports after {wished} are for the members, and there are not so many")
    listens = [Address(wished.host, wished.port + 1 + number) for number in range(len(addresses))]
    return tuple(
        Member(number, moved.get(listen, listen), address)
        for number, (listen, address) in enumerate(zip(listens, addresses, strict=True))
    )


def read_prometheus(value: Value, base: Path) -> PrometheusSettings:
    """The section `prometheus`; files in it are relative to `base`. Raises ConfigError."""
    keys = value.fields(optional=("url", "scrape_interval", "evaluation_interval", *ACCESS_KEYS))
    default = PrometheusSettings()
    return PrometheusSettings(
        _optional(keys.get("url"), Value.url, default.url),
        _interval(keys.get("scrape_interval"), default.scrape_interval),
        _interval(keys.get("evaluation_interval"), default.evaluation_interval),
        read_access(keys, base),
    )


def _alertmanager(value: Value) -> AlertmanagerSettings:
    keys = value.fields(optional=("url", "group_wait", "group_interval", "repeat_interval"))
    default = AlertmanagerSettings()
    return AlertmanagerSettings(
        _optional(keys.get("url"), Value.url, default.url),
        _interval(keys.get("group_wait"), default.group_wait),
        _interval(keys.get("group_interval"), default.group_interval),
        _interval(keys.get("repeat_interval"), default.repeat_interval),
    )


def _interval(value: Value | None, default: float) -> float:
    return value.duration(low=0.1, high=7 * DAY) if value else default


def _envoy(value: Value) -> EnvoySettings:
    keys = value.fields(optional=("admin", "control_plane"))
    return EnvoySettings(
        _optional(keys.get("admin"), Value.address, EnvoySettings.admin),
        _optional(keys.get("control_plane"), Value.address, EnvoySettings.control_plane),
    )


def _exporter(value: Value) -> tuple[Address, bool]:
    keys = value.fields(optional=("listen", "chaos_api"))
    return (
        _optional(keys.get("listen"), Value.address, Stack.exporter),
        _optional(keys.get("chaos_api"), Value.truth, Stack.chaos_api),
    )


def _anomalies(value: Value) -> AnomalySettings:
    keys = value.fields(optional=("hold", "keep_firing_for", "limits"))
    hold, keep = keys.get("hold"), keys.get("keep_firing_for")
    return AnomalySettings(
        hold.duration(high=DAY) if hold else None,
        keep.duration(high=DAY) if keep else None,
        _optional(keys.get("limits"), read_limits, {}),
    )


def _gates(value: Value, base: Path) -> GateSettings:
    keys = value.fields(optional=("window", "observe", "on_fail"))
    return GateSettings(
        keys["window"].duration(low=10, high=LONGEST_GATE_WINDOW) if "window" in keys else GateSettings.window,
        tuple(item.choice(GATES) for item in keys["observe"].items()) if "observe" in keys else (),
        _on_fail(keys["on_fail"], base) if "on_fail" in keys else None,
    )


def _on_fail(value: Value, base: Path) -> OnFail:
    from stack.on_fail import read_on_fail

    return read_on_fail(value, base)


def _links(value: Value) -> Links:
    keys = value.fields(optional=("runbooks", "grafana"))
    return Links(
        _optional(keys.get("runbooks"), Value.url, Links.runbooks),
        _optional(keys.get("grafana"), Value.url, Links.grafana),
    )


def _process(name: str, value: Value) -> ManagedProcess:
    if name in OWN_PROGRAMS:
        raise value.error(f'"{name}" is what `dev-hq up` starts itself; a process needs another name')
    keys = value.fields(required=("run", "listen"), optional=("ready", "metrics"))
    return ManagedProcess(
        name=name,
        run=keys["run"].command(),
        listen=keys["listen"].address(),
        ready=_path(keys["ready"]) if "ready" in keys else "/",
        metrics=_path(keys["metrics"]) if "metrics" in keys else None,
    )


def _path(value: Value) -> str:
    path = value.text()
    if not re.fullmatch(r"/[!-~]*", path):
        raise value.error(f'{value.path} must be a path such as /metrics, not "{path}"')
    return path


def _refuse_shared_addresses(stack: Stack, root: Value) -> None:
    seen: set[Address] = set()
    for address in stack.own_addresses():
        if address in seen:
            message = f"{address} is used twice; give every listener an address of its own"
            raise root.last_naming(str(address)).error(message)
        seen.add(address)
