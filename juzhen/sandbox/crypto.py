"""The platform's envelope (加解密): how WeChat signs and encrypts what it posts to a company.

Written from the platform's rules and on purpose shares nothing with the adapter that opens it.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import struct

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

_BLOCK = 32


def signature(*parts: str) -> str:
    """SHA-1 of the sorted parts: the rule of plain and encrypted callbacks alike."""
    return hashlib.sha1("".join(sorted(parts)).encode(), usedforsecurity=False).hexdigest()


def encrypt(text: str | bytes, *, aes_key: str, receiver: str, prefix: bytes | None = None) -> str:
    """16 random bytes, length, text and receiver, padded to 32, AES-256-CBC, base64."""
    key = base64.b64decode(aes_key + "=")
    body = text.encode() if isinstance(text, str) else text
    plain = (prefix or secrets.token_bytes(16)) + struct.pack(">I", len(body)) + body
    plain += receiver.encode()
    pad = _BLOCK - len(plain) % _BLOCK
    cipher = Cipher(AES(key), CBC(key[:16])).encryptor()
    sealed = cipher.update(plain + bytes([pad]) * pad) + cipher.finalize()
    return base64.b64encode(sealed).decode()
