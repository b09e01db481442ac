"""A relay before a server that speaks no HTTP (中继): hands bytes on, may change the answers."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import threading
from collections.abc import Callable
from typing import Any


class Relay(socketserver.ThreadingTCPServer):
    """Listens on a loopback port of its own; ``port`` is which. Use it with ``with``."""

    daemon_threads = True

    def __init__(self, to: int, change: Callable[[bytes], bytes] = bytes) -> None:
        super().__init__(("127.0.0.1", 0), _Handing)
        self.to, self.change = to, change
        self.port = int(self.server_address[1])

    def __enter__(self) -> Relay:
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is what is being tested."""


class _Handing(socketserver.BaseRequestHandler):
    server: Relay

    def handle(self) -> None:
        with socket.create_connection(("127.0.0.1", self.server.to)) as there:
            asked = threading.Thread(target=_hand_on, args=(self.request, there), daemon=True)
            asked.start()
            _hand_on(there, self.request, self.server.change)
            asked.join(5)


def _hand_on(
    one: socket.socket, other: socket.socket, change: Callable[[bytes], bytes] = bytes
) -> None:
    with contextlib.suppress(OSError):
        while data := one.recv(65_536):
            other.sendall(change(data))
    with contextlib.suppress(OSError):
        other.shutdown(socket.SHUT_WR)
