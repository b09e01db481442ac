"""The swift way (快路): GraphQL that the front answers itself, without a thread and without Flask.

Only questions about what stands on a shelf: their documents are compiled, their rows are looked up
by the bare driver, and a look that takes long is broken off and asked again by the application.
Whatever is unusual about a request (a cookie, another language, a word we do not know) is left to
the application too, which answers the same from the same edition. What is about more than the shelf
but changes nothing is answered the same way in a thread that may take its time.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from juzhen import metrics
from juzhen.web.answers import SAFE, Answer, Header
from juzhen.web.asking import request_id
from juzhen.web.graphql import PATH, Question, asked, contexts, posted, spelled
from kernel import logs
from kernel.actors import Actor
from kernel.errors import Invalid, Overloaded, SignedOff
from kernel.latest import Latest
from kernel.values import dataclass
from schemas.graphql.answers import Answer as Told
from schemas.graphql.answers import Freshness, Outcome
from schemas.questions import hash_of
from stores.looks import Looks, TooLong

if TYPE_CHECKING:
    from juzhen.wiring import Platform

_KEPT = 4_096
_HEADERS = [pair for pair in SAFE if pair[0] != "cache-control"]


@dataclass(frozen=True, slots=True)
class _Asker:
    """As much of a context as the name of an answer depends on."""

    actor: Actor
    language: str
    base_url: str


@dataclass(frozen=True, slots=True)
class _Ready:
    """Where the answer to a request lies, and as of when that is so."""

    key: str
    etag: str
    headers: list[tuple[str, str]]
    access: int
    freshness: Freshness
    until: datetime
    """When the asker's token expires."""


