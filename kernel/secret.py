"""A secret (密钥): a text that never prints itself. Does not encrypt anything."""

from __future__ import annotations


class Secret:
    """Holds a password, token or key; its repr is ``***``, in logs and tracebacks too."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The text itself. Hand it on, never keep or print it."""
        return self._value

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__
