"""What the parts of the dashboard ask alike: of the one pool that was chosen, and of each of its members.

What is counted of a member is counted at its own listener in Envoy, the exporter's probes among it. Of a tunnel
nothing is counted there but connections.
"""

from __future__ import annotations

from stack.dataclass import dataclass
from stack.model import Stack

POOL = 'pool="$pool"'

MEMBERS = f"count(max by (member) (pool_member_up{{{POOL}}}))"
"""How many there are: the exporter probes each."""

HEALTHY = f"max(pool:members:healthy{{{POOL}}})"
"""How many are in rotation."""

_HTTP, _CLUSTER, _LIMIT, _TCP = (
    "envoy_http_conn_manager_prefix",
    "envoy_cluster_name",
    "envoy_local_http_ratelimit_prefix",
    "envoy_tcp_prefix",
)
_MEMBER = r"member_${pool}_\\d+"
_MANY = 10


@dataclass(frozen=True)
class Members:
    """What is asked of each member, as PromQL with the label `member`: its number, of `digits` digits.

    So the members are in their order wherever Grafana sorts them as texts.
    """

    digits: int

    @classmethod
    def of(cls, stack: Stack) -> Members:
        """Those of any pool of the stack."""
        return cls(2 if _largest(stack) > _MANY else 1)

    @property
    def up(self) -> str:
        return self.probed("pool_member_up")

    @property
    def ejected(self) -> str:
        return self.probed("pool_member_ejected")

    def probed(self, metric: str) -> str:
        """What the exporter says of each."""
        return self._numbered(f"max by (member) ({metric}{{{POOL}}})")

    def outcome(self) -> str:
        """How the last probe of each ended, in the label `outcome`."""
        return self._numbered(
            f"topk by (member) (1, max by (member, outcome) (pool_member_probe_outcome{{{POOL}}} == 1))"
        )

    @property
    def requests(self) -> str:
        """Requests a second, those that the front gave up on included."""
        return f"({self._rate('envoy_http_downstream_rq_xx', _HTTP)} + {self._given_up})"

    @property
    def traffic(self) -> str:
        """The same, or of a tunnel its connections a second."""
        return f"({self.requests} or on (member) {self._rate('envoy_tcp_downstream_cx_total', _TCP)})"

    @property
    def share(self) -> str:
        """The share of the pool's traffic that went through each."""
        return f"{self.traffic} / on () group_left () (sum({self.traffic}) > 0)"

    @property
    def errors(self) -> str:
        """The share of the requests that were answered with 5xx, or given up."""
        failed = self._rate("envoy_http_downstream_rq_xx", _HTTP, 'envoy_response_code_class="5"')
        return f"({failed} + {self._given_up}) / ({self.requests} > 0)"

    @property
    def throttled(self) -> str:
        """The share of the requests that were answered 429, by whoever is behind the member or by a fault of ours."""
        answered = self._rate("envoy_cluster_upstream_rq", _CLUSTER, 'envoy_response_code="429"')
        limited = self._rate("envoy_http_local_rate_limit_rate_limited", _LIMIT)
        none = f"0 * {self.requests}"
        return f"(({answered} or {none}) + ({limited} or {none})) / ({self.requests} > 0)"

    @property
    def p95(self) -> str:
        """The 95th percentile of the time that requests take, in seconds."""
        buckets = self._rate("envoy_http_downstream_rq_time_bucket", _HTTP, by="member, le")
        return f"(histogram_quantile(0.95, {buckets}) >= 0) * 0.001"

    @property
    def _given_up(self) -> str:
        return self._rate("envoy_http_downstream_rq_rx_reset", _HTTP)

    def _rate(self, metric: str, label: str, matchers: str = "", by: str = "member") -> str:
        selected = f'{metric}{{{label}=~"{_MEMBER}"{", " + matchers if matchers else ""}}}'
        rate = f"rate({selected}[$__rate_interval])"
        told = f'label_replace({rate}, "member", "$1", "{label}", ".+_([0-9]+)")'
        return f"sum by ({by}) ({self._numbered(told)})"

    def _numbered(self, expr: str) -> str:
        if self.digits == 1:
            return expr
        return f'label_replace({expr}, "member", "0$1", "member", "([0-9])")'


def rows_high(stack: Stack) -> int:
    """The height of a panel with a row for each member of the stack's largest pool, in Grafana's rows."""
    return min(max(6, 3 + _largest(stack) * 2 // 3), 24)


def _largest(stack: Stack) -> int:
    return max((len(pool.members) for pool in stack.pools.values()), default=0)
