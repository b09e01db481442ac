"""An edition (版次): one schema with everything learned about the documents asked of it.

Immutable as far as askers can tell: a request keeps the edition it began with. It answers, and
knows no HTTP: the door translates `Outcome`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, Protocol

import orjson
from graphql import (
    ExecutionResult,
    GraphQLError,
    GraphQLSchema,
    execute,
    print_schema,
)
from graphql.execution.values import get_variable_values

from kernel.actors import Actor, Role
from kernel.errors import Forbidden, Invalid, Problem
from schemas.graphql.answers import Answer, Answers, Freshness, Outcome, key_of
from schemas.graphql.compiler.runtime import fitted
from schemas.graphql.context import Context
from schemas.graphql.documents import Document, Documents, NotPersisted, NotValid
from schemas.graphql.errors import refused, told
from schemas.graphql.guard import Guard
from schemas.questions import hash_of

_STRANGERS = {Role.CHANNEL_APP, Role.CUSTOMER, Role.COLLECTOR}
"""Whose tokens may lie in anybody's hands: no introspection for them, and no suggestions."""
_MOST_FLAWS = 5


class Unfit(Exception):
    """A text on the allow-list is no question that this schema could answer."""

    def __init__(self, text: str, why: str) -> None:
        super().__init__(why)
        self.text = text


class Asker(Protocol):
    """As much of a `Context` as the name of an answer depends on."""

    @property
    def actor(self) -> Actor: ...
    @property
    def language(self) -> str: ...
    @property
    def base_url(self) -> str: ...