class Swift:
    """One process's swift way. Runs on the front's loop, so it never waits."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._context = contexts(platform)
        self._known: dict[str, str] = {}
        self._ready = Latest[tuple[str | None, ...], _Ready](_KEPT)
        self._answered = metrics.metric("juzhen_requests_total", door="graphql", status="2xx")
        self._took = metrics.metric("juzhen_request_seconds", door="graphql")

    async def get(self, path: str, query: str, header: Header) -> Answer | None:
        """A persisted answer that is kept, or that the asker holds; None for the application."""
        looks = self._platform.records.looks
        if path != PATH or looks is None or header("cookie"):
            return None
        begun = time.perf_counter()
        try:
            _begin(looks)
            told = self._kept(query, header)
        except (Overloaded, TooLong):
            return None
        finally:
            looks.let_go()
        if told is not None:
            self._count(begun)
        return told

    async def post(self, header: Header, body: bytes) -> Answer | None:
        """The answer to a question about the shelf; None leaves it to the application."""
        looks = self._platform.records.looks
        if looks is None or not plain(header):
            return None
        try:
            _begin(looks)
            return self._posted(header, body)
        except (Overloaded, TooLong):
            return None
        finally:
            looks.let_go()

    def ask(self, path: str, header: Header, body: bytes) -> Answer | None:
        """The answer to any question that changes nothing, for a thread that may take its time;
        None leaves it to the application."""
        if path != PATH or not plain(header):
            return None
        request = request_id(header("x-request-id"))
        logs.bind(request=request)
        try:
            with self._platform.changes.as_of_now():
                told = self._posted(header, body, patient=True)
        except Overloaded:  # our own stores are away: the application says when to come back
            return None
        finally:
            logs.bind()
        return told and told._replace(headers=[*told.headers, ("x-request-id", request)])

    def _posted(self, header: Header, body: bytes, *, patient: bool = False) -> Answer | None:
        begun = time.perf_counter()
        try:
            told = self._answer(header, body, patient=patient)
        except (Invalid, SignedOff, Overloaded, TooLong):
            return None  # the application says what is wrong, or takes its time
        if told is None or told.outcome is not Outcome.ANSWERED:
            return None
        self._count(begun)
        return Answer(200, _headers(header("accept") or ""), told.body)

    def _answer(self, header: Header, body: bytes, *, patient: bool) -> Told | None:
        platform = self._platform
        bearer = header("authorization") or ""
        if b"\\u0000" in body or not bearer.startswith("Bearer "):
            return None
        question = posted(body)
        documents = platform.edition.documents
        query, hash_ = question.query, (question.persisted or "").lower()
        if query is not None:
            hash_ = documents.hash_of(query)
        document = documents.held(hash_)
        if document is None or not (document.asks if patient else document.swift):
            return None
        if query and question.persisted and not platform.persisted.knows(hash_):
            return None  # it is to be written down
        actor = platform.access.of_token(bearer.removeprefix("Bearer ").strip())
        context = self._context(
            actor=actor, language=_tongue({}, header, actor), now=platform.clock(),
            known=self._known,
        )  # fmt: skip
        return platform.edition.answer(
            question.query, question.variables, question.operation, context,
            persisted=question.persisted,
        )  # fmt: skip

    def _kept(self, query: str, header: Header) -> Answer | None:
        platform, held = self._platform, header("if-none-match") or ""
        bearer, accept = header("authorization") or "", header("accept") or ""
        request = (query, bearer, accept, header("accept-language"))
        now = platform.clock()
        ready = self._ready.get(request)
        access, freshness = platform.changes.version("access"), platform.shelf.freshness(now)
        if ready is None or (ready.access, ready.freshness) != (access, freshness):
            ready = self._look_up(query, bearer, header, access, freshness, now)
            if ready is not None:
                self._ready.put(request, ready)
        if ready is None or ready.until <= now:
            return None
        if held == ready.etag:
            return Answer(304, ready.headers)
        told = platform.edition.answers.of(ready.key)
        return Answer(200, ready.headers, told.body) if told else None

    def _look_up(
        self,
        query: str,
        bearer: str,
        header: Header,
        access: int,
        freshness: Freshness,
        now: datetime,
    ) -> _Ready | None:
        """Where the answer would lie now; None if the application has to say more."""
        platform = self._platform
        if not bearer.startswith("Bearer "):
            return None
        try:
            sent = {name: values[0] for name, values in parse_qs(query).items()}
            question = asked(sent)
            actor, until = platform.access.credential(bearer.removeprefix("Bearer ").strip())
        except (Invalid, SignedOff, ValueError):
            return None
        if question.query and _hash(question) != (question.persisted or _hash(question)).lower():
            return None
        asker = _Asker(actor, _tongue(sent, header, actor), platform.base_url)
        key = platform.edition.name_of(
            _hash(question), question.variables, question.operation, asker, freshness
        )
        if key is None:
            return None
        etag = f'"{key}"'
        headers = [*_headers(header("accept") or ""), ("etag", etag)]
        return _Ready(key, etag, headers, access, freshness, until)

    def _count(self, begun: float) -> None:
        self._answered.inc()
        self._took.observe(time.perf_counter() - begun)


def plain(header: Header) -> bool:
    """Is there nothing about it that only the application knows what to do with?"""
    if header("cookie") or header("idempotency-key"):
        return False
    return (header("content-type") or "").startswith("application/json")


def _begin(looks: Looks) -> None:
    """All of one answer is looked up at one moment, and none of it for long."""
    if not looks.hurried:
        looks.hurry()
    looks.hold()


def _hash(question: Question) -> str:
    return (question.persisted or "").lower() if question.query is None else hash_of(question.query)


@lru_cache(maxsize=256)
def _headers(accept: str) -> list[tuple[str, str]]:
    _, named = spelled(Told(b""), accept, reading=False)
    return [*((name.lower(), value) for name, value in named.items()), *_HEADERS]


def _tongue(sent: Mapping[str, str], header: Header, actor: Actor) -> str:
    """As `juzhen.web.asking.language` says it, for a request without cookies."""
    chosen = sent.get("lang")
    if chosen in {"zh", "en"}:
        return str(chosen)
    if actor.staff:
        return actor.language
    return _best(header("accept-language"))


@lru_cache(maxsize=256)
def _best(accepted: str | None) -> str:
    languages = parse_accept_header(accepted, LanguageAccept)
    return str(languages.best_match(["zh", "zh-CN", "en"], "zh"))[:2]
