"""What a compiled query calls while it runs (编译运行时). Knows no document."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import orjson
from graphql import FieldNode, GraphQLError, Undefined
from graphql.error import located_error
from graphql.pyutils import inspect, is_iterable
from graphql.type import GraphQLLeafType

Path = tuple[str | int, ...]
Nodes = list[FieldNode]


class Run:
    """One execution: its variables, and the errors met so far."""

    __slots__ = ("errors", "variables")

    def __init__(self, variables: dict[str, Any]) -> None:
        self.variables = variables
        self.errors: list[GraphQLError] = []

    def note(self, problem: Exception, nodes: Nodes, path: Path) -> None:
        """A field that may be null went wrong: it is null, and the error says why."""
        self.errors.append(located_error(problem, nodes, list(path)))


def fail(problem: Exception, nodes: Nodes, path: Path) -> GraphQLError:
    """A field that may not be null went wrong: whoever encloses it has to be null."""
    return located_error(problem, nodes, list(path))


_MOST_TOLD = 16
_AS_IS = orjson.OPT_NON_STR_KEYS


def kept(source: Any, key: Any, tell: Callable[..., Any], run: Run, *indexes: int) -> Any:
    """An object that is told once for many answers: its JSON, ready to be put in its place.

    One with an error in it is told anew every time, so that its error is met every time.
    """
    before = len(run.errors)
    told = tell(source, *indexes)
    if len(run.errors) > before:
        return told
    ready: dict[Any, Any] = source.told
    if len(ready) >= _MOST_TOLD:
        ready.clear()
    piece = ready[key] = orjson.Fragment(fitted(orjson.dumps(told, option=_AS_IS)))
    return piece  # another thread may have made room meanwhile


def fitted(told: bytes) -> bytes:
    """The same in no more memory than it needs: orjson leaves itself room to write on."""
    return bytes(memoryview(told))


def gap(where: str) -> TypeError:
    """Nothing came where something was promised."""
    return TypeError(f"Cannot return null for non-nullable field {where}.")


def leaf(kind: GraphQLLeafType) -> Callable[[Any], Any]:
    """How a value of a scalar or an enum is told, when it is not simply itself."""

    def told(value: Any) -> Any:
        if isinstance(value, Exception):
            raise value
        if value is None or value is Undefined:
            return None
        answer = kind.serialize(value)
        if answer is None or answer is Undefined:
            raise TypeError(
                f"Expected `{inspect(kind)}.serialize({inspect(value)})`"
                " to return non-nullable value, returned:"
                f" {inspect(answer)}"
            )
        return answer

    return told


def several(value: Any, where: str) -> Sequence[Any] | None:
    """The items of a list field."""
    if isinstance(value, Exception):
        raise value
    if value is None or value is Undefined:
        return None
    if not is_iterable(value):
        raise GraphQLError(f"Expected Iterable, but did not find one for field '{where}'.")
    items: Iterable[Any] = value
    return items if isinstance(items, list | tuple) else list(items)
