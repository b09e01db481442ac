"""The guard (护栏): refuses a hostile document before validation looks at it. Executes nothing.

Every measure is memoised by fragment, so its own cost grows with the size of the document and
never with what the document would expand to: graphene's depth limiter and graphql-core's rules
take seconds for 22 fragments of one kilobyte. Numbers are in ``contracts`` of the product.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    Undefined,
    VariableNode,
    get_named_type,
    parse,
)
from graphql.error import GraphQLError

from kernel.errors import Invalid
from kernel.ids import PAGE_LIMIT
from kernel.values import dataclass
from schemas.graphql.costs import SIZING, Costs, clamped

_UNKNOWN_LIST = 10
"""How long a list is taken to be that neither has a page size nor is in the table of sizes."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a document may be and may cause."""

    size: int = 65_536
    tokens: int = 2_000
    comments: int = 200
    depth: int = 8
    aliases: int = 30
    cost: int = 5_000
    fields: int = 2_000
    """Fields after every fragment was put in its places."""
    repeats: int = 60
    """Fields asked again under the same name in the same place: comparing them is quadratic."""
    fragments: int = 40
    directives: int = 40
    introspection_depth: int = 16
    introspections: int = 2


LIMITS = Limits()
Sizes = Mapping[tuple[str, str], int | Callable[[], int]]
"""How long the list of a (type, field) can be, or who knows."""


def read(text: str) -> DocumentNode:
    """Parse a document that is not too long and holds one operation; else raise `Invalid`."""
    if len(text) > LIMITS.size or len(text.encode("utf-8", "surrogatepass")) > LIMITS.size:
        raise Invalid("query", "document_too_long", limit=LIMITS.size)
    try:
        document = parse(text, max_lexical_tokens=LIMITS.tokens, max_comments=LIMITS.comments)
    except GraphQLError as broken:
        raise _not_read(broken) from None
    operations = [
        each for each in document.definitions if isinstance(each, OperationDefinitionNode)
    ]
    if len(operations) != 1:
        raise Invalid("query", "one_operation_a_request", count=len(operations))
    if operations[0].operation is OperationType.SUBSCRIPTION:
        raise Invalid("query", "no_subscriptions")
    return document


def _not_read(broken: GraphQLError) -> Invalid:
    if "contains more than" in broken.message:
        return Invalid("query", "document_has_too_many_tokens", limit=LIMITS.tokens)
    if "nested too deeply" in broken.message:
        return Invalid("query", "document_too_deep", limit=LIMITS.depth)
    place = broken.locations[0] if broken.locations else None
    return Invalid(
        "query",
        "document_is_not_graphql",
        line=place.line if place else 0,
        column=place.column if place else 0,
        what=broken.message.removeprefix("Syntax Error: ")[:120],
    )


@dataclass(slots=True)
class _Measure:
    """What one selection set comes to, with everything that its fragments bring."""

    depth: int = 0
    hidden: int = 0
    """Depth below ``__schema`` and ``__type``, which has a limit of its own."""
    aliases: int = 0
    fields: int = 0
    repeats: int = 0
    introspections: int = 0
    names: Counter[str] = field(default_factory=Counter)
    """How often each name will stand in the answer at this level."""

    def join(self, other: _Measure) -> None:
        """Take in what a fragment brings to the same level."""
        self.depth = max(self.depth, other.depth)
        self.hidden = max(self.hidden, other.hidden)
        self.aliases += other.aliases
        self.fields += other.fields
        self.introspections += other.introspections
        self.repeats += other.repeats - _again(other.names)
        self.names.update(other.names)


def _again(names: Counter[str]) -> int:
    return names.total() - len(names)


