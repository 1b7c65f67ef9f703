"""The kinds of fault: what they lease, and what they refuse."""

from decimal import Decimal

import pytest

from chaos.faults import KINDS, leased_values, unsupported
from chaos.faults.fault import Fault, fraction
from stack.address import Address
from stack.errors import HqError
from stack.model import Member, Pool, PresetSli, Service

PROXY = Address("10.0.0.5", 3128)


def fault(kind="failure", member=0, share="0.25", delay=0.0):
    return Fault(kind, "vendor", member, Decimal(share), delay, after=0.0, seconds=10.0)


def pool(upstream="http://vendor.example", address=PROXY):
    member = Member(0, Address("127.0.0.1", 10101), address)
    return Pool("vendor", "shop", Address("127.0.0.1", 10100), (member,), upstream)


def service(listen=None):
    return Service("shop", PresetSli("envoy", {}), None, None, listen, "http://127.0.0.1:8000" if listen else None)


def test_a_fault_names_the_listener_of_its_member_or_of_its_service():
    assert fault(member=3).stat_prefix == "member_vendor_3"
    assert fault(member=None).stat_prefix == "service_vendor"


@pytest.mark.parametrize(
    ("share", "numerator"), [("1", 1_000_000), ("0.25", 250_000), ("0.0001", 100), ("0.00000001", 1)]
)
def test_a_share_always_carries_its_denominator(share, numerator):
    assert fraction(Decimal(share)) == {"numerator": numerator, "denominator": "MILLION"}


@pytest.mark.parametrize(
    ("asked", "values"),
    [
        (
            fault("latency", delay=0.25),
            {
                "member_vendor_0.latency.share": {"numerator": 250_000, "denominator": "MILLION"},
                "member_vendor_0.latency.milliseconds": 250,
            },
        ),
        (
            fault("rate-limit", member=None),
            {"service_vendor.rate-limit.share": {"numerator": 250_000, "denominator": "MILLION"}},
        ),
        (
            fault("failure", share="1"),
            {
                "member_vendor_0.failure.share": {"numerator": 1_000_000, "denominator": "MILLION"},
                "member_vendor_0.failure.connections": True,
            },
        ),
        (
            fault("failure"),
            {
                "member_vendor_0.failure.share": {"numerator": 250_000, "denominator": "MILLION"},
                "member_vendor_0.failure.connections": False,
            },
        ),
    ],
)
def test_what_a_fault_leases(asked, values):
    assert KINDS[asked.kind].leased(asked) == values


def test_the_runtime_keys_of_a_kind_are_those_that_its_filter_reads():
    for name, kind in KINDS.items():
        read = str(
            [kind.http_filter("member_vendor_0"), kind.network_filter and kind.network_filter("member_vendor_0")]
        )
        for key in kind.leased(fault(name)):
            assert f"'{key}'" in read


def test_faults_of_different_kinds_and_listeners_are_leased_together():
    values = leased_values([fault("latency", delay=0.1), fault("failure"), fault("failure", member=1)])
    assert {key.rpartition(".")[0] for key in values} == {
        "member_vendor_0.latency",
        "member_vendor_0.failure",
        "member_vendor_1.failure",
    }


def test_two_faults_of_one_kind_on_one_listener_are_refused():
    with pytest.raises(HqError) as error:
        leased_values([fault("failure"), fault("failure", share="0.5")])
    assert str(error.value) == "two failure faults at once on member_vendor_0; one listener can have one of a kind"


def test_every_kind_is_possible_where_requests_can_be_seen():
    targets = [pool(), pool("https://vendor.example", None), service(Address("127.0.0.1", 10000))]
    assert {unsupported(kind, target) for kind in KINDS for target in targets} == {None}


def test_a_tunnel_can_only_fail_and_only_wholly():
    tunnels = pool("https://vendor.example")
    assert unsupported("failure", tunnels) is None
    assert unsupported("latency", tunnels) == (
        "latency is not possible on vendor: HTTPS through real proxies is opaque, so its members can only have failure"
    )
    assert unsupported("failure", tunnels, Decimal("0.5")) == (
        "failure on vendor closes every new connection of a member; its intensity must be 100%"
    )


def test_a_service_without_a_listener_can_have_no_fault():
    assert unsupported("latency", service()) == (
        "shop has no listener of Envoy in front of it; give it listen and upstream in stack.yaml"
    )
