"""Envoy's listeners: in front of a service, in front of a pool, and one for each member of a pool."""

from __future__ import annotations

from chaos.clusters import Upstream, bindable, socket_address
from chaos.faults import KINDS
from chaos.faults.fault import TYPE, Config
from stack.address import Address
from stack.model import Member, Pool, Service
from stack.prefix import member_prefix, pool_prefix, service_prefix

# What may be sent twice (RFC 9110, 9.2.2).
_IDEMPOTENT = "GET|HEAD|OPTIONS|TRACE|PUT|DELETE"


def service_listener(service: Service, listen: Address, upstream: Upstream) -> Config:
    """In front of a service, with faults of its own; nothing else about a request changes."""
    prefix = service_prefix(service.name)
    action = _action(prefix, upstream if upstream.tls else None, upstream.path)
    return _listener(prefix, listen, _http(prefix, [_route(action)], _fault_filters(prefix)))


def pool_listener(pool: Pool) -> Config:
    """The front of a pool: balances, tries again and gives up; it has no faults, since those would hide behind it."""
    prefix = pool_prefix(pool.name)
    if pool.tunnels:
        return _listener(prefix, pool.listen, _tcp(prefix, {"max_connect_attempts": pool.retries + 1}))
    action = {**_action(prefix), "timeout": f"{pool.timeout:.3f}s"}
    return _listener(prefix, pool.listen, _http(prefix, _routes_with_retries(action, pool), []))


def member_listener(pool: Pool, member: Member) -> Config:
    """One member, one hop behind the front, with faults of its own that the front's retries and ejection can see."""
    prefix = member_prefix(pool.name, member.number)
    if pool.tunnels:
        filters = [kind.network_filter(prefix) for kind in KINDS.values() if kind.network_filter]
        return _listener(prefix, member.listen, *filters, _tcp(prefix, {}))
    upstream = Upstream.of(pool.upstream)
    route = _route(_action(prefix, upstream, upstream.path))
    return _listener(prefix, member.listen, _http(prefix, [route], _fault_filters(prefix)))


def _fault_filters(prefix: str) -> list[Config]:
    return [kind.http_filter(prefix) for kind in KINDS.values()]


def _routes_with_retries(action: Config, pool: Pool) -> list[Config]:
    if not pool.retries:
        return [_route(action)]
    return [
        {
            "match": {
                "prefix": "/",
                "headers": [{"name": ":method", "string_match": {"safe_regex": {"regex": _IDEMPOTENT}}}],
            },
            "route": {**action, "retry_policy": _retry_policy(pool, "5xx,reset,connect-failure,refused-stream")},
        },
        # A POST is tried again only if it was never sent.
        _route({**action, "retry_policy": _retry_policy(pool, "connect-failure,refused-stream")}),
    ]


def _retry_policy(pool: Pool, conditions: str) -> Config:
    """Another member, up to `retries` times. Not on 429: that asks for less, and trying again is more."""
    return {
        "retry_on": conditions,
        "num_retries": pool.retries,
        "retry_host_predicate": [
            {
                "name": "envoy.retry_host_predicates.previous_hosts",
                "typed_config": {
                    "@type": "type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate"
                },
            }
        ],
        "host_selection_retry_max_attempts": 2 * len(pool.members),
    }


def _action(cluster: str, rewrite_to: Upstream | None = None, path: str = "") -> Config:
    """Forwards without a timeout of its own, unless the caller adds one: Envoy's 15 s would be one nobody asked for."""
    action: Config = {"cluster": cluster, "timeout": "0s"}
    if rewrite_to:
        action["host_rewrite_literal"] = rewrite_to.authority
    if path:
        action["prefix_rewrite"] = f"{path}/"
    return action


def _route(action: Config) -> Config:
    return {"match": {"prefix": "/"}, "route": action}


def _http(prefix: str, routes: list[Config], filters: list[Config]) -> Config:
    router = {
        "name": "envoy.filters.http.router",
        "typed_config": {"@type": f"{TYPE}.http.router.v3.Router", "suppress_envoy_headers": True},
    }
    return {
        "name": "envoy.filters.network.http_connection_manager",
        "typed_config": {
            "@type": f"{TYPE}.network.http_connection_manager.v3.HttpConnectionManager",
            "stat_prefix": prefix,
            "generate_request_id": False,  # a request passes three of these listeners, and none of them may show
            "server_header_transformation": "PASS_THROUGH",
            "route_config": {
                "name": prefix,
                "virtual_hosts": [{"name": prefix, "domains": ["*"], "routes": routes}],
            },
            "http_filters": [*filters, router],
        },
    }


def _tcp(prefix: str, options: Config) -> Config:
    return {
        "name": "envoy.filters.network.tcp_proxy",
        "typed_config": {
            "@type": f"{TYPE}.network.tcp_proxy.v3.TcpProxy",
            "stat_prefix": prefix,
            "cluster": prefix,
            **options,
        },
    }


def _listener(name: str, address: Address, *filters: Config) -> Config:
    return {
        "name": name,
        "address": socket_address(bindable(address)),
        # Without this a second Envoy could bind the same port, and the kernel would share the requests out to both.
        "enable_reuse_port": False,
        "filter_chains": [{"filters": list(filters)}],
    }
