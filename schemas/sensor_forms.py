"""神策's forms (神策表单): the bytes of JSON inside what its SDKs post, whatever they say it is.

Form pairs, base64 in several spellings, gzipped or not, with a checksum or not. Reads no record.
"""

from __future__ import annotations

import base64
import binascii
from urllib.parse import unquote_to_bytes

import numpy as np

from kernel.errors import Invalid
from schemas.taking import inflated

BODY_LIMIT = 4 * 1024 * 1024
"""What a request may hold once it is inflated: the Java SDK sends 1,000 records at a time."""
_SPELLED = str.maketrans({"-": "+", "_": "/", "\r": None, "\n": None})
"""Base64 as other alphabets and mail spell it."""


def crc(encoded: str) -> int:
    """What the web SDK adds: a 32-bit signed ``31·h + c`` over the base64 text."""
    letters = np.frombuffer(encoded.encode("latin-1", "replace"), np.uint8)
    powers = np.full(len(letters), 31, np.uint32)
    powers[:1] = 1
    powers = np.multiply.accumulate(powers, dtype=np.uint32)[::-1]
    return int((letters * powers).sum(dtype=np.uint32).astype(np.int32))


def pairs(form: bytes) -> dict[str, str]:
    """Form pairs. A plus stays a plus: in base64 it means itself, and no SDK of theirs means a
    space by it."""
    found = {}
    for pair in form.strip().split(b"&"):
        name, _, value = pair.partition(b"=")
        told = unquote_to_bytes(name).decode("utf-8", "replace")
        found[told] = unquote_to_bytes(value).decode("utf-8", "replace")
    return found


def decoded(told: dict[str, str]) -> bytes:
    """The JSON inside: base64, whose plus may have been taken for a space, maybe gzipped."""
    if told.get("gzip") == "9":
        raise Invalid("gzip", "encrypted_records")
    name = "data_list" if told.get("data_list") else "data"
    encoded = told.get(name, "").replace(" ", "+")
    if not encoded:
        raise Invalid("data", "field_is_missing")
    extra = told.get("ext", "")
    if extra.startswith("crc=") and extra[4:] != str(crc(encoded)):
        raise Invalid("ext", "crc_is_wrong")
    encoded = encoded.translate(_SPELLED).rstrip("=")
    try:
        whole = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except (binascii.Error, ValueError) as wrong:
        raise Invalid(name, "not_base64") from wrong
    if told.get("gzip") == "1" and not whole.startswith(b"\x1f\x8b"):
        raise Invalid(name, "not_gzip")
    return inflated(whole, BODY_LIMIT)
