"""Masks (脱敏): as much of a name, a phone, a handle or a text as anybody may see."""

from __future__ import annotations

import re
from typing import Any

from kernel.events import Handle
from kernel.wording import joined

_NUMBER = re.compile(r"(?<!\d)(?:1[3-9]\d{9}|\d{15,18}[\dXx]?)(?!\d)")
"""A mobile phone, or the number of an identity or bank card."""
_ADDRESS = re.compile(r"(?<![\w.+-])([\w.+-])[\w.+-]*@([\w-]+(?:\.[\w-]+)+)")
_PERSONAL = frozenset(
    {
        "name", "fullname", "realname", "username", "nickname", "firstname", "lastname",
        "givenname", "familyname", "surname", "contact", "contactname", "contactperson", "phone",
        "phonenumber", "phoneno", "mobile", "mobilephone", "mobilenumber", "cellphone",
        "telephone", "tel", "email", "emailaddress", "mail", "address", "homeaddress",
        "deliveryaddress", "wechat", "wechatid", "wx", "wxid", "qq", "idcard", "idnumber", "idno",
        "identitycard", "passport", "bankcard", "cardnumber", "姓名", "名字", "真实姓名",
        "客户姓名", "昵称", "联系人", "手机", "手机号", "手机号码", "电话", "电话号码",
        "联系电话", "联系方式", "邮箱", "电子邮箱", "邮件", "地址", "住址", "家庭住址",
        "联系地址", "收货地址", "微信", "微信号", "身份证", "身份证号", "身份证号码", "证件号",
        "证件号码", "护照", "护照号", "银行卡", "银行卡号", "卡号",
    }
)  # fmt: skip
"""Names of traits, in small letters and without what `_BETWEEN` their words."""
_BETWEEN = re.compile(r"[\s$_.\-]+")


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


def spell_trait(value: Any, language: str) -> str:
    """A trait for people to read; of several values all."""
    return joined(map(str, value), language) if isinstance(value, list) else str(value)


def mask_trait(name: str, value: Any, language: str) -> str:
    """The same as who may not see her in full sees it."""
    told = spell_trait(value, language)
    if not names_somebody(name):
        return mask_text(told)
    return mask_phone(told) if told.lstrip("+").isdecimal() else mask_name(told)


def names_somebody(trait: str) -> bool:
    """Does a trait of this name hold by what somebody is called or reached?"""
    return _BETWEEN.sub("", trait.lower()) in _PERSONAL
