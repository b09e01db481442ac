"""Values (值): `dataclass` as the standard library has it, at well under half the price of making.

A start makes 250 of them, and for each the library writes and compiles up to nine functions. Here
only those are written that are called often; what shows one is one function for all. That nobody
changes a frozen one is seen to by mypy and not while it runs: making one is as fast as any other.
"""

from __future__ import annotations

from dataclasses import fields
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import dataclass
else:
    from dataclasses import dataclass as _whole

    def dataclass(*, frozen: bool = False, **told: Any) -> Any:
        def made(cls: type) -> type:
            hashed = frozen and "__hash__" not in vars(cls)
            done = _whole(repr=False, unsafe_hash=hashed, **told)(cls)
            if "__repr__" not in vars(cls):
                done.__repr__ = _shown
            return done

        return made

    @recursive_repr()
    def _shown(self: Any) -> str:
        told = (f"{each.name}={getattr(self, each.name)!r}" for each in fields(self) if each.repr)
        return f"{type(self).__qualname__}({', '.join(told)})"


def same(one: Any, other: Any) -> Any:
    """How tables' rows compare, which seldom do: as the library would have it, one function for
    all of them."""
    if type(other) is not type(one):
        return NotImplemented
    told = (each.name for each in fields(one) if each.compare)
    return all(getattr(one, name) == getattr(other, name) for name in told)


__all__ = ["dataclass", "same"]
