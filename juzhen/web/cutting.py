"""Cutting off (断开): ends a connection in the middle of an answer.

The server ends whatever stream we leave as if it were whole. Whoever reads half of something must
see that it is half: her connection breaks before the last chunk. Knows no answer's meaning.
"""

from __future__ import annotations

import os
import socket
import stat
from contextlib import suppress
from pathlib import Path

_OPEN = Path("/dev/fd")
"""Every file and socket that this process holds open, on Linux and on macOS."""


def cut(client: str, server: str) -> bool:
    """Close our side of the connection between two addresses, as the server spells them. What was
    written before still arrives. False if there is none."""
    for each in list(_OPEN.iterdir()):
        with suppress(OSError):  # closed meanwhile, or not a connection
            if _between(int(each.name), _address(client), _address(server)):
                return True
    return False


def _between(number: int, client: tuple[str, int], server: tuple[str, int]) -> bool:
    if not stat.S_ISSOCK(os.fstat(number).st_mode):
        return False
    with socket.socket(fileno=os.dup(number)) as ours:
        if ours.family not in {socket.AF_INET, socket.AF_INET6}:
            return False
        ends = ours.getpeername()[:2], ours.getsockname()[:2]
        if ends != (client, server):
            return False
        ours.shutdown(socket.SHUT_WR)
        return True


def _address(told: str) -> tuple[str, int]:
    host, _, port = told.rpartition(":")
    return host.strip("[]"), int(port) if port.isdigit() else 0
