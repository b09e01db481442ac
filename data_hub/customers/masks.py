"""Masks (脱敏): as much of a name, a phone or a handle as anybody may see."""

from __future__ import annotations

from kernel.events import Handle


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
