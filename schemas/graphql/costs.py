"""Costs (开销): what one document cost so far, so that nobody reckons twice. Sets no limit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphql import ArgumentNode, DocumentNode, FieldNode, VariableNode, Visitor, visit

from kernel.ids import PAGE_LIMIT

SIZING = ("first", "names")
"""Arguments that say how long a list will be."""


class Costs:
    """What one document cost so far, by everything that its cost depends on."""

    def __init__(self, document: DocumentNode) -> None:
        self.known: dict[tuple[Any, ...], int] = {}
        names: dict[str, None] = {}
        fields: set[str] = set()

        class Seen(Visitor):
            def enter_field(self, node: FieldNode, *_: Any) -> None:
                fields.add(node.name.value)

            def enter_argument(self, node: ArgumentNode, *_: Any) -> None:
                if isinstance(node.value, VariableNode) and node.name.value in SIZING:
                    names[node.value.name.value] = None

        visit(document, Seen())
        self._names = tuple(names)
        self.fields = frozenset(fields)
        """The names of everything that is asked for."""

    def key(self, variables: Mapping[str, Any], widths: tuple[int, ...]) -> tuple[Any, ...]:
        told = (clamped(variables[name]) if name in variables else -1 for name in self._names)
        return (*told, *widths)


def clamped(value: Any) -> int:
    """A size that can be meant; whatever cannot counts as a full page until it is refused."""
    if isinstance(value, list | tuple):
        return min(len(value), PAGE_LIMIT) or 1
    if isinstance(value, int) and 0 < value <= PAGE_LIMIT:
        return value
    return 1 if value == 0 else PAGE_LIMIT
