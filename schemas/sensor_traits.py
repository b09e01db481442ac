"""Traits as 神策's profile records tell them (画像动词): what each verb says of which trait.

Does not know what she is already said to be: that is the profile's, which folds them by time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kernel.errors import Invalid

_PRESET = "$is_login_id"
"""Which the SDK adds for its own ends."""


def traits_of(verb: str, properties: Mapping[str, Any]) -> dict[str, Any] | list[str]:
    """Traits by name, or the names of those that go. Raises `Invalid` for what cannot be added."""
    if verb == "profile_delete":
        return ["*"]
    told = {name: value for name, value in properties.items() if name != _PRESET}
    if verb == "profile_unset":
        return sorted(told)
    if verb == "profile_increment":
        for name, value in told.items():
            if type(value) not in {int, float}:  # it would be taken, and then added to nothing
                raise Invalid(f"properties.{name}", "not_a_number")
    return told
