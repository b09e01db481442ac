"""Documents (文档): read, guarded and validated once, then found again by text or hash.

Persisted queries follow the protocol of Apollo's clients: the hash alone, and the text once more
if we do not know it (any more). A document that fails is never kept.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    validate,
    visit,
)
from graphql.validation.specified_rules import recommended_rules, specified_rules

from kernel.errors import Invalid, Problem
from kernel.values import dataclass
from schemas.graphql.compiler import Compiled, Unsupported, compile_query, reader, switches
from schemas.graphql.compiler.variables import Reader
from schemas.graphql.costs import Costs
from schemas.graphql.guard import LIMITS, Guard, read
from schemas.questions import hash_of

_TEXT = 262_144
"""Characters of all documents that are held."""


class NotPersisted(Problem):
    """A hash we hold no document for. The word is what Apollo's clients wait for."""

    code = "PERSISTED_QUERY_NOT_FOUND"

    def __init__(self) -> None:
        super().__init__("PersistedQueryNotFound")


class NotValid(Exception):
    """The document does not fit the schema."""

    def __init__(self, errors: list[GraphQLError]) -> None:
        super().__init__(errors[0].message)
        self.errors = errors


@dataclass(slots=True)
class Document:
    """One operation that passed."""

    node: DocumentNode
    hash: str
    text: str
    operation: OperationDefinitionNode
    content_only: bool
    """Every field is made of content, so its answer has a name (`answers.key_of`)."""
    introspects: bool
    swift: bool
    """Every field is read from the shelf's own rows, and so in a moment."""
    switches: tuple[str, ...]
    costs: Costs
    read: Reader
    """Its variables as they were sent, if they are plainly right."""
    compiled: dict[tuple[Any, ...], Compiled | None] = field(default_factory=dict)

    @property
    def asks(self) -> bool:
        """Is it a query?"""
        return self.operation.operation is OperationType.QUERY

    def named(self, name: str | None) -> bool:
        """Is this the operation that is asked for? None and an empty name ask for any."""
        own = self.operation.name
        return not name or (own is not None and own.value == name)

    def function(self, schema: GraphQLSchema, variables: dict[str, Any]) -> Compiled | None:
        """Its function for these variables; None leaves it to graphql-core."""
        if not self.asks:
            return None
        decided = {name: variables.get(name) for name in self.switches}
        variant = tuple(decided.values())
        if variant not in self.compiled:
            try:
                self.compiled[variant] = compile_query(schema, self.node, decided)
            except Unsupported:
                self.compiled[variant] = None
        return self.compiled[variant]


class Documents:
    """The documents asked for last. Bounded by their text: a parsed one takes 100 times that."""

    def __init__(
        self,
        schema: GraphQLSchema,
        guard: Guard,
        content: Callable[[str, str], bool],
        swift: Callable[[str, str], bool],
    ) -> None:
        """``content`` says of (type, field) whether it is made of content alone, ``swift`` whether
        it is read from the shelf's own rows."""
        self._schema = schema
        self._guard = guard
        self._content = content
        self._swift = swift
        self._held = 0
        self._kept: OrderedDict[str, Document] = OrderedDict()
        self._hashes: dict[str, str] = {}
        self._lock = threading.Lock()

    def find(
        self,
        text: str | None,
        hash_: str | None,
        variables: Mapping[str, Any],
        *,
        hints: bool = True,
    ) -> Document:
        """The document of a request, by its hash if that is known, else by its text.

        Raises `Invalid`, `NotPersisted` or `NotValid`. ``hints`` allows "did you mean".
        """
        if text is None:
            if not hash_:
                raise Invalid("query", "query_missing")
            found = self.held(hash_.lower())
            if found is None:
                raise NotPersisted
            return found
        if len(text) > LIMITS.size:
            raise Invalid("query", "document_too_long", limit=LIMITS.size)
        actual = self.hash_of(text)
        if hash_ and hash_.lower() != actual:
            raise Invalid("extensions.persistedQuery.sha256Hash", "hash_is_not_of_this_query")
        return self.held(actual) or self._keep(self._read(text, actual, variables, hints=hints))

    def hash_of(self, text: str) -> str:
        """By which its document is found; not worked out again for one that is kept."""
        return self._hashes.get(text) or hash_of(text)

    def held(self, hash_: str) -> Document | None:
        with self._lock:
            document = self._kept.get(hash_)
            if document is not None:
                self._kept.move_to_end(hash_)
            return document

    def _keep(self, document: Document) -> Document:
        with self._lock:
            if document.hash not in self._kept:
                self._kept[document.hash] = document
                self._hashes[document.text] = document.hash
                self._held += len(document.text)
            while self._held > _TEXT and len(self._kept) > 1:
                _, dropped = self._kept.popitem(last=False)
                del self._hashes[dropped.text]
                self._held -= len(dropped.text)
        return document

    def _read(
        self, text: str, hash_: str, variables: Mapping[str, Any], *, hints: bool
    ) -> Document:
        node = read(text)
        self._guard.check(node)
        self._guard.afford(node, variables)
        rules = [*specified_rules, *recommended_rules]
        errors = validate(self._schema, node, rules, max_errors=5, hide_suggestions=not hints)
        if errors:
            raise NotValid(errors)
        operation = next(
            each for each in node.definitions if isinstance(each, OperationDefinitionNode)
        )
        nature = self._nature(node)
        asks = operation.operation is OperationType.QUERY
        return Document(
            node, hash_, text, operation, content_only=nature["content"] and asks,
            introspects=nature["introspects"], swift=nature["swift"] and asks,
            switches=switches(node), costs=Costs(node), read=reader(self._schema, operation),
        )  # fmt: skip

    def _nature(self, node: DocumentNode) -> dict[str, bool]:
        """Is every field content, is every one swift, and is any about the schema itself?"""
        types = TypeInfo(self._schema)
        content, swift = self._content, self._swift
        seen = {"content": True, "swift": True, "introspects": False}

        class Seen(Visitor):
            def enter_field(self, field_node: FieldNode, *_: Any) -> None:
                parent, name = types.get_parent_type(), field_node.name.value
                if name in ("__schema", "__type"):
                    seen.update(introspects=True, content=False, swift=False)
                elif name != "__typename":
                    place = (parent.name if parent else "", name)
                    seen["content"] &= content(*place)
                    seen["swift"] &= swift(*place)

        visit(node, TypeInfoVisitor(types, Seen()))
        return seen
