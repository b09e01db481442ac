"""The door of GraphQL (图查询入口): HTTP on one side, `schemas.graphql` on the other.

POST asks and changes, GET only asks. An answer made of content alone leaves with an ETag, and
whoever holds it is told so without executing anything. Knows no field of the schema.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qs

import orjson
from flask import Blueprint, Response, request
from werkzeug.datastructures import LanguageAccept
from werkzeug.exceptions import UnsupportedMediaType
from werkzeug.http import parse_accept_header

from juzhen.web.answers import SAFE, Answer, Header, Quick
from juzhen.web.asking import asker, language
from kernel.actors import Actor
from kernel.errors import Invalid, SignedOff
from schemas.graphql.answers import Answer as Told
from schemas.graphql.answers import Outcome
from schemas.graphql.schema import Context

if TYPE_CHECKING:
    from juzhen.wiring import Platform

PATH = "/graphql"
BODY_LIMIT = 1 << 20
_NEW, _OLD = "application/graphql-response+json", "application/json"
_CACHED = {"Cache-Control": "private, no-cache", "Vary": "Authorization, Accept-Language, Accept"}
_KEEPERS = (
    "types", "taxonomy", "materials", "media", "campaigns", "shelf", "links", "finding",
    "publishing", "deliveries", "inbox", "accounts", "customers", "profiles", "staff", "history",
    "recommender", "reminders", "live_codes", "reps", "confirming", "base_url",
)  # fmt: skip
_STATUS = {
    Outcome.ANSWERED: 200,
    Outcome.UNCHANGED: 304,
    Outcome.REFUSED: 400,
    Outcome.NOT_A_QUESTION: 405,
    Outcome.NOT_KNOWN: 200,
}


class _Question(NamedTuple):
    """What was asked, as it came."""

    query: str | None
    variables: Mapping[str, Any]
    operation: str | None
    persisted: str | None


def blueprint(platform: Platform) -> Blueprint:
    """``POST /graphql``, and ``GET`` for questions."""
    door = Blueprint("graphql", __name__)
    known: dict[str, str] = {}

    def answered(question: _Question, *, reading: bool) -> Response:
        actor, tongue = asker(), language()
        question = _remembered(platform, question)
        keepers = {name: getattr(platform, name) for name in _KEEPERS}
        context = Context(
            actor=actor, language=tongue, now=platform.clock(), accounts_known=known, **keepers
        )
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
        status, headers = _spelled(told, request.headers.get("Accept", ""), reading=reading)
        return Response(told.body, status, headers)

    @door.post(PATH)
    def ask() -> Response:
        asker()
        if request.mimetype != _OLD:
            raise UnsupportedMediaType
        request.max_content_length = BODY_LIMIT
        return answered(_posted(request.get_data()), reading=False)

    @door.get(PATH)
    def read() -> Response:
        asker()
        return answered(_asked(request.args.to_dict()), reading=True)

    return door


def _remembered(platform: Platform, question: _Question) -> _Question:
    """The question with its text, if only its hash came and another process was told the text."""
    if question.query or not question.persisted:
        return question
    if platform.edition.documents.held(question.persisted.lower()) is not None:
        return question
    return question._replace(query=platform.persisted.text(question.persisted))


def _posted(body: bytes) -> _Question:
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


def _asked(sent: Mapping[str, str]) -> _Question:
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


def _question(sent: Mapping[str, Any]) -> _Question:
    for name, kind in (("query", str), ("operationName", str)):
        if not isinstance(sent.get(name), kind | None):
            raise Invalid(name, "not_a_text")
    for name in ("variables", "extensions"):
        if not isinstance(sent.get(name), dict | None):
            raise Invalid(name, "not_an_object")
    persisted = (sent.get("extensions") or {}).get("persistedQuery") or {}
    hash_ = persisted.get("sha256Hash") if isinstance(persisted, dict) else None
    if not isinstance(hash_, str | None):
        raise Invalid("extensions.persistedQuery.sha256Hash", "not_a_text")
    return _Question(
        sent.get("query") or None, sent.get("variables") or {}, sent.get("operationName"), hash_
    )


def _spelled(told: Told, accepted: str, *, reading: bool) -> tuple[int, dict[str, str]]:
    """Status and headers of an answer."""
    headers = {"Content-Type": f"{_NEW if _NEW in accepted else _OLD}; charset=utf-8"}
    headers |= _CACHED
    if told.etag and reading:
        headers["ETag"] = told.etag
    if told.outcome is Outcome.NOT_A_QUESTION:
        headers["Allow"] = "POST"
    return _STATUS[told.outcome], headers


@dataclass(frozen=True, slots=True)
class _Asker:
    """As much of a context as the name of an answer depends on."""

    actor: Actor
    language: str
    base_url: str


def quick(platform: Platform) -> Quick:
    """Answers for the front: what is kept, or what the asker holds already; None for the rest.

    Runs on the front's loop, so it only looks: two indexed statements on a file of this machine.
    Where the records are on another machine the application answers, from the same memory.
    """

    def ready(method: str, path: str, query: str, header: Header) -> Answer | None:
        bearer = header("authorization") or ""
        if path != PATH or method != "GET" or not bearer.startswith("Bearer "):
            return None
        if platform.records.on_postgres or header("cookie"):
            return None
        try:
            sent = {name: values[0] for name, values in parse_qs(query).items()}
            question = _asked(sent)
            actor = platform.access.of_token(bearer.removeprefix("Bearer ").strip())
        except (Invalid, SignedOff, ValueError):
            return None  # the application says what is wrong
        told = _kept(platform, question, actor, _tongue(sent, header, actor), header)
        if told is None:
            return None
        status, headers = _spelled(told, header("accept") or "", reading=True)
        safe = [pair for pair in SAFE if pair[0] != "cache-control"]
        named = [(name.lower(), value) for name, value in headers.items()]
        return Answer(status, [*named, *safe], told.body)

    return ready


def _kept(
    platform: Platform, question: _Question, actor: Actor, tongue: str, header: Header
) -> Told | None:
    text = question.query
    hash_ = question.persisted or ""
    if text is not None:
        actual = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
        if hash_.lower() not in {"", actual}:
            return None
        hash_ = actual
    return platform.edition.known(
        hash_,
        question.variables,
        question.operation,
        _Asker(actor, tongue, platform.base_url),
        lambda: platform.shelf.freshness(platform.clock()),
        header("if-none-match") or "",
    )


def _tongue(sent: Mapping[str, str], header: Header, actor: Actor) -> str:
    """As `juzhen.web.asking.language` says it, for a request without cookies."""
    chosen = sent.get("lang")
    if chosen in {"zh", "en"}:
        return str(chosen)
    if actor.staff:
        return actor.language
    accepted = parse_accept_header(header("accept-language"), LanguageAccept)
    return str(accepted.best_match(["zh", "zh-CN", "en"], "zh"))[:2]
