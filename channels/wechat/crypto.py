"""WeChat's envelope (消息加解密): signatures and AES as WXBizMsgCrypt does them. Parses no message.

Every failure to open one is the same `Refused`, whatever was wrong, and takes the same way there:
whoever forges callbacks learns nothing from the answer.
"""

from __future__ import annotations

import binascii
import hashlib
import hmac
import os
from base64 import b64decode, b64encode

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from channels.base import Refused

_BLOCK = 32
"""WeChat pads to 32 bytes, though AES needs only 16."""


def signature(*parts: str) -> str:
    """SHA-1 over the sorted parts: (token, timestamp, nonce) and, in safe mode, the ciphertext."""
    return hashlib.sha1("".join(sorted(parts)).encode(), usedforsecurity=False).hexdigest()


def signed(told: str, *parts: str) -> bool:
    """Compared in constant time."""
    return hmac.compare_digest(signature(*parts).encode(), told.encode())


class Envelope:
    """Opens and seals the messages of one account."""

    def __init__(self, encoding_key: str, receive_id: str, *, random_bytes: int = 16) -> None:
        """The 43 characters from the platform's page. ``random_bytes`` stand before the length:
        16 at WeChat and WeCom, 32 at ByteDance."""
        self._key = b64decode(encoding_key + "=")
        if len(self._key) != 32:
            raise ValueError("an EncodingAESKey has 43 characters")
        self._receive_id = receive_id.encode()
        self._random_bytes = random_bytes

    def open(self, sealed: str) -> bytes:
        """The message inside. Raises `Refused` for anything the platform did not seal for us."""
        try:
            raw = b64decode(sealed.strip(), validate=True)
        except (binascii.Error, ValueError):
            raw = b""
        usable = len(raw) >= _BLOCK and len(raw) % 16 == 0
        message = self._unpack(self._decrypted(raw if usable else bytes(_BLOCK * 2)))
        if message is None or not usable:
            raise Refused("envelope_not_genuine")
        return message

    def seal(self, message: bytes, *, random: bytes | None = None) -> str:
        """A message in an envelope. ``random`` is given only to repeat a published example."""
        random = os.urandom(self._random_bytes) if random is None else random
        plain = random + len(message).to_bytes(4, "big") + message + self._receive_id
        padding = _BLOCK - len(plain) % _BLOCK
        encryptor = self._cipher().encryptor()
        sealed = encryptor.update(plain + bytes([padding]) * padding) + encryptor.finalize()
        return b64encode(sealed).decode()

    def _decrypted(self, raw: bytes) -> bytes:
        decryptor = self._cipher().decryptor()
        return decryptor.update(raw) + decryptor.finalize()

    def _unpack(self, plain: bytes) -> bytes | None:
        """Padding, length and receiver are all looked at before anything is said."""
        padding = plain[-1]
        begins = self._random_bytes + 4
        size = int.from_bytes(plain[self._random_bytes : begins], "big")
        content = plain[: len(plain) - padding]
        message, receiver = content[begins : begins + size], content[begins + size :]
        padded = 1 <= padding <= _BLOCK and plain[-padding:] == bytes([padding]) * padding
        whole = len(message) == size
        ours = hmac.compare_digest(receiver, self._receive_id)
        return message if padded and whole and ours else None

    def _cipher(self) -> Cipher[modes.CBC]:
        return Cipher(algorithms.AES(self._key), modes.CBC(self._key[:16]))
