"""The address guard (SSRF 防护): which addresses our process may call. Opens no connection.

Every address a name resolves to must be public, and the call goes to the very address that was
checked, so that a second, different answer of the name server (rebinding) changes nothing.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Collection
from urllib.parse import urlsplit

from channels.base import Busy, Refused
from kernel.values import dataclass

Resolve = Callable[[str, int], list[str]]
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a call may go: the name for the certificate, the address for the socket."""

    scheme: str
    host: str
    port: int
    address: str
    path: str
    trusted: bool = False
    """The settings name its origin: it is called directly, whatever it is."""

    @property
    def authority(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = {"http": 80, "https": 443}[self.scheme]
        return host if self.port == usual else f"{host}:{self.port}"


def resolve(host: str, port: int) -> list[str]:
    """Every address of a name, as the system knows it."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def checked(url: str, origins: Collection[str], look_up: Resolve = resolve) -> Destination:
    """Where the URL leads. Raises `Refused` if we may not go there, `Busy` if nobody knows where
    it is. ``origins`` (``http://127.0.0.1:8001``) were named in the settings and may be private."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme, 0)
    except ValueError as strange:
        raise Refused("address_not_allowed", host="") from strange
    host = parts.hostname or ""
    if parts.scheme not in ("http", "https") or not host or parts.username is not None:
        raise Refused("address_not_allowed", host=host)
    try:
        addresses = look_up(host, port)
    except (OSError, UnicodeError) as unknown:
        raise Busy("platform_unreachable", down=True, host=host) from unknown
    trusted = f"{parts.scheme}://{parts.netloc}".lower() in origins
    if not addresses or not (trusted or all(map(is_public, addresses))):
        raise Refused("address_not_allowed", host=host)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Destination(parts.scheme, host, port, addresses[0], path, trusted)


def is_public(address: str) -> bool:
    """Is it on the public internet, whatever form it hides in?"""
    ip: ipaddress.IPv4Address | ipaddress.IPv6Address
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        hidden = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if ip in _NAT64:
            hidden = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if hidden is not None:
            return is_public(str(hidden))
    return ip.is_global and not ip.is_multicast
