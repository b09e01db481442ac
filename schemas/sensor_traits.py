"""Traits as 神策's profile records tell them (画像动词): what each verb says of which trait.

Does not know what she is already said to be: that is the profile's, which folds them by time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kernel.errors import Invalid

_PRESET = "$is_login_id"
"""Which the SDK adds for its own ends."""
_ADDS: Mapping[str, tuple[tuple[type, ...], str]] = {
    "profile_increment": ((int, float), "not_a_number"),
    "profile_append": ((list,), "not_an_array"),
}
"""What a verb that adds can add, and what is wrong with anything else."""


def traits_of(verb: str, properties: Mapping[str, Any]) -> dict[str, Any] | list[str]:
    """Traits by name, or the names of those that go. Raises `Invalid` for what cannot be added."""
    if verb == "profile_delete":
        return ["*"]
    told = {name: value for name, value in properties.items() if name != _PRESET}
    if verb == "profile_unset":
        return sorted(told)
    kinds, reason = _ADDS.get(verb, ((), ""))
    for name, value in told.items():
        if kinds and type(value) not in kinds:  # it would be taken, and then added to nothing
            raise Invalid(f"properties.{name}", reason)
    return told