class Guard:
    """Measures documents against the limits, for one schema."""

    def __init__(
        self,
        schema: GraphQLSchema,
        *,
        sizes: Sizes,
        weights: Mapping[tuple[str, str], int],
    ) -> None:
        """``sizes`` says how long the lists without a page size can be, ``weights`` which fields
        cost more than the rule: 1 for an object, nothing for a value."""
        self._schema = schema
        self._sizes = sizes
        self._weights = weights
        self._moving = {
            name: size for (_, name), size in sizes.items() if not isinstance(size, int)
        }

    def check(self, document: DocumentNode) -> None:
        """Refuse by shape: what does not depend on the variables."""
        _Shape(document).check()

    def cost(self, document: DocumentNode, variables: Mapping[str, Any]) -> int:
        """At most how many objects the answer can hold (and what is dear besides).

        Never less than what is answered; fragments are counted wherever they are spread.
        """
        return _Bill(document, variables, self._schema, self._sizes, self._weights).total()

    def afford(
        self, document: DocumentNode, variables: Mapping[str, Any], costs: Costs | None = None
    ) -> None:
        """Refuse a question that could cost more than the limit. ``costs`` remembers what the
        document cost before."""
        if costs is None:
            cost = self.cost(document, variables)
        else:
            key = costs.key(variables, self._widths(costs.fields))
            if key not in costs.known:
                costs.known[key] = self.cost(document, variables)
            cost = costs.known[key]
        if cost > LIMITS.cost:
            shown = cost if cost < 10**9 else "> 10⁹"
            raise Invalid("query", "question_too_costly", cost=shown, limit=LIMITS.cost)

    def _widths(self, fields: frozenset[str]) -> tuple[int, ...]:
        """The lengths that move at run time, of those of these fields that have one."""
        if self._moving.keys().isdisjoint(fields):
            return ()
        return tuple(size() for name, size in self._moving.items() if name in fields)


class _Shape:
    """One walk over a document, each fragment measured once."""

    def __init__(self, document: DocumentNode) -> None:
        self._fragments: dict[str, FragmentDefinitionNode] = {}
        self._operations: list[OperationDefinitionNode] = []
        self._known: dict[str, _Measure | None] = {}
        self._directives = 0
        for each in document.definitions:
            if isinstance(each, FragmentDefinitionNode):
                self._fragments[each.name.value] = each
            elif isinstance(each, OperationDefinitionNode):
                self._operations.append(each)
        self._count = len(document.definitions) - len(self._operations)

    def check(self) -> None:
        self._hold("document_has_too_many_fragments", self._count, LIMITS.fragments)
        for operation in self._operations:
            self._directives += len(operation.directives)
            for variable in operation.variable_definitions:
                self._directives += len(variable.directives)
            whole = self._measure(operation.selection_set, 1)
            self._hold("document_too_deep", whole.depth, LIMITS.depth)
            self._hold("document_too_deep", whole.hidden, LIMITS.introspection_depth)
            self._hold("document_has_too_many_aliases", whole.aliases, LIMITS.aliases)
            self._hold("document_has_too_many_fields", whole.fields, LIMITS.fields)
            self._hold("document_repeats_itself", whole.repeats, LIMITS.repeats)
            self._hold(
                "document_asks_schema_too_often", whole.introspections, LIMITS.introspections
            )
        for name in self._fragments:  # unused ones are validated too
            self._hold("document_repeats_itself", self._spread(name, 1).repeats, LIMITS.repeats)
        self._hold("document_has_too_many_directives", self._directives, LIMITS.directives)

    @staticmethod
    def _hold(reason: str, count: int, limit: int) -> None:
        if count > limit:
            raise Invalid("query", reason, limit=limit)

    def _measure(self, chosen: SelectionSetNode, level: int) -> _Measure:
        if level > 4 * LIMITS.introspection_depth:
            raise Invalid("query", "document_too_deep", limit=LIMITS.depth)
        sum_ = _Measure()
        for each in chosen.selections:
            self._directives += len(each.directives)
            if isinstance(each, FieldNode):
                self._add_field(sum_, each, level)
            elif isinstance(each, InlineFragmentNode):
                sum_.join(self._measure(each.selection_set, level + 1))
            elif isinstance(each, FragmentSpreadNode):
                sum_.join(self._spread(each.name.value, level))
        sum_.repeats += _again(sum_.names)
        return sum_

    def _add_field(self, sum_: _Measure, node: FieldNode, level: int) -> None:
        sum_.fields += 1
        sum_.aliases += node.alias is not None
        sum_.names[(node.alias or node.name).value] += 1
        below = self._measure(node.selection_set, level + 1) if node.selection_set else _Measure()
        sum_.aliases += below.aliases
        sum_.fields += below.fields
        sum_.repeats += below.repeats
        sum_.introspections += below.introspections
        if node.name.value in ("__schema", "__type"):
            sum_.introspections += 1
            sum_.depth = max(sum_.depth, 1)
            sum_.hidden = max(sum_.hidden, 1 + below.depth)
        else:
            sum_.depth = max(sum_.depth, 1 + below.depth)
            sum_.hidden = max(sum_.hidden, below.hidden)

    def _spread(self, name: str, level: int) -> _Measure:
        if name in self._known:
            measure = self._known[name]
            if measure is None:
                raise Invalid("query", "document_goes_in_circles", fragment=name[:60])
            return measure
        fragment = self._fragments.get(name)
        if fragment is None:
            return _Measure()  # validation says which one is missing
        self._known[name] = None
        self._directives += len(fragment.directives)
        measure = self._measure(fragment.selection_set, level + 1)
        self._known[name] = measure
        return measure


