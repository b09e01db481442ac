"""Writing the Python of a query (生成代码). Completes values as graphql-core does, field by field.

The text that is executed holds only names made here and `repr`s of names that graphql-core's lexer
accepted; everything else travels as an object in its globals.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import count
from keyword import iskeyword
from typing import Any

from graphql import (
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLField,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    Undefined,
    VariableNode,
    Visitor,
    get_named_type,
    is_leaf_type,
    visit,
)
from graphql.execution.collect_fields import collect_fields, collect_sub_fields
from graphql.execution.values import get_argument_values

from kernel.values import dataclass
from schemas.graphql.binding import Ask, Attribute, Lasting, Resolver, selected
from schemas.graphql.compiler import arguments, runtime

_PLAIN = {
    "String": "{0}.__class__ is str",
    "ID": "{0}.__class__ is str",
    "Boolean": "{0}.__class__ is bool",
    "Int": "{0}.__class__ is int and -2147483648 <= {0} <= 2147483647",
    "Float": "{0}.__class__ is float and {0} - {0} == 0.0",
}
"""Which values of a scalar are told as they are; a float that is no number or endless is not."""
_MOST_SWITCHES = 3


class Unsupported(Exception):
    """The document asks for something that only graphql-core knows how to answer."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """A query that became a function."""

    execute: Callable[[Any, runtime.Run], Any]

    def __call__(
        self, context: Any, variables: dict[str, Any]
    ) -> tuple[dict[str, Any] | None, list[GraphQLError]]:
        """The data and the errors. ``variables`` are already coerced."""
        run = runtime.Run(variables)
        data = self.execute(context, run)
        if len(run.errors) > 1:  # in graphql-core's order
            run.errors.sort(key=lambda met: (met.locations or [], met.path or [], met.message))
        return data, run.errors


def switches(document: DocumentNode) -> tuple[str, ...]:
    """The variables that decide what is selected at all."""
    found: set[str] = set()

    class Seen(Visitor):
        def enter_directive(self, node: DirectiveNode, *_: Any) -> None:
            for argument in node.arguments:
                if isinstance(argument.value, VariableNode):
                    found.add(argument.value.name.value)

    visit(document, Seen())
    return tuple(sorted(found))


def compile_query(
    schema: GraphQLSchema, document: DocumentNode, decided: Mapping[str, Any]
) -> Compiled:
    """The function of a document whose switches have these values. Raises `Unsupported`."""
    if len(decided) > _MOST_SWITCHES or any(type(value) is not bool for value in decided.values()):
        raise Unsupported("switches")
    fragments: dict[str, FragmentDefinitionNode] = {}
    for each in document.definitions:
        if isinstance(each, FragmentDefinitionNode):
            fragments[each.name.value] = each
        elif isinstance(each, OperationDefinitionNode):
            operation = each
    if operation.operation is not OperationType.QUERY or schema.query_type is None:
        raise Unsupported(operation.operation.value)
    return _Emitter(schema, fragments, dict(decided)).compile(operation)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in the answer code is being written for."""

    path: tuple[str, ...]
    """Python expressions; those of list positions are names of loop variables."""
    indexes: tuple[str, ...]
    nodes: str
    where: str
    """``Parent.field``, as messages say it."""

    @property
    def spelled(self) -> str:
        return "(" + "".join(f"{part}, " for part in self.path) + ")"

    def item(self, index: str) -> _Place:
        return _Place((*self.path, index), (*self.indexes, index), self.nodes, self.where)


