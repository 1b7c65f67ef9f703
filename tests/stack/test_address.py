import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stack.address import Address, AddressError, free_address
from stack.errors import HqError

hosts = st.sampled_from(["127.0.0.1", "localhost", "[::1]", "proxy-1.example.com", "a_b"]) | st.ip_addresses(v=4).map(
    str
)


@given(host=hosts, port=st.integers(1, 65535))
def test_an_address_written_is_read_back(host: str, port: int) -> None:
    address = Address(host, port)
    assert Address.parse(str(address)) == address
    assert Address.of_url(f"http://{address}/path:8/?x=1:2") == address


@given(text=st.text(max_size=30))
def test_any_other_text_is_refused(text: str) -> None:
    try:
        written = str(Address.parse(text))
    except AddressError as error:
        written = str(error)
    assert written in (text, f'"{text}" is not an address; write host:port, such as 127.0.0.1:9090')


@pytest.mark.parametrize(
    "text",
    ["", "127.0.0.1", ":80", "host:", "host:0", "host:65536", "host:+80", "host:8_0", "host:٨٠", "::1:80", "a b:80",
     "host:80\n", "host:80:90", "http://host:80", "user@host:80"],
)  # fmt: skip
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(AddressError):
        Address.parse(text)


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("http://host", "host:80"),
        ("https://host/", "host:443"),
        ("http://host:9090/prefix", "host:9090"),
        ("https://[::1]", "[::1]:443"),
        ("http://[::1]:9090/", "[::1]:9090"),
    ],
)
def test_the_address_of_a_url(url: str, address: str) -> None:
    assert str(Address.of_url(url)) == address


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "localhost", "[::1]"])
def test_loopback(host: str) -> None:
    assert Address(host, 80).is_loopback


@pytest.mark.parametrize("host", ["127.example.com", "127.0.0.1.example.com", "10.0.0.1", "0.0.0.0", "[::2]", "127.1"])  # noqa: S104 - not bound
def test_not_loopback(host: str) -> None:
    assert not Address(host, 80).is_loopback


def test_a_taken_address_is_not_free() -> None:
    address = free_address("127.0.0.1")
    assert address.is_free()
    with socket.create_server((address.host, address.port)):
        assert not address.is_free()
    assert address.is_free()


def test_an_address_with_connections_that_have_just_ended_is_free() -> None:
    address = free_address("127.0.0.1")
    at = (address.host, address.port)
    with socket.create_server(at) as server, socket.create_connection(at) as client:
        server.accept()[0].close()  # closed by the server first: its end stays in TIME_WAIT
        client.recv(1)
    assert address.is_free()


def test_what_is_taken_already_is_not_given_again() -> None:
    first = free_address("127.0.0.1")
    others = frozenset(Address("127.0.0.1", port) for port in range(20000, 32000)) - {first}
    with pytest.raises(HqError) as error:
        free_address("127.0.0.1", others | {first})
    assert str(error.value) == "nothing can listen on 127.0.0.1: none of 1000 ports tried is free there"


def test_a_host_that_is_not_ours_has_no_free_address() -> None:
    assert not Address("192.0.2.1", 8000).is_free()
    with pytest.raises(HqError, match=r"^nothing can listen on 192\.0\.2\.1"):
        free_address("192.0.2.1")
