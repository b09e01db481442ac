"""Naming (指名): how a text that came in may name a customer, a phone and a mail address however
typed. Forgetting her finds it by this; whom it names besides is not asked."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import NamedTuple

import orjson

from kernel.events import Handle

BETWEEN = " -().·\t"
"""What people write between the digits of a number."""
_BETWEEN = re.compile(f"[{re.escape(BETWEEN)}]+")


class Naming(NamedTuple):
    """What is looked for: as it is, among digits alone, in small letters."""

    plain: list[str]
    numbers: list[str]
    addresses: list[str]

    @classmethod
    def of(cls, handles: Collection[Handle]) -> Naming:
        values = {handle.value for handle in handles}
        values |= {orjson.dumps(value).decode()[1:-1] for value in values}
        numbers = {handle.value.lstrip("+") for handle in handles if handle.kind == "phone"}
        addresses = {handle.value.lower() for handle in handles if handle.kind == "email"}
        return cls(sorted(values), sorted(numbers), sorted(addresses))

    def found(self, text: str) -> bool:
        """Does the text name her?"""
        bare, small = _BETWEEN.sub("", text), text.lower()
        return (
            any(value in text for value in self.plain)
            or any(number in bare for number in self.numbers)
            or any(address in small for address in self.addresses)
        )
