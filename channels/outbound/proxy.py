"""The proxy (出站代理): the one that the settings name, through which public addresses are called.

What is called is resolved and checked here all the same, and the proxy is told the address that
was checked. Proxies that the environment names are not looked at.
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import field
from urllib.parse import unquote, urlsplit

from channels.outbound.guard import Destination
from kernel.values import dataclass


@dataclass(frozen=True, slots=True)
class Proxy:
    """Where it listens, and what lets us use it."""

    host: str
    port: int
    headers: dict[str, str] = field(default_factory=dict, repr=False)

    def path(self, to: Destination) -> str:
        """How it is asked for something in the clear: by the whole address, as it was checked."""
        host = f"[{to.address}]" if ":" in to.address else to.address
        return f"http://{host}:{to.port}{to.path}"


def proxy_of(url: str) -> Proxy | None:
    """``http://user:password@proxy.example:3128``; None for nothing. Raises `ValueError`."""
    if not url:
        return None
    parts = urlsplit(url)
    if parts.scheme != "http" or not parts.hostname or parts.path.strip("/") or parts.query:
        raise ValueError("a proxy is http://host:port")
    headers = {}
    if parts.username is not None:
        told = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
        headers["Proxy-Authorization"] = f"Basic {b64encode(told).decode()}"
    return Proxy(parts.hostname, parts.port or 3128, headers)
