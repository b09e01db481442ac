"""Tests talk to this machine only."""

import socket

import pytest
from pytest_socket import SocketConnectBlockedError


@pytest.mark.filterwarnings("ignore:A test tried to use")
@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1"])
def test_a_foreign_address_is_refused_before_anything_is_sent(host):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as wire, pytest.raises(SocketConnectBlockedError):
        wire.connect((host, 80))


def test_this_machine_may_be_talked_to():
    with socket.create_server(("127.0.0.1", 0)) as door, socket.socket() as wire:
        wire.connect(door.getsockname())
