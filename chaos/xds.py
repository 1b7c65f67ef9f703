"""The few xDS messages that a control plane for runtime values needs: bytes on one side, plain values on the other.

Envoy's own Python messages (PyPI xds-protos) are 19 MB and install a package `envoy`, which is also the name that the
wheel of Envoy itself uses. So the fields we need are declared here, in a descriptor pool of their own; protobuf ignores
the others. Numbers are those of envoy/service/discovery/v3/discovery.proto and envoy/service/runtime/v3/rtds.proto.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

RUNTIME_URL = "type.googleapis.com/envoy.service.runtime.v3.Runtime"

_DISCOVERY = "envoy.service.discovery.v3"
_SCHEMA: Mapping[str, tuple[tuple[str, int, str, bool], ...]] = {  # message: (field, number, type, repeated)
    "google.rpc.Status": (("code", 1, "int32", False), ("message", 2, "string", False)),
    f"{_DISCOVERY}.DiscoveryRequest": (
        ("version_info", 1, "string", False),
        ("resource_names", 3, "string", True),
        ("type_url", 4, "string", False),
        ("response_nonce", 5, "string", False),
        ("error_detail", 6, "google.rpc.Status", False),
    ),
    f"{_DISCOVERY}.Resource": (
        ("version", 1, "string", False),
        ("resource", 2, "google.protobuf.Any", False),
        ("name", 3, "string", False),
        ("ttl", 6, "google.protobuf.Duration", False),
    ),
    f"{_DISCOVERY}.DiscoveryResponse": (
        ("version_info", 1, "string", False),
        ("resources", 2, "google.protobuf.Any", True),
        ("type_url", 4, "string", False),
        ("nonce", 5, "string", False),
    ),
    f"{_DISCOVERY}.DeltaDiscoveryRequest": (
        ("type_url", 2, "string", False),
        ("resource_names_subscribe", 3, "string", True),
        ("response_nonce", 6, "string", False),
        ("error_detail", 7, "google.rpc.Status", False),
    ),
    f"{_DISCOVERY}.DeltaDiscoveryResponse": (
        ("system_version_info", 1, "string", False),
        ("resources", 2, f"{_DISCOVERY}.Resource", True),
        ("type_url", 4, "string", False),
        ("nonce", 5, "string", False),
    ),
    "envoy.service.runtime.v3.Runtime": (("name", 1, "string", False), ("layer", 2, "google.protobuf.Struct", False)),
}


@dataclass(frozen=True)
class Request:
    """What Envoy says on a stream: that it subscribes (no nonce), took a response, or refused it (with an error)."""

    nonce: str
    error: str


def read_request(raw: bytes) -> Request:
    """The DiscoveryRequest in `raw`."""
    request = message("DiscoveryRequest").FromString(raw)
    return Request(request.response_nonce, request.error_detail.message)


def response(layer: str, values: Mapping[str, object], version: int, nonce: str, ttl: float | None = None) -> bytes:
    """A DiscoveryResponse that holds one runtime layer; with a `ttl` (seconds) Envoy drops it by itself."""
    reply = message("DiscoveryResponse")(version_info=str(version), type_url=RUNTIME_URL, nonce=nonce)
    if ttl is None:
        reply.resources.add().Pack(runtime(layer, values))
    else:
        reply.resources.add().Pack(resource(layer, version, ttl, values))
    return bytes(reply.SerializeToString())


def resource(layer: str, version: int, ttl: float, values: Mapping[str, object] | None) -> Any:  # noqa: ANN401
    """A Resource message with a `ttl` (seconds); without `values` it is a heartbeat."""
    wrapped = message("Resource")(name=layer, version=str(version))
    wrapped.ttl.FromNanoseconds(int(ttl * 1e9))
    if values is not None:
        wrapped.resource.Pack(runtime(layer, values))
    return wrapped


def runtime(layer: str, values: Mapping[str, object]) -> Any:  # noqa: ANN401
    """A Runtime message."""
    result = message("Runtime")(name=layer)
    result.layer.update(values)
    return result


def message(name: str) -> Any:  # noqa: ANN401 - classes that protobuf builds at run time have no static type
    """The class of a message, by its short name."""
    return _classes()[name]


@cache
def _classes() -> Mapping[str, Any]:
    from google.protobuf import any_pb2, descriptor_pb2, descriptor_pool, duration_pb2, message_factory, struct_pb2

    field_type = descriptor_pb2.FieldDescriptorProto
    scalars = {"string": field_type.TYPE_STRING, "int32": field_type.TYPE_INT32}
    pool = descriptor_pool.DescriptorPool()
    known = [any_pb2.DESCRIPTOR, duration_pb2.DESCRIPTOR, struct_pb2.DESCRIPTOR]
    for imported in known:
        pool.AddSerializedFile(imported.serialized_pb)
    for full_name, fields in _SCHEMA.items():
        package, _, name = full_name.rpartition(".")
        declared = descriptor_pb2.DescriptorProto(name=name)
        for field, number, kind, repeated in fields:
            spec = declared.field.add(name=field, number=number)
            spec.label = field_type.LABEL_REPEATED if repeated else field_type.LABEL_OPTIONAL
            if kind in scalars:
                spec.type = scalars[kind]
            else:
                spec.type, spec.type_name = field_type.TYPE_MESSAGE, f".{kind}"
        file = descriptor_pb2.FileDescriptorProto(
            name=f"{full_name}.proto", package=package, syntax="proto3", message_type=[declared]
        )
        file.dependency.extend(imported.name for imported in known)
        file.dependency.extend(f"{kind}.proto" for _, _, kind, _ in fields if kind in _SCHEMA)
        pool.Add(file)
    return {
        full_name.rpartition(".")[2]: message_factory.GetMessageClass(pool.FindMessageTypeByName(full_name))
        for full_name in _SCHEMA
    }
