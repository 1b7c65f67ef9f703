"""What a stack is made of: services, pools, and the parts that watch them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from stack.access import Access
from stack.address import Address
from stack.burn_rate import BurnRateAlert
from stack.dataclass import dataclass

if TYPE_CHECKING:
    from stack.on_fail import OnFail

LONGEST_GATE_WINDOW = 90 * 86400.0


@dataclass(frozen=True)
class SuccessObjective:
    """At least `target` (a ratio) of the requests succeed, over `window` seconds; it stands in `line` of the file."""

    target: Decimal
    window: float
    line: int = field(default=1, compare=False)


@dataclass(frozen=True)
class LatencyObjective:
    """At least `target` (a ratio) of the requests take at most `under` seconds, over `window` seconds.

    It stands in `line` of the file.
    """

    under: float
    target: Decimal
    window: float
    line: int = field(default=1, compare=False)


@dataclass(frozen=True)
class PresetSli:
    """What a service exposes, by convention: one of the presets in prometheus/presets.py, narrowed by label values."""

    preset: str
    selector: Mapping[str, str]


@dataclass(frozen=True)
class PromqlSli:
    """What a service exposes, as PromQL selectors of counters.

    All requests; the good or the bad ones, whichever is counted; the buckets of the latency histogram in seconds; and
    the throttled ones (429).
    """

    total: str
    good: str | None = None
    bad: str | None = None
    latency: str | None = None
    throttled: str | None = None


@dataclass(frozen=True)
class Capacity:
    """What of a service can run full: the selector of what is in use, and of what there is, or a number of it."""

    used: str
    limit: str | Decimal


@dataclass(frozen=True)
class Service:
    """What users depend on. `listen` is where Envoy stands in front of it, `upstream` the service itself."""

    name: str
    sli: PresetSli | PromqlSli
    success_rate: SuccessObjective | None
    latency: LatencyObjective | None
    listen: Address | None = None
    upstream: str | None = None
    saturation: Capacity | None = None


@dataclass(frozen=True)
class Member:
    """One proxy of a pool: a local one that Envoy plays, or a real one at `address`.

    Either way Envoy listens for it at `listen`, with the member's own faults.
    """

    number: int
    listen: Address
    address: Address | None

    @property
    def name(self) -> str:
        return str(self.number)


@dataclass(frozen=True)
class Pool:
    """The proxies through which a service goes out to `upstream`; `listen` is the pool's front.

    The front tries a failed request on another member up to `retries` times, gives up on a request after
    `timeout` seconds, and takes at most `max_ejected` (a ratio) of the members out of rotation. It refuses what would
    be more than `max_requests` at once. The exporter asks each member for the path `probe` to see whether it works.
    """

    name: str
    used_by: str
    listen: Address
    members: tuple[Member, ...]
    upstream: str
    retries: int = 1
    timeout: float = 15.0
    max_ejected: Decimal = Decimal("0.75")
    probe: str = "/"
    max_requests: int = 1_000_000

    @property
    def tunnels(self) -> bool:
        """Whether the members are reached by CONNECT: HTTPS through real proxies, opaque to us."""
        return self.upstream.startswith("https://") and self.members[0].address is not None


@dataclass(frozen=True)
class PrometheusSettings:
    """Where Prometheus is, and how often (in seconds) the one that `dev-hq up` starts scrapes and evaluates."""

    url: str = "http://127.0.0.1:9090"
    scrape_interval: float = 15.0
    evaluation_interval: float = 15.0
    access: Access = field(default_factory=Access)


@dataclass(frozen=True)
class AlertmanagerSettings:
    """Where Alertmanager is, and how long (in seconds) it groups before it notifies and repeats."""

    url: str = "http://127.0.0.1:9093"
    group_wait: float = 30.0
    group_interval: float = 300.0
    repeat_interval: float = 14400.0


@dataclass(frozen=True)
class EnvoySettings:
    """Where Envoy's admin interface listens, and the control plane of a run."""

    admin: Address = Address("127.0.0.1", 9901)
    control_plane: Address = Address("127.0.0.1", 18000)


@dataclass(frozen=True)
class AnomalySettings:
    """Overrides of the catalogue's holds, in seconds (how long before an alert fires, how long it goes on), and limits.

    A limit, by the name of its type, is in the unit of the type: seconds, a ratio, or a number.
    """

    hold: float | None = None
    keep_firing_for: float | None = None
    limits: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True)
class GateSettings:
    """The window of a gate in seconds, the gates that only observe, and what to do when one fails."""

    window: float = 600.0
    observe: tuple[str, ...] = ()
    on_fail: OnFail | None = None


@dataclass(frozen=True)
class Links:
    """Where alerts point: the base URL of the runbooks and of Grafana."""

    runbooks: str = "https://dev-hq.example/runbooks"
    grafana: str = "http://127.0.0.1:3000"


@dataclass(frozen=True)
class ManagedProcess:
    """A program that `dev-hq up` starts besides its own; `metrics` is the path that Prometheus scrapes, if any."""

    name: str
    run: tuple[str, ...]
    listen: Address
    ready: str
    metrics: str | None


@dataclass(frozen=True)
class Stack:
    """One stack.yaml: what there is, what is promised, and where everything listens.

    `burn_rate_alerts` is None where the file has none of its own. `chaos_api` is whether runs may be started over HTTP.
    """

    file: Path
    services: Mapping[str, Service]
    pools: Mapping[str, Pool]
    prometheus: PrometheusSettings = field(default_factory=PrometheusSettings)
    alertmanager: AlertmanagerSettings = field(default_factory=AlertmanagerSettings)
    envoy: EnvoySettings = field(default_factory=EnvoySettings)
    exporter: Address = Address("127.0.0.1", 9464)
    chaos_api: bool = False
    anomalies: AnomalySettings = field(default_factory=AnomalySettings)
    gates: GateSettings = field(default_factory=GateSettings)
    links: Links = field(default_factory=Links)
    processes: Mapping[str, ManagedProcess] = field(default_factory=dict)
    burn_rate_alerts: tuple[BurnRateAlert, ...] | None = None

    @property
    def directory(self) -> Path:
        """Everything that is written at run time lies here: `var/` beside stack.yaml."""
        return self.file.resolve().parent / "var"

    @property
    def journal(self) -> Path:
        """The journal of runs, verdicts and notifications."""
        return self.directory / "journal.jsonl"

    @property
    def webhook_token(self) -> Path:
        """The bearer token that Alertmanager shows to the webhook."""
        return self.directory / "webhook-token"

    @property
    def tokens(self) -> Path:
        """The digests of the tokens of whoever else may call the API."""
        return self.directory / "tokens.yaml"

    def service_of(self, target: str) -> Service:
        """The service that suffers when `target`, a service or a pool, is broken."""
        return self.services[target if target in self.services else self.pools[target].used_by]

    def own_addresses(self) -> tuple[Address, ...]:
        """The loopback addresses that `dev-hq up` binds, in the order they are claimed."""
        wanted = [
            *(service.listen for service in self.services.values() if service.listen),
            *(pool.listen for pool in self.pools.values()),
            *(member.listen for pool in self.pools.values() for member in pool.members),
            *(process.listen for process in self.processes.values()),
            self.envoy.admin,
            self.envoy.control_plane,
            self.exporter,
            Address.of_url(self.prometheus.url),
            Address.of_url(self.alertmanager.url),
        ]
        return tuple(address for address in wanted if address.is_loopback)
