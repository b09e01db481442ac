"""Webhook signatures (Webhook 签名): Standard Webhooks, for what we send and what we are sent.

``webhook-id`` stays the same on every attempt and is the receiver's key against repeats;
``webhook-timestamp`` and ``webhook-signature`` are made anew. Sends nothing.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets as random_source
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

FRESH = timedelta(minutes=5)
"""How old or early a signature may be: senders sign every attempt anew."""


def signature(secret: str, id_: str, stamp: str, body: bytes) -> str:
    """What a sender puts into ``webhook-signature``. A secret may be spelled ``whsec_…``."""
    key = base64.b64decode(secret[6:]) if secret.startswith("whsec_") else secret.encode()
    signed = b".".join((id_.encode(), stamp.encode(), body))
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def signed(secrets: Sequence[str], id_: str, at: datetime, body: bytes) -> dict[str, str]:
    """The headers of one attempt; while a secret is being changed, both old and new sign."""
    stamp = str(int(at.timestamp()))
    return {
        "webhook-id": id_,
        "webhook-timestamp": stamp,
        "webhook-signature": " ".join(signature(each, id_, stamp, body) for each in secrets),
    }


def genuine(secret: str, headers: Mapping[str, str], body: bytes, now: datetime) -> bool:
    """Did the owner of the secret send this just now?"""
    id_, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    ours = signature(secret, id_, stamp, body).encode()
    given = headers.get("webhook-signature", "").split()
    known = any(hmac.compare_digest(ours, each.encode()) for each in given)
    return known and bool(id_) and _fresh(stamp, now)


def new_secret() -> str:
    """A secret of 24 random bytes, as the standard spells it."""
    return "whsec_" + base64.b64encode(random_source.token_bytes(24)).decode()


def _fresh(stamp: str, now: datetime) -> bool:
    if not (stamp.isascii() and stamp.isdecimal() and len(stamp) < 12):
        return False
    return abs(now - datetime.fromtimestamp(int(stamp), UTC)) <= FRESH
