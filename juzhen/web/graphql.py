"""The door of GraphQL (图查询入口): HTTP on one side, `schemas.graphql` on the other.

POST asks and changes, GET only asks. An answer made of content alone leaves with an ETag, and
whoever holds it is told so without executing anything. Knows no field of the schema.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
from flask import Blueprint, Response, request
from werkzeug.exceptions import UnsupportedMediaType

from juzhen.web.asking import asker, language
from juzhen.web.problems import problem_details
from kernel.errors import Invalid
from schemas import questions
from schemas.graphql.answers import Answer as Told
from schemas.graphql.answers import Outcome
from schemas.graphql.context import Context, sharing

if TYPE_CHECKING:
    from juzhen.wiring import Platform

PATH = "/graphql"
BODY_LIMIT = 1 << 20
_NEW, _OLD = "application/graphql-response+json", "application/json"
_CACHED = {"Cache-Control": "private, no-cache", "Vary": "Authorization, Accept-Language, Accept"}
_KEEPERS = tuple(
    each.name
    for each in dataclasses.fields(Context)
    if each.init and each.name not in {"actor", "language", "now", "accounts_known"}
)
"""What a resolver may ask besides who asks and when; the platform has it by the same name."""
_STATUS = {
    Outcome.ANSWERED: 200,
    Outcome.UNCHANGED: 304,
    Outcome.REFUSED: 400,
    Outcome.NOT_A_QUESTION: 405,
    Outcome.NOT_KNOWN: 200,
}


class Question(NamedTuple):
    """What was asked, as it came."""

    query: str | None
    variables: Mapping[str, Any]
    operation: str | None
    persisted: str | None


def blueprint(platform: Platform) -> Blueprint:
    """``POST /graphql``, and ``GET`` for questions."""
    door = Blueprint("graphql", __name__)
    known: dict[str, str] = {}
    context_of = contexts(platform)

    def malformed(problem: Invalid) -> Response:
        """What is no question at all is a bad request, says GraphQL over HTTP."""
        told = problem_details(problem, language()) | {"status": 400}
        return Response(orjson.dumps(told), 400, content_type="application/problem+json")

    def answered(question: Question, *, reading: bool) -> Response:
        actor, tongue = asker(), language()
        question = _remembered(platform, question)
        context = context_of(actor=actor, language=tongue, now=platform.clock(), known=known)
        told = platform.edition.answer(
            question.query,
            question.variables,
            question.operation,
            context,
            persisted=question.persisted,
            held=request.headers.get("If-None-Match", "") if reading else "",
            reading=reading,
        )
        if question.query and question.persisted and told.outcome is Outcome.ANSWERED:
            platform.persisted.keep(question.persisted, question.query)
        status, headers = spelled(told, request.headers.get("Accept", ""), reading=reading)
        return Response(told.body, status, headers)

    @door.post(PATH)
    def ask() -> Response:
        asker()
        if request.mimetype != _OLD:
            raise UnsupportedMediaType
        request.max_content_length = BODY_LIMIT
        try:
            question = posted(request.get_data())
        except Invalid as problem:
            return malformed(problem)
        return answered(question, reading=False)

    @door.get(PATH)
    def read() -> Response:
        asker()
        try:
            question = asked(request.args.to_dict())
        except Invalid as problem:
            return malformed(problem)
        return answered(question, reading=True)

    return door


def contexts(platform: Platform) -> Callable[..., Context]:
    """Makes contexts with the keepers that resolvers may ask."""
    return sharing({name: getattr(platform, name) for name in _KEEPERS})


def _remembered(platform: Platform, question: Question) -> Question:
    """The question with its text, if only its hash came and another process was told the text."""
    if question.query or not question.persisted:
        return question
    if platform.edition.documents.held(question.persisted.lower()) is not None:
        return question
    return question._replace(query=platform.persisted.text(question.persisted))


def posted(body: bytes) -> Question:
    """The question in a body. Raises `Invalid` naming what is wrong with it."""
    try:
        sent = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise Invalid("body", "body_is_not_json") from None
    if isinstance(sent, list):
        raise Invalid("body", "no_batches")
    if not isinstance(sent, dict):
        raise Invalid("body", "body_is_not_json")
    return _question(sent)


def asked(sent: Mapping[str, str]) -> Question:
    """The question in an address, where objects are spelled as JSON."""
    told: dict[str, Any] = dict(sent)
    for name in ("variables", "extensions"):
        if text := sent.get(name):
            try:
                told[name] = orjson.loads(text)
            except ValueError:
                raise Invalid(name, "not_an_object") from None
        else:
            told.pop(name, None)
    return _question(told)


def _question(sent: dict[str, Any]) -> Question:
    told = questions.asked(sent)
    hash_ = questions.persisted((told.get("extensions") or {}).get("persistedQuery"))
    return Question(
        told.get("query") or None, told.get("variables") or {}, told.get("operationName"), hash_
    )


def spelled(told: Told, accepted: str, *, reading: bool) -> tuple[int, dict[str, str]]:
    """Status and headers of an answer. Who understands only plain JSON is answered 200 to whatever
    could be read: she cannot tell a refusal of ours from one on the way, says GraphQL over HTTP."""
    new = _NEW in accepted
    headers = {"Content-Type": f"{_NEW if new else _OLD}; charset=utf-8"}
    headers |= _CACHED
    if told.etag and reading:
        headers["ETag"] = told.etag
    if told.outcome is Outcome.NOT_A_QUESTION:
        headers["Allow"] = "POST"
    refused = told.outcome is Outcome.REFUSED
    return 200 if refused and not new else _STATUS[told.outcome], headers