class _Bill:
    """One reckoning of a document with its variables, each fragment once for every page size."""

    def __init__(
        self,
        document: DocumentNode,
        variables: Mapping[str, Any],
        schema: GraphQLSchema,
        sizes: Sizes,
        weights: Mapping[tuple[str, str], int],
    ) -> None:
        self._schema = schema
        self._sizes = sizes
        self._weights = weights
        self._given = variables
        self._fragments: dict[str, FragmentDefinitionNode] = {}
        self._known: dict[tuple[str, int], int] = {}
        self._defaults: dict[str, Any] = {}
        for each in document.definitions:
            if isinstance(each, FragmentDefinitionNode):
                self._fragments[each.name.value] = each
            elif isinstance(each, OperationDefinitionNode):
                self._operation = each
        for variable in self._operation.variable_definitions:
            self._defaults[variable.variable.name.value] = variable.default_value

    def total(self) -> int:
        root = self._schema.get_root_type(self._operation.operation)
        return self._sum(self._operation.selection_set, root, 0) if root else 0

    def _sum(self, chosen: SelectionSetNode, parent: Any, page: int) -> int:
        """``page`` is the size that was asked of the object whose fields these are."""
        sum_ = 0
        for each in chosen.selections:
            if isinstance(each, FieldNode):
                sum_ += self._field(each, parent, page)
            elif isinstance(each, InlineFragmentNode):
                inside = parent
                if each.type_condition is not None:
                    inside = self._schema.get_type(each.type_condition.name.value)
                sum_ += self._sum(each.selection_set, inside, page)
            elif isinstance(each, FragmentSpreadNode):
                sum_ += self._spread(each.name.value, page)
        return sum_

    def _spread(self, name: str, page: int) -> int:
        key = (name, page)
        if key not in self._known:
            fragment = self._fragments.get(name)
            if fragment is None:
                return 0
            inside = self._schema.get_type(fragment.type_condition.name.value)
            self._known[key] = self._sum(fragment.selection_set, inside, page)
        return self._known[key]

    def _field(self, node: FieldNode, parent: Any, page: int) -> int:
        name = node.name.value
        declared = parent.fields.get(name) if isinstance(parent, GraphQLObjectType) else None
        if declared is None:
            return 0  # __typename, introspection (counted by the shape), or validation's business
        asked = self._asked(node, declared)
        below = 0
        named = get_named_type(declared.type)
        if node.selection_set is not None:
            below = 1 + self._sum(node.selection_set, named, asked)
        below += self._weights.get((parent.name, name), 0)
        if not _is_list(declared):
            return below
        return below * (asked or self._length(parent.name, name) or page or _UNKNOWN_LIST)

    def _length(self, parent: str, name: str) -> int:
        size = self._sizes.get((parent, name), 0)
        return size if isinstance(size, int) else size()

    def _asked(self, node: FieldNode, declared: GraphQLField) -> int:
        """How many the arguments ask for; 0 if they do not say."""
        for name in SIZING:
            if name in declared.args:
                for argument in node.arguments:
                    if argument.name.value == name:
                        return self._size(argument.value)
                default = declared.args[name].default_value
                return 0 if default in (Undefined, None) else clamped(default)
        return 0

    def _size(self, value: Any) -> int:
        if isinstance(value, VariableNode):
            name = value.name.value
            if name in self._given:
                return clamped(self._given[name])
            value = self._defaults.get(name)
        if isinstance(value, IntValueNode):
            return clamped(int(value.value) if len(value.value) < 12 else PAGE_LIMIT)
        if isinstance(value, ListValueNode):
            return clamped(value.values)
        return PAGE_LIMIT


def _is_list(declared: GraphQLField) -> bool:
    kind = declared.type
    while isinstance(kind, GraphQLNonNull):
        kind = kind.of_type
    return isinstance(kind, GraphQLList)