class Edition:
    """Answers questions about one schema."""

    def __init__(
        self,
        schema: GraphQLSchema,
        guard: Guard,
        content: Callable[[str, str], bool],
        swift: Callable[[str, str], bool] = lambda *_: False,
        allowed: Mapping[str, str] | None = None,
    ) -> None:
        """``content`` says of (type, field) whether it is made of content alone, ``swift`` whether
        it is read from the shelf's own rows. ``allowed`` are the only texts, by their hash, that
        strangers may ask; None lets them ask anything. Raises `Unfit` for one that is none."""
        self.schema = schema
        self.guard = guard
        self.documents = Documents(schema, guard, content, swift)
        self.answers = Answers()
        self._allowed = allowed
        for text in (allowed or {}).values():
            self._fit(text)

    @cached_property
    def sdl(self) -> str:
        return print_schema(self.schema) + "\n"

    @cached_property
    def _name(self) -> str:
        return hashlib.sha256(self.sdl.encode()).hexdigest()[:12]

    def _fit(self, text: str) -> None:
        try:
            self.documents.find(text, None, {})
        except NotValid as refusal:
            raise Unfit(text, refusal.errors[0].message) from refusal
        except Invalid as refusal:
            if refusal.reason != "question_too_costly":  # it depends on the variables
                raise Unfit(text, refusal.message("en")) from refusal

    def answer(
        self,
        query: str | None,
        variables: Mapping[str, Any] | None,
        operation: str | None,
        context: Context,
        *,
        persisted: str | None = None,
        held: str = "",
        reading: bool = False,
    ) -> Answer:
        """Answer one question.

        ``persisted`` is the hash of a document, ``held`` the etag of an answer the asker has,
        ``reading`` says that the door must not change anything (GET).
        """
        given = variables or {}
        try:
            document = self._document(query, persisted, given, operation, context.actor)
            if reading and not document.asks:
                problem = Invalid("query", "mutations_are_posted")
                return _refusal(Outcome.NOT_A_QUESTION, problem, context)
            key = ""
            if document.content_only:
                key = self._key(document, given, context, context.freshness)
                if known := self._known(key, held):
                    return known
            self.guard.afford(document.node, given, document.costs)
        except NotPersisted as unknown:
            return _refusal(Outcome.NOT_KNOWN, unknown, context)
        except Problem as problem:
            return _refusal(Outcome.REFUSED, problem, context)
        except NotValid as refusal:
            return _wrong(refusal.errors, context)
        return self._executed(document, given, context, key)

    def name_of(
        self,
        persisted: str,
        variables: Mapping[str, Any],
        operation: str | None,
        asker: Asker,
        freshness: Freshness,
    ) -> str | None:
        """The name of the answer to a persisted query; None if it has none, or we hold none."""
        document = self.documents.held(persisted.lower())
        if document is None or not document.content_only or not document.named(operation):
            return None
        bound = self._allowed is not None and asker.actor.role in _STRANGERS
        if bound and document.hash not in (self._allowed or {}):
            return None
        return self._key(document, variables, asker, freshness)

    def _document(
        self,
        query: str | None,
        persisted: str | None,
        variables: Mapping[str, Any],
        operation: str | None,
        actor: Actor,
    ) -> Document:
        stranger = actor.role in _STRANGERS
        if stranger and self._allowed is not None:
            query = self._on_the_list(query, persisted)
        document = self.documents.find(query, persisted, variables, hints=not stranger)
        if stranger and document.introspects:
            raise Forbidden("introspection_is_for_developers")
        if not document.named(operation):
            raise Invalid("operationName", "no_such_operation", name=str(operation)[:60])
        return document

    def _on_the_list(self, query: str | None, persisted: str | None) -> str:
        """The text that is asked for, by itself or by its hash. Raises `Forbidden`."""
        hash_ = hash_of(query) if query else (persisted or "").lower()
        if (text := (self._allowed or {}).get(hash_)) is None:
            raise Forbidden("question_not_on_the_list")
        return text

    def _key(
        self,
        document: Document,
        variables: Mapping[str, Any],
        asker: Asker,
        freshness: Freshness,
    ) -> str:
        return key_of(
            self._name, document.hash, variables, asker.actor, asker.language, asker.base_url,
            freshness,
        )  # fmt: skip

    def _known(self, key: str, held: str) -> Answer | None:
        etag = f'"{key}"'
        if held == etag:
            return Answer(b"", etag, Outcome.UNCHANGED)
        return self.answers.of(key)

    def _executed(
        self, document: Document, given: Mapping[str, Any], context: Context, key: str
    ) -> Answer:
        variables = document.read(given) or get_variable_values(
            self.schema,
            document.operation.variable_definitions or (),
            dict(given),
            max_errors=_MOST_FLAWS,
            hide_suggestions=context.actor.role in _STRANGERS,
        )
        if isinstance(variables, list):
            return _wrong(variables, context)
        function = document.function(self.schema, variables)
        if function is not None:
            data, errors = function(context, variables)
        else:
            data, errors = self._walked(document, given, context)
        body: dict[str, Any] = {"data": data}
        if errors:
            body["errors"] = [told(error, context.language) for error in errors]
            return Answer(_json(body))
        if not key:
            return Answer(_json(body))
        answer = Answer(fitted(_json(body)), f'"{key}"')
        self.answers.keep(key, answer)
        return answer

    def _walked(
        self, document: Document, given: Mapping[str, Any], context: Context
    ) -> tuple[dict[str, Any] | None, list[GraphQLError]]:
        """What graphql-core answers: for mutations and for whatever is not compiled."""
        result = execute(
            self.schema, document.node, None, context, dict(given), is_awaitable=lambda _: False
        )
        assert isinstance(result, ExecutionResult)  # noqa: S101 - no resolver is asynchronous
        return result.data, result.errors or []


def _json(body: Any) -> bytes:
    return orjson.dumps(body, option=orjson.OPT_NON_STR_KEYS)


def _refusal(outcome: Outcome, problem: Problem, context: Context) -> Answer:
    return Answer(_json(refused(problem, context.language)), outcome=outcome)


def _wrong(errors: list[GraphQLError], context: Context) -> Answer:
    body = {"errors": [told(error, context.language) for error in errors]}
    return Answer(_json(body), outcome=Outcome.REFUSED)
