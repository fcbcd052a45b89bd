"""Endpoints of servers: every spelling of the Collector's, and an answer that helps for anything else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otelier.server.address import Address


@pytest.mark.parametrize(
    ("endpoint", "host", "port", "loopback"),
    [
        ("localhost:4317", "localhost", 4317, True),
        ("127.0.0.1:0", "127.0.0.1", 0, True),
        ("127.9.9.9:1", "127.9.9.9", 1, True),
        ("[::1]:4317", "::1", 4317, True),
        (":4317", "", 4317, False),
        ("0.0.0.0:4318", "0.0.0.0", 4318, False),
        ("[::]:4318", "::", 4318, False),
        ("10.1.2.3:65535", "10.1.2.3", 65535, False),
        ("otel-collector.my_ns.svc:4317", "otel-collector.my_ns.svc", 4317, False),
        ("[fe80::1%eth0]:4317", "fe80::1%eth0", 4317, False),
        (" localhost:4317 ", "localhost", 4317, True),
    ],
)
def test_an_endpoint_is_a_host_and_a_port(endpoint: str, host: str, port: int, loopback: bool):
    address = Address.parse(endpoint)
    assert address == (host, port)
    assert address.is_loopback is loopback
    assert Address.parse(str(address)) == address


@pytest.mark.parametrize(
    ("endpoint", "says"),
    [
        ("", "is empty"),
        ("localhost", "no port; write host:port, such as localhost:4317"),
        ("localhost:", "such as localhost:4317"),
        ("::1", r"such as \[::1\]:4317"),
        ("::1:4317", r"such as \[::1:4317\]:4317"),
        ("localhost:http", "the port must be a number from 0 to 65535, not 'http'"),
        ("localhost:65536", "from 0 to 65535"),
        ("localhost:-1", "from 0 to 65535"),
        ("localhost:٣", "from 0 to 65535"),
        ("http://localhost:4318", "is a URL"),
        ("a:1,b:2", "is a list"),
        ("[localhost]:4317", "not an IPv6 address in brackets"),
        ("[::1:4317", "brackets"),
        ("${env:MY_POD_IP}:4317", "not a host name"),
        ("<host>:4317", "not a host name"),
        ("...:4317", "not a host name"),
        ("1::2::3:4317", "not a host name"),
        ("300.1.1.1:4317", "not an IPv4 address"),
        ("my host:4317", "not a host name"),
    ],
)
def test_what_is_not_an_endpoint_is_told_what_would_be(endpoint: str, says: str):
    with pytest.raises(ValueError, match=says):
        Address.parse(endpoint)


@given(st.text())
def test_no_text_makes_anything_but_an_address_or_a_value_error(endpoint: str):
    try:
        address = Address.parse(endpoint)
    except ValueError:
        return
    assert 0 <= address.port <= 65535
