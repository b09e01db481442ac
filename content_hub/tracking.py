"""Tracking (埋点): links that say what was opened, where it was shown and whose it was.

A code is a signed function of (material, account, rep): making one writes nothing, and one that
we did not make opens nothing. Which events a type reports stands with the type.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from functools import lru_cache
from typing import NamedTuple

from kernel.secret import Secret

_DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"
_VALUE = {digit: value for value, digit in enumerate(_DIGITS)}
_PREFIXES = ("mat", "acc", "stf")
_PACKED, _SPELLED, _MAC = 14, 21, 8


class Link(NamedTuple):
    """What a tracked link knows."""

    material: str
    account: str
    rep: str


class Links:
    """Makes and opens the codes of ``/t/<code>``."""

    def __init__(self, secret: Secret) -> None:
        self._key = hashlib.sha256(b"tracked links" + secret.reveal().encode()).digest()

    def make(self, material: str, account: str, rep: str = "") -> str:
        """The code; always the same for the same three, 50 to 68 characters for our own ids."""
        body = b"".join(map(_packed, (material, account, rep), _PREFIXES))
        return base64.urlsafe_b64encode(self._mac(body) + body).decode().rstrip("=")

    def open(self, code: str) -> Link | None:
        """What the code says; None for one that we did not make."""
        try:
            told = base64.urlsafe_b64decode(code.encode("ascii") + b"=" * (-len(code) % 4))
        except (ValueError, binascii.Error):
            return None
        mac, body = told[:_MAC], told[_MAC:]
        genuine = hmac.compare_digest(mac, self._mac(body))
        if not genuine or len(code) != -(-len(told) * 4 // 3):
            return None
        parts, rest = [], body
        for prefix in _PREFIXES:
            part, rest = _unpacked(rest, prefix)
            parts.append(part)
        return Link(*parts)

    def _mac(self, body: bytes) -> bytes:
        return hmac.digest(self._key, body, "sha256")[:_MAC]


@lru_cache(maxsize=4096)
def _packed(id_: str, prefix: str) -> bytes:
    """A length byte and the text; one of our own ids is told by 255 and takes 14 bytes more."""
    kind, _, digits = id_.partition("_")
    if kind == prefix and len(digits) == _SPELLED and all(digit in _VALUE for digit in digits):
        number = 0
        for digit in digits:
            number = number * 32 + _VALUE[digit]
        return b"\xff" + number.to_bytes(_PACKED, "big")
    text = id_.encode()
    if len(text) >= 0xFF:
        raise ValueError("an id of 255 bytes or more fits no link")
    return bytes([len(text)]) + text


def _unpacked(rest: bytes, prefix: str) -> tuple[str, bytes]:
    if rest[0] != 0xFF:
        end = 1 + rest[0]
        return rest[1:end].decode(), rest[end:]
    number = int.from_bytes(rest[1 : 1 + _PACKED], "big")
    digits = ""
    for _ in range(_SPELLED):
        number, value = divmod(number, 32)
        digits = _DIGITS[value] + digits
    return f"{prefix}_{digits}", rest[1 + _PACKED :]
