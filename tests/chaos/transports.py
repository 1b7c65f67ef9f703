"""Control planes that send a fault once, each over another of Envoy's transports: which of them honour the TTL?"""

from __future__ import annotations

import contextlib
import http.server
import json
import queue
import threading
from collections.abc import Callable, Iterator
from concurrent import futures
from pathlib import Path
from typing import Any

import grpc

from chaos import xds
from chaos.lease import LAYER
from stack.address import Address

TTL = 1.0
VALUES = {"service_shop.failure.share": {"numerator": 1_000_000, "denominator": "MILLION"}}
SERVICE = "envoy.service.runtime.v3.RuntimeDiscoveryService"


def sotw(body: bool = True) -> Any:
    """The fault, or its heartbeat, as a state-of-the-world response."""
    reply = xds.message("DiscoveryResponse")(version_info="1", type_url=xds.RUNTIME_URL, nonce="1")
    reply.resources.add().Pack(xds.resource(LAYER, 1, TTL, VALUES if body else None))
    return reply


def delta(body: bool = True) -> Any:
    """The fault, or its heartbeat, as a delta response."""
    reply = xds.message("DeltaDiscoveryResponse")(system_version_info="1", type_url=xds.RUNTIME_URL, nonce="1")
    reply.resources.add().CopyFrom(xds.resource(LAYER, 1, TTL, VALUES if body else None))
    return reply


@contextlib.contextmanager
def serve_grpc(
    address: Address, method: str, response: Callable[[bool], Any], heartbeats: bool = False
) -> Iterator[None]:
    """Sends the fault once on a stream, and then only heartbeats or nothing."""

    def stream(requests: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
        next(requests)
        closed: queue.Queue[None] = queue.Queue()
        context.add_callback(lambda: closed.put(None))
        yield response(True).SerializeToString()
        while True:
            with contextlib.suppress(queue.Empty):
                return closed.get(timeout=TTL / 3)
            if heartbeats:
                yield response(False).SerializeToString()

    server = grpc.server(futures.ThreadPoolExecutor(4))
    handler = grpc.stream_stream_rpc_method_handler(stream)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, {method: handler}),))
    server.add_insecure_port(str(address))
    server.start()
    try:
        yield
    finally:
        server.stop(0).wait()


def resource_json() -> dict[str, object]:
    """The fault as REST and files carry it."""
    return {
        "version_info": "1",
        "type_url": xds.RUNTIME_URL,
        "resources": [
            {
                "@type": "type.googleapis.com/envoy.service.discovery.v3.Resource",
                "name": LAYER,
                "version": "1",
                "ttl": f"{TTL}s",
                "resource": {"@type": xds.RUNTIME_URL, "name": LAYER, "layer": VALUES},
            }
        ],
    }


class Rest(http.server.BaseHTTPRequestHandler):
    """Answers the first question with the fault, and none after it."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        raw = json.dumps(resource_json()).encode()
        first, self.server.asked = not getattr(self.server, "asked", False), True
        self.send_response(200 if first else 503)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@contextlib.contextmanager
def serve_rest(address: Address) -> Iterator[None]:
    """The fault by REST."""
    server = http.server.ThreadingHTTPServer((address.host, address.port), Rest)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


def by_grpc(config: dict[str, Any], api_type: str) -> None:
    """Changes our configuration to another kind of gRPC stream."""
    _source(config)["api_config_source"]["api_type"] = api_type


def by_rest(config: dict[str, Any]) -> None:
    """Changes our configuration to REST."""
    _source(config)["api_config_source"] = {
        "api_type": "REST",
        "transport_api_version": "V3",
        "cluster_names": ["control_plane"],
        "refresh_delay": "0.5s",
        "request_timeout": "1s",
    }
    cluster = next(one for one in config["static_resources"]["clusters"] if one["name"] == "control_plane")
    del cluster["typed_extension_protocol_options"]


def by_file(config: dict[str, Any], file: Path) -> None:
    """Changes our configuration to a file."""
    file.write_text(json.dumps(resource_json()))
    config["layered_runtime"]["layers"][0]["rtds_layer"]["rtds_config"] = {
        "resource_api_version": "V3",
        "path_config_source": {"path": str(file)},
    }


def _source(config: dict[str, Any]) -> dict[str, Any]:
    source = config["layered_runtime"]["layers"][0]["rtds_layer"]["rtds_config"]
    assert isinstance(source, dict)
    return source
