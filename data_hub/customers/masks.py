"""Masks (脱敏): as much of a name, a phone, a handle or a text as anybody may see."""

from __future__ import annotations

import re
from typing import Any

from kernel.events import Handle

_NUMBER = re.compile(r"(?<!\d)(?:1[3-9]\d{9}|\d{15,18}[\dXx]?)(?!\d)")
"""A mobile phone, or the number of an identity or bank card."""
_ADDRESS = re.compile(r"(?<![\w.+-])([\w.+-])[\w.+-]*@([\w-]+(?:\.[\w-]+)+)")
_PERSONAL = frozenset(
    {
        "name", "first_name", "last_name", "firstname", "lastname", "nickname", "phone", "mobile",
        "tel", "email", "mail", "address", "wechat", "qq", "id_card", "id_number", "idcard",
        "passport", "bank_card", "card_number",
        "姓名", "昵称", "手机", "手机号", "电话", "邮箱", "地址", "微信", "微信号", "身份证",
        "身份证号", "银行卡", "卡号",
    }
)  # fmt: skip


def mask_name(name: str) -> str:
    """The family name stays: 王小明 → 王**."""
    return name[:1] + "*" * (len(name) - 1)


def mask_phone(phone: str) -> str:
    """138****5678."""
    return phone[:3] + "****" + phone[-4:] if len(phone) >= 8 else "*" * len(phone)


def mask_handle(handle: Handle) -> str:
    """Enough to tell two handles apart, too little to use one."""
    if handle.kind == "phone":
        return mask_phone(handle.value)
    if handle.kind == "email":
        name, _, domain = handle.value.partition("@")
        return f"{name[:1]}***@{domain}"
    value = handle.value
    return f"{value[:2]}***{value[-2:]}" if len(value) > 6 else f"{value[:1]}***"


def mask_text(text: str) -> str:
    """What she wrote, without the phones, card numbers and mail addresses in it."""
    return _ADDRESS.sub(r"\1***@\2", _NUMBER.sub(lambda found: mask_phone(found[0]), text))


def mask_trait(name: str, value: Any) -> str:
    """A trait as who may not see her in full sees it."""
    told = str(value)
    if name.lower() not in _PERSONAL:
        return mask_text(told)
    return mask_phone(told) if told.lstrip("+").isdecimal() else mask_name(told)