class _Emitter:
    def __init__(
        self,
        schema: GraphQLSchema,
        fragments: dict[str, FragmentDefinitionNode],
        decided: dict[str, Any],
    ) -> None:
        self._schema = schema
        self._fragments = fragments
        self._decided = decided
        self._number = count()
        self._globals: dict[str, Any] = {
            "Ask": Ask,
            "fail": runtime.fail,
            "gap": runtime.gap,
            "kept": runtime.kept,
            "Undefined": Undefined,
            "several": runtime.several,
        }
        self._leaves: dict[str, str] = {}
        self._keys: dict[tuple[int, str], str] = {}
        self._opening: list[str] = []
        self._functions: list[str] = []

    def compile(self, operation: OperationDefinitionNode) -> Compiled:
        root = self._schema.query_type
        assert root is not None  # noqa: S101 - compile_query asked
        groups = collect_fields(
            self._schema, self._fragments, self._decided, root, operation.selection_set
        )
        main = self._object(root, groups, _Place((), (), "None", root.name))
        lines = ["def execute(ctx, run):", "    note = run.note"]
        lines += [f"    {line}" for line in (*self._opening, *self._functions)]
        lines += ["    try:", f"        return {main}(None)", "    except Exception as e:"]
        lines += ["        run.errors.append(e)", "        return None"]
        source = "\n".join(lines)
        exec(compile(source, "<compiled query>", "exec"), self._globals)  # noqa: S102 - see above
        return Compiled(self._globals["execute"])

    def _name(self, prefix: str) -> str:
        return f"{prefix}{next(self._number)}"

    def _keep(self, prefix: str, thing: Any) -> str:
        """Hand an object over to the code, under a name of its own."""
        name = self._name(prefix)
        self._globals[name] = thing
        return name

    def _object(
        self, kind: GraphQLObjectType, groups: Mapping[str, list[FieldNode]], place: _Place
    ) -> str:
        """Write the function that tells an object, and say its name."""
        if kind.is_type_of is not None:
            raise Unsupported("is_type_of")
        name = self._name("o")
        lines: list[str] = []
        told: list[str] = []
        for key, nodes in groups.items():
            field_name = nodes[0].name.value
            if field_name == "__typename":
                told.append(f"{key!r}: {kind.name!r}")
                continue
            field = kind.fields.get(field_name)
            if field is None:
                raise Unsupported(field_name)  # introspection
            result = self._name("r")
            inside = _Place(
                (*place.path, repr(key)),
                place.indexes,
                self._keep("N", nodes),
                f"{kind.name}.{field_name}",
            )
            lines += self._field(field, nodes, result, inside)
            told.append(f"{key!r}: {result}")
        head = f"def {name}({', '.join(('s', *place.indexes))}):"
        tail = f"    return {{{', '.join(told)}}}"
        self._functions += [head, *(f"    {line}" for line in lines), tail]
        return name

    def _field(
        self, field: GraphQLField, nodes: list[FieldNode], result: str, place: _Place
    ) -> list[str]:
        value = self._name("v")
        steps = [f"{value} = {self._resolved(field, nodes)}"]
        steps += self._completed(field.type, nodes, value, result, place)
        return _guarded(steps, field.type, result, place)

    def _resolved(self, field: GraphQLField, nodes: list[FieldNode]) -> str:
        resolve = field.resolve
        if isinstance(resolve, Attribute):
            if resolve.name.isidentifier() and not iskeyword(resolve.name):
                return f"s.{resolve.name}"
            return f"getattr(s, {resolve.name!r})"
        if not isinstance(resolve, Resolver):
            raise Unsupported("resolver")
        chosen = selected(self._schema, field.type, nodes, self._fragments, self._decided)
        ask = self._name("k")
        self._opening.append(f"{ask} = Ask(ctx, {self._keep('S', chosen)})")
        function = self._keep("f", resolve.plain)
        if not field.args:
            return f"{function}(s, {ask})"
        return f"{function}(s, {ask}, **{self._arguments(field, nodes[0])})"

    def _arguments(self, field: GraphQLField, node: FieldNode) -> str:
        """The arguments: worked out now if they are constant, else once in every run."""
        if not any(arguments.names_variables(each.value) for each in node.arguments):
            try:
                return self._keep("c", get_argument_values(field, node, {}))
            except GraphQLError as refused:
                raise Unsupported("arguments") from refused
        cell, make = self._name("c"), self._name("m")
        read = self._keep("R", arguments.reader(field, node))
        self._opening += [
            f"{cell} = None",
            f"def {make}():",
            f"    nonlocal {cell}",
            f"    {cell} = {read}(run.variables)",
            f"    return {cell}",
        ]
        return f"({cell} or {make}())"

    def _completed(
        self,
        kind: GraphQLOutputType,
        nodes: list[FieldNode],
        value: str,
        result: str,
        place: _Place,
    ) -> list[str]:
        if isinstance(kind, GraphQLNonNull):
            lines = self._completed(kind.of_type, nodes, value, result, place)
            return [*lines, f"if {result} is None: raise gap({place.where!r})"]
        if isinstance(kind, GraphQLList):
            return self._list(kind, nodes, value, result, place)
        if is_leaf_type(kind):
            leaf = self._leaf(kind)
            if plain := _PLAIN.get(str(kind)):
                return [f"{result} = {value} if {plain.format(value)} else {leaf}({value})"]
            return [f"{result} = {leaf}({value})"]
        if not isinstance(kind, GraphQLObjectType):
            raise Unsupported(str(kind))
        groups = collect_sub_fields(self._schema, self._fragments, self._decided, kind, nodes)
        function = self._object(kind, groups, place)
        told = f"{function}({', '.join((value, *place.indexes))})"
        if key := self._kept_as(kind, nodes):
            anew = f"kept({', '.join((value, key, function, 'run', *place.indexes))})"
            told = f"{value}.told.get({key}) or {anew}"
        return [
            f"if isinstance({value}, Exception): raise {value}",  # returned instead of raised
            f"{result} = None if {value} is None or {value} is Undefined else {told}",
        ]

    def _kept_as(self, kind: Any, nodes: list[FieldNode]) -> str:
        """The name under which this selection of such objects is kept, in every run; empty if it
        is not."""
        lasting = self._schema.extensions.get("lasting", {}).get(getattr(kind, "name", ""))
        place = (id(nodes), str(kind))
        if lasting is None or place in self._keys:
            return self._keys.get(place, "")
        groups = collect_sub_fields(self._schema, self._fragments, self._decided, kind, nodes)
        if not self._holds(lasting, kind, groups):
            return ""
        key = self._keys[place] = self._name("k")
        mark = self._keep("U", object())
        self._opening.append(f"{key} = ({mark}, {self._keep('f', lasting.key)}(ctx))")
        return key

    def _holds(
        self, lasting: Lasting, kind: GraphQLObjectType, groups: Mapping[str, list[FieldNode]]
    ) -> bool:
        """Does everything that is selected here depend on the object alone?"""
        for nodes in groups.values():
            name = nodes[0].name.value
            if name == "__typename":
                continue
            if name not in kind.fields or not lasting.holds(kind.name, name):
                return False
            if any(arguments.names_variables(each.value) for each in nodes[0].arguments):
                return False
            inside = get_named_type(kind.fields[name].type)
            if isinstance(inside, GraphQLObjectType):
                below = collect_sub_fields(
                    self._schema, self._fragments, self._decided, inside, nodes
                )
                if not self._holds(lasting, inside, below):
                    return False
        return True

    def _list(
        self,
        kind: GraphQLList[Any],
        nodes: list[FieldNode],
        value: str,
        result: str,
        place: _Place,
    ) -> list[str]:
        index, item, told = self._name("i"), self._name("x"), self._name("y")
        inside = place.item(index)
        steps = self._completed(kind.of_type, nodes, item, told, inside)
        loop = [*_guarded(steps, kind.of_type, told, inside), f"{result}.append({told})"]
        whole = [
            f"{result} = []",
            f"for {index}, {item} in enumerate({value}):",
            *(f"    {line}" for line in loop),
        ]
        of = kind.of_type
        if key := self._kept_as(of.of_type if isinstance(of, GraphQLNonNull) else of, nodes):
            whole = [  # all of them at once, if all were told before
                f"try: {result} = [{item}.told[{key}] for {item} in {value}]",
                "except (AttributeError, LookupError, TypeError):",
                *(f"    {line}" for line in whole),
            ]
        return [
            f"{value} = several({value}, {place.where!r})",
            f"if {value} is None:",
            f"    {result} = None",
            "else:",
            *(f"    {line}" for line in whole),
        ]

    def _leaf(self, kind: Any) -> str:
        if kind.name not in self._leaves:
            self._leaves[kind.name] = self._keep("leaf", runtime.leaf(kind))
        return self._leaves[kind.name]


def _guarded(steps: list[str], kind: GraphQLOutputType, result: str, place: _Place) -> list[str]:
    """What goes wrong here is noted if null may stand here, else handed to whoever encloses it."""
    lines = ["try:", *(f"    {step}" for step in steps), "except Exception as e:"]
    if isinstance(kind, GraphQLNonNull):
        return [*lines, f"    raise fail(e, {place.nodes}, {place.spelled}) from e"]
    return [*lines, f"    note(e, {place.nodes}, {place.spelled})", f"    {result} = None"]
