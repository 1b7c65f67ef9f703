"""Envoy's clusters: where requests go on to."""

from __future__ import annotations

import ipaddress
import ssl
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from chaos.faults.fault import Config
from stack.address import Address
from stack.errors import HqError
from stack.model import Pool

_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
_TLS = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext"
_CA_FILES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem")

# Shorter than any server's own limit that we know (uvicorn and node close after 5 s): a request that is sent while the
# server closes its idle connection is a 503 that nobody asked for.
_IDLE_TIMEOUT = "3s"

# Envoy's defaults, 1024 requests and 3 retries at once, would become part of every experiment: 500 requests a second
# delayed by 5 s are 2500 at once. A limit on retries stays, so that a broken pool is not asked for everything twice.
# A pool may say itself what it takes.
_MANY, _RETRIES_AT_ONCE = 1_000_000, 100


@dataclass(frozen=True)
class Upstream:
    """An upstream's URL, taken apart. `authority` is what belongs into the Host header; `path` is empty for `/`."""

    tls: bool
    address: Address
    authority: str
    path: str

    @classmethod
    def of(cls, url: str) -> Upstream:
        """Reads a URL from the stack; raises HqError when it says more than where requests go."""
        parts = urlsplit(url)
        if parts.query or parts.fragment:
            raise HqError(f"an upstream cannot have a query or a fragment: {url}")
        return cls(parts.scheme == "https", Address.of_url(url), parts.netloc, parts.path.rstrip("/"))

    @property
    def host(self) -> str:
        return self.address.host.strip("[]")


def upstream_cluster(name: str, upstream: Upstream) -> Config:
    """The upstream itself, by TLS if it is https."""
    cluster = {**_cluster(name, upstream.address), **_http1({})}
    if upstream.tls:
        cluster["transport_socket"] = _tls(upstream.host)
    return cluster


def proxy_cluster(name: str, proxy: Address) -> Config:
    """A real proxy that is asked for an http upstream, with the absolute URL in the request line as proxies want it."""
    return {**_cluster(name, proxy), **_http1({"send_fully_qualified_url": True})}


def tunnel_cluster(name: str, proxy: Address) -> Config:
    """A real proxy through which bytes go that are none of our business."""
    return _cluster(name, proxy)


def pool_cluster(name: str, pool: Pool) -> Config:
    """The listeners of a pool's members, with ejection of those that fail."""
    return {
        **_cluster(name, *(reachable(member.listen) for member in pool.members)),
        **({} if pool.tunnels else _http1({})),
        "circuit_breakers": _circuit_breakers(pool.max_requests),
        "connect_timeout": "1s",
        "outlier_detection": _outlier_detection(pool),
        # What is ejected stays ejected: by default Envoy ignores ejections as soon as half of the members are out,
        # which would undo the stack's own limit. And it is out at once, not when a second's worth of ejections is due.
        "common_lb_config": {"healthy_panic_threshold": {"value": 0}, "update_merge_window": "0s"},
    }


def control_plane_cluster(name: str, address: Address) -> Config:
    """The control plane of a run. Pings find out that it is gone although nothing closed the connection."""
    http2 = {"connection_keepalive": {"interval": "2s", "timeout": "1s"}}
    options: Config = {"explicit_http_config": {"http2_protocol_options": http2}}
    return {**_cluster(name, address), "connect_timeout": "1s", **_protocol(options)}


def reachable(listen: Address) -> Address:
    """The address at which we reach our own listener."""
    return Address({"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}.get(listen.host, listen.host), listen.port)  # noqa: S104 - not bound


def bindable(address: Address) -> Address:
    """The address at which Envoy can listen; raises HqError for a host name."""
    host = "127.0.0.1" if address.host == "localhost" else address.host
    if not _is_ip(host):
        raise HqError(f"Envoy listens on IP addresses only, not on {address}; write 127.0.0.1 or 0.0.0.0")
    return Address(host, address.port)


def socket_address(address: Address) -> Config:
    """An address as Envoy writes it."""
    return {"socket_address": {"address": address.host.strip("[]"), "port_value": address.port}}


def _cluster(name: str, *addresses: Address) -> Config:
    by_name = not all(_is_ip(address.host) for address in addresses)
    cluster: Config = {
        "name": name,
        "type": "STRICT_DNS" if by_name else "STATIC",
        "circuit_breakers": _circuit_breakers(_MANY),
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [
                {"lb_endpoints": [{"endpoint": {"address": socket_address(address)}} for address in addresses]}
            ],
        },
    }
    return {**cluster, "dns_lookup_family": "V4_PREFERRED"} if by_name else cluster


def _circuit_breakers(requests: int) -> Config:
    limits = {
        "max_connections": requests,
        "max_pending_requests": requests,
        "max_requests": requests,
        "max_retries": _RETRIES_AT_ONCE,
    }
    return {"thresholds": [limits]}


def _outlier_detection(pool: Pool) -> Config:
    return {
        # Five in a row, 5xx or no answer at all: a member that is gone is out after five requests, one that fails a
        # tenth of them practically never, and is seen in the error rate instead. The 5xx include 502 to 504, so that a
        # rule of their own would count the same twice.
        "consecutive_5xx": 5,
        "enforcing_consecutive_gateway_failure": 0,
        # Comparing members with each other needs five of them and a hundred requests a sweep: whether it acts would
        # depend on the size of the pool and the hour of the day.
        "enforcing_success_rate": 0,
        # A member comes back after 5 s, twice that the second time, at most 30 s. Envoy's 30 s to 300 s would make
        # every recovery that is measured the sentence of an ejection.
        "interval": "1s",
        "base_ejection_time": "5s",
        "max_ejection_time": "30s",
        "max_ejection_percent": int(pool.max_ejected * 100),
    }


def _http1(options: Config) -> Config:
    return _protocol(
        {
            "common_http_protocol_options": {"idle_timeout": _IDLE_TIMEOUT},
            "explicit_http_config": {"http_protocol_options": options},
        }
    )


def _protocol(options: Config) -> Config:
    return {"typed_extension_protocol_options": {_OPTIONS: {"@type": f"type.googleapis.com/{_OPTIONS}", **options}}}


def _tls(host: str) -> Config:
    by_ip = _is_ip(host)
    name = {"san_type": "IP_ADDRESS" if by_ip else "DNS", "matcher": {"exact": host}}
    trust = {"trusted_ca": {"filename": _ca_file()}, "match_typed_subject_alt_names": [name]}
    return {
        "name": "envoy.transport_sockets.tls",
        "typed_config": {
            "@type": _TLS,
            "common_tls_context": {"validation_context": trust},
            **({} if by_ip else {"sni": host}),
        },
    }


def _ca_file() -> str:
    """The certificates that this machine trusts; SSL_CERT_FILE names others."""
    for file in (ssl.get_default_verify_paths().cafile, *_CA_FILES):
        if file and Path(file).is_file():
            return file
    raise HqError("no file of trusted certificates was found for the https upstreams; set SSL_CERT_FILE")


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True
