"""Tracking (埋点): links that say what was opened, where it was shown and whose it was.

A code is a signed function of (material, account, rep), and of the customer if it is for one alone:
making one writes nothing, and one that we did not make opens nothing. Who opens a customer's own
link is somebody who had it: the link shows for whom it was made, never who she is. Which events a
type reports stands with the type.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from functools import lru_cache
from typing import NamedTuple

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from kernel.secret import Secret

_DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"
_VALUE = {digit: value for value, digit in enumerate(_DIGITS)}
_PREFIXES = ("mat", "acc", "stf")
_PACKED, _SPELLED, _MAC = 14, 21, 8
_CUSTOMER = "cus_"
_ID_OF_HERS = re.compile(_CUSTOMER + "[a-z2-7]{16}")
_HER, _BLOCK = 10, 16


class Link(NamedTuple):
    """What a tracked link knows."""

    material: str
    account: str
    rep: str
    customer: str = ""
    """For whom it was made, by the id she had then; empty for a link for everybody."""


class Links:
    """Makes and opens the codes of ``/t/<code>``."""

    def __init__(self, secret: Secret) -> None:
        self._key = hashlib.sha256(b"tracked links" + secret.reveal().encode()).digest()
        hers = hashlib.sha256(b"links of customers" + secret.reveal().encode()).digest()
        self._veil = Cipher(algorithms.AES256(hers), modes.ECB())  # noqa: S305 - a single block

    def make(self, material: str, account: str, rep: str = "", customer: str = "") -> str:
        """The code; always the same for the same four. Of our own ids it takes 52 or 71 characters,
        and 92 with a customer."""
        body = b"".join(map(_packed, (material, account, rep), _PREFIXES))
        if customer:
            body += self._veiled(customer, body)
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
        return Link(*parts)._replace(customer=self._unveiled(rest) if rest else "")

    def _veiled(self, customer: str, body: bytes) -> bytes:
        """One block of AES. Her id is a digest of a phone, perhaps, and whoever is sent the link on
        must not be able to guess whose; the rest of the block makes it another in every link."""
        if not _ID_OF_HERS.fullmatch(customer):
            raise ValueError(f"{customer!r} is no customer's id")
        her = base64.b32decode(customer.removeprefix(_CUSTOMER).upper())
        salt = hmac.digest(self._key, b"salt" + body, "sha256")[: _BLOCK - _HER]
        return self._veil.encryptor().update(her + salt)

    def _unveiled(self, block: bytes) -> str:
        her = self._veil.decryptor().update(block)[:_HER]
        return _CUSTOMER + base64.b32encode(her).decode().lower()

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
