"""The xDS messages, byte by byte where Envoy's numbers matter."""

from chaos import xds

LAYER_BYTES = b"\n\x05chaos\x12\x10\n\x0e\n\x01k\x12\t\x11" + b"\x00" * 6 + b"\xf0\x3f"  # 1.0 as a double


def test_a_response_without_ttl_holds_the_runtime_itself():
    url = xds.RUNTIME_URL.encode()
    packed = b"\n" + bytes([len(url)]) + url + b"\x12" + bytes([len(LAYER_BYTES)]) + LAYER_BYTES
    expected = b"\n\x017\x12" + bytes([len(packed)]) + packed + b"\x22" + bytes([len(url)]) + url + b"*\x01n"
    assert xds.response("chaos", {"k": 1.0}, 7, "n") == expected


def test_a_response_with_ttl_wraps_it_in_a_resource():
    reply = xds.message("DiscoveryResponse").FromString(xds.response("chaos", {"k": 1.0}, 7, "7.0", 2.5))
    assert (reply.version_info, reply.nonce, reply.type_url) == ("7", "7.0", xds.RUNTIME_URL)
    assert reply.resources[0].type_url == "type.googleapis.com/envoy.service.discovery.v3.Resource"
    wrapped = xds.message("Resource")()
    assert reply.resources[0].Unpack(wrapped)
    assert (wrapped.name, wrapped.version, wrapped.ttl.seconds, wrapped.ttl.nanos) == ("chaos", "7", 2, 500_000_000)
    assert wrapped.resource.value == LAYER_BYTES


def test_a_resource_without_values_is_a_heartbeat():
    beat = xds.resource("chaos", 7, 3.0, None)
    assert not beat.HasField("resource")
    assert beat.ttl.seconds == 3


def test_a_share_survives_as_numerator_and_denominator():
    share = {"numerator": 1, "denominator": "MILLION"}
    layer = xds.runtime("chaos", {"a.share": share}).layer
    assert dict(layer["a.share"]) == share


def test_requests_are_read_whatever_else_they_say():
    raw = b"\n\x013" + b"\x12\x04\n\x02id" + b"\x1a\x05chaos" + b"*\x032.1" + b"2\x08\x08\x0d\x12\x04no: "
    assert xds.read_request(raw) == xds.Request(nonce="2.1", error="no: ")
    assert xds.read_request(b"") == xds.Request(nonce="", error="")
