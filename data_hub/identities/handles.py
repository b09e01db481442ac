"""How handles are spelled (标识): phones and mail addresses in one form, and a handle's own id."""

from __future__ import annotations

import base64
import hashlib
import re

from kernel.events import Handle

LOGIN = "user"
"""The kind of handle that somebody signs in with."""
PERSONS = frozenset({LOGIN, "unionid", "openid", "open_id", "external_userid", "buyer"})
"""Kinds of which everybody has one in each scope: two of one account are two people."""
DEVICE = "anonymous"
"""The kind of handle that a front end gives to whoever has not signed in."""
ADDRESSES = frozenset({"phone", "email"})
"""Kinds that somebody tells of herself, of which she may have several."""
DEVICES = frozenset({DEVICE, "cookie"})
"""Kinds that name what somebody holds in her hand, and no person."""

_NOBODYS = frozenset(
    {
        "undefined", "null", "nil", "none", "nan", "n/a", "na", "anon", "anonymous", "guest",
        "unknown", "unidentified", "true", "false", "0", "-1", "[]", "{}", "[object object]",
        "00000000-0000-0000-0000-000000000000", "000000000000000", "lmy47d",
    }
)  # fmt: skip
"""Whoever shared one would be one customer. About what Mixpanel refuses, too; the zeros are the
advertising id of who wants not to be followed, and a telephone's number that was not to be had."""
_NOT_DIALLED = re.compile(r"[\s\-().·]+")
_MAINLAND = re.compile(r"(?:\+86|0086|86)?(1[3-9]\d{9})")
_ADDRESS = re.compile(r"[^@\s]{1,64}@[^@\s]{1,190}\.[^@\s.]{2,}")
_ABROAD = re.compile(r"(?:\+|00)([1-9]\d{6,14})")


def somebodys(value: str) -> str:
    """The id, or nothing where it is one that programs write for want of one."""
    return "" if value.lower() in _NOBODYS else value


def twin(handle: str) -> str:
    """The login of the same spelling where it is a device's, and the other way; else nothing."""
    kind, _, rest = handle.partition(":")
    other = {LOGIN: DEVICE, DEVICE: LOGIN}.get(kind)
    return f"{other}:{rest}" if other else ""


def own_id(handle: Handle | str) -> str:
    """The customer id that this handle stands for, seen or not. It never changes."""
    digest = hashlib.blake2b(str(handle).encode(), digest_size=10).digest()
    return f"cus_{base64.b32encode(digest).decode().lower()}"


def phone_number(text: str) -> str | None:
    """A phone number in its one spelling: 11 digits in mainland China, +… elsewhere."""
    dialled = _NOT_DIALLED.sub("", text)
    if mainland := _MAINLAND.fullmatch(dialled):
        return mainland[1]
    abroad = _ABROAD.fullmatch(dialled)
    return f"+{abroad[1]}" if abroad else None


def phone(text: str) -> Handle | None:
    """The handle of a phone, however it was typed; None if it is no phone number."""
    number = phone_number(text)
    return Handle("phone", "", number) if number else None


def email(text: str) -> Handle | None:
    """The handle of a mail address, in lower case; None if it is none."""
    address = text.strip().lower()
    return Handle("email", "", address) if _ADDRESS.fullmatch(address) else None
