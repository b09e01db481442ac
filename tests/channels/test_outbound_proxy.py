"""Calls through the proxy that the settings name, and the addresses that are refused either way."""

import base64

import pytest

from channels.base import Busy, Refused
from channels.outbound import Outbound, proxy_of
from tests.channels.test_outbound import OK, Peer

HOSTILE = [
    f"{scheme}://{host}{port}{path}"
    for scheme in ("http", "https")
    for port, path in (("", "/"), (":8080", "/a?b=c"))
    for host in (
        "127.0.0.1", "127.0.0.2", "127.1", "2130706433", "0x7f.1", "017700000001", "0", "localhost",
        "[::1]", "[::ffff:10.0.0.1]", "[::ffff:a9fe:a9fe]", "[64:ff9b::a00:1]", "[2002:a00:1::]",
        "[fe80::1]", "[fd00::1]", "[ff02::1]", "10.255.255.255", "172.31.0.1", "192.168.0.1",
        "169.254.169.254", "100.127.255.255", "0.0.0.0", "255.255.255.255", "203.0.113.1",
    )
]  # fmt: skip


@pytest.fixture
def proxy():
    peers = []

    def make(*answers):
        peers.append(Peer(*answers))
        return peers[-1]

    yield make
    for each in peers:
        each.close()


def through(peer, *, told="", origins=(), address="8.8.8.8"):
    at = f"http://{told}127.0.0.1:{peer.port}"
    return Outbound(
        proxy=proxy_of(at), origins=origins, look_up=lambda host, port: [address]
    )  # fmt: skip


def test_in_the_clear_the_proxy_is_asked_for_the_address_that_was_checked(proxy):
    there = proxy(OK)
    out = through(there, told="li:p%40ss@")
    assert out.request("POST", "http://x.example/a?b=1", body=b"hi").body == b"ok"
    out.close()
    head = there.heard[0]
    assert head.startswith(b"POST http://8.8.8.8:80/a?b=1 HTTP/1.1\r\n")
    assert b"Host: x.example\r\n" in head
    assert b"Basic " + base64.b64encode(b"li:p@ss") in head


def test_a_tunnel_leads_to_the_address_that_was_checked_and_nothing_is_said_before_it_stands(proxy):
    there = proxy(b"HTTP/1.1 403 no\r\nContent-Length: 0\r\n\r\n")
    out = through(there)
    with pytest.raises(Busy) as shut:
        out.request("POST", "https://x.example/secret", body=b"hi")
    assert shut.value.reason == "platform_unreachable"
    assert there.heard[0].startswith(b"CONNECT 8.8.8.8:443 HTTP/1.")
    assert b"secret" not in there.heard[0]


def test_what_the_settings_name_is_called_directly(proxy):
    near, there = proxy(OK), proxy()
    origin = near.origin
    out = through(there, origins=[origin], address="127.0.0.1")
    assert out.request("GET", origin).status == 200
    out.close()
    assert near.heard[0].startswith(b"GET / HTTP/1.1")


@pytest.mark.parametrize("url", HOSTILE)
def test_a_proxy_is_no_way_around_the_guard(url):
    """S16: nothing is connected to, neither the place nor the proxy."""
    out = Outbound(proxy=proxy_of("http://127.0.0.1:9"))
    with pytest.raises(Refused):
        out.request("GET", url)


def test_a_name_that_turns_private_between_two_looks_reaches_nobody(proxy):
    """Rebinding: the second call is looked up and checked anew."""
    there = proxy(OK)
    answers = iter([["8.8.8.8"], ["10.0.0.1"]])
    at = proxy_of(f"http://127.0.0.1:{there.port}")
    out = Outbound(proxy=at, look_up=lambda host, port: next(answers))
    assert out.request("GET", "http://x.example/").status == 200
    with pytest.raises(Refused):
        out.request("GET", "http://x.example/")
    out.close()


def test_proxies_that_the_environment_names_are_not_used(proxy, monkeypatch):
    near, named = proxy(OK), proxy()
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, named.origin)
    out = Outbound(origins=[near.origin])
    assert out.request("GET", near.origin).status == 200
    out.close()
    assert named.heard == []


@pytest.mark.parametrize(
    "url", ["socks5://h:1", "https://h:1", "h:1", "http://", "http://h/path", "http://h?q=1"]
)
def test_what_is_no_proxy_is_refused_by_name(url):
    with pytest.raises(ValueError, match="host:port"):
        proxy_of(url)


def test_a_proxys_password_is_told_nowhere():
    assert "cGFzcw" not in repr(proxy_of("http://li:pass@h:1"))
    assert proxy_of("") is None
