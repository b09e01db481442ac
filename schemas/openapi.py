"""OpenAPI (接口描述): every door that speaks JSON, as machines read it. Serves nothing.

``juzhen docs`` writes it to ``docs/openapi.json``, and a test says that it is fresh.
"""

from __future__ import annotations

import json
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import Schema, fields, validate

from schemas import uploads
from schemas.events import Item
from schemas.segment import PIXELS
from schemas.sensors import PATHS as SENSORS

PROBLEM = "application/problem+json"
_SHORT = {
    "/v1/track": "/v1/t",
    "/v1/identify": "/v1/i",
    "/v1/page": "/v1/p",
    "/v1/screen": "/v1/s",
    "/v1/group": "/v1/g",
    "/v1/alias": "/v1/a",
    "/v1/batch": "/v1/b",
}


class Flaw(Schema):
    """One thing that is wrong with one field."""

    field = fields.String(required=True)
    code = fields.String(required=True)
    message = fields.String(required=True)


class ProblemDetails(Schema):
    """What went wrong (RFC 9457). Codes are contract, sentences are for people."""

    type = fields.String(required=True)
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    code = fields.String(required=True)
    reason = fields.String()
    detail = fields.String(required=True)
    message = fields.String(metadata={"description": "At the intake doors, for old SDKs."})
    errors = fields.List(fields.Nested(Flaw))


class PersistedQuery(Schema):
    """A query by the hash of its text."""

    version = fields.Integer(validate=validate.Equal(1))
    sha256Hash = fields.String(required=True)


class Extensions(Schema):
    """What a question may carry besides."""

    persistedQuery = fields.Nested(PersistedQuery)


class Question(Schema):
    """A question to GraphQL: its text, or the hash of one that was sent before."""

    query = fields.String(validate=validate.Length(max=65_536))
    variables = fields.Dict()
    operationName = fields.String()
    extensions = fields.Nested(Extensions)


class GraphQLAnswer(Schema):
    """The data, and what went wrong on the way; codes stand in ``extensions.code``."""

    data = fields.Dict(allow_none=True)
    errors = fields.List(fields.Dict())


class Batch(Schema):
    """Behaviour on Segment's wire; good events are kept whatever their neighbours are."""

    batch = fields.List(fields.Nested(Item), required=True)
    sentAt = fields.DateTime()


class Records(Schema):
    """Behaviour on 神策's wire: base64 of JSON, gzipped where ``gzip`` is 1."""

    data = fields.String(metadata={"description": "One record, or a list of them."})
    data_list = fields.String(metadata={"description": "The same."})
    gzip = fields.Integer(validate=validate.OneOf([0, 1]))
    ext = fields.String(metadata={"description": "`crc=` over the base64 text."})


class SourceSettings(Schema):
    """What a browser's SDK asks for before it sends."""

    integrations = fields.Dict(required=True, metadata={"description": "`Segment.io`: this door."})


class Taken(Schema):
    """It is kept: answered once it is on the disk."""

    success = fields.Boolean(required=True)
    accepted = fields.Integer(required=True)
    rejected = fields.List(fields.Dict(), metadata={"description": "With index, code and field."})


class Exchange(Schema):
    """Who logged in to the front end: its own word, or the code of a mini program's platform."""

    user_id = fields.String(validate=validate.Length(min=1, max=255))
    code = fields.String(validate=validate.Length(min=1, max=200))


class CustomerToken(Schema):
    """A token that answers for one customer, for half an hour."""

    token = fields.String(required=True)
    expires = fields.DateTime(required=True)


class Upload(Schema):
    """The file that was taken in, or that was there already."""

    id = fields.String(required=True)
    kind = fields.String()
    size = fields.Integer()
    pages = fields.Integer(allow_none=True)
    seconds = fields.Integer()


class Alive(Schema):
    """The process runs."""

    alive = fields.Boolean(required=True)


class Ready(Schema):
    """Whether requests should be sent here, and if not, why."""

    ready = fields.Boolean(required=True)
    flaws = fields.List(fields.String(), required=True)


def text() -> str:
    """The description as a file: sorted, so that a change shows as a change."""
    return json.dumps(description(), ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def description() -> dict[str, Any]:
    """The whole description."""
    spec = APISpec(
        title="juzhen 矩阵",
        version="1",
        openapi_version="3.1.0",
        info={"description": "Content out, behaviour in. GraphQL has a schema of its own."},
        plugins=[MarshmallowPlugin()],
    )
    for name, scheme in _CREDENTIALS.items():
        spec.components.security_scheme(name, scheme)
    for path, operations in _doors().items():
        spec.path(path=path, operations=operations)
    told: dict[str, Any] = spec.to_dict()
    return told


_CREDENTIALS = {
    "token": {"type": "http", "scheme": "bearer", "description": "A machine's token: jz_…"},
    "write_key": {"type": "http", "scheme": "basic", "description": "A channel's write key."},
}
_REPEATS = {
    "in": "header",
    "name": "Idempotency-Key",
    "schema": {"type": "string", "maxLength": 255},
    "description": "The same key and body gives the same answer for 24 h; another body 422.",
}


def _json(schema: type[Schema], kind: str = "application/json") -> dict[str, Any]:
    return {kind: {"schema": schema}}


def _operation(
    summary: str,
    answers: dict[str, dict[str, Any]],
    refusals: tuple[str, ...] = (),
    **more: Any,
) -> dict[str, Any]:
    """One operation; what it refuses is always a problem."""
    told = {
        status: {"description": _REFUSALS[status], "content": _json(ProblemDetails, PROBLEM)}
        for status in refusals
    }
    return {"summary": summary, "responses": answers | told, **more}


_REFUSALS = {
    "400": "It cannot be read.",
    "401": "Nobody is known by these credentials.",
    "403": "Known, and not allowed.",
    "404": "There is no such thing, or not for this asker.",
    "405": "Not by this verb.",
    "413": "It is too large.",
    "415": "Not of a kind that this door reads.",
    "422": "Something in it cannot be accepted; `errors` names the fields.",
    "429": "Too much waits already; `Retry-After` says when.",
    "503": "Not now; `Retry-After` says when.",
}


def _answer(schema: type[Schema], about: str = "Done.") -> dict[str, Any]:
    return {"description": about, "content": _json(schema)}


def _doors() -> dict[str, dict[str, Any]]:
    return {**_graphql(), **_intake(), **_callbacks(), **_public(), **_operating()}


def _graphql() -> dict[str, Any]:
    told = _answer(GraphQLAnswer, "Answered; also when single fields went wrong.")
    refused = _answer(GraphQLAnswer, "Refused before anything was executed.")
    named = {"ETag": {"schema": {"type": "string"}}}
    texts = [
        {"in": "query", "name": name, "schema": {"type": "string"}}
        for name in ("query", "variables", "operationName", "extensions")
    ]
    token: list[dict[str, list[str]]] = [{"token": []}]
    wrong = ("401", "415", "413", "422")
    return {
        "/graphql": {
            "get": _operation(
                "Ask GraphQL; variables and extensions are JSON",
                {
                    "200": told | {"headers": named},
                    "304": {"description": "The asker holds this answer already."},
                    "400": refused,
                    "405": _answer(GraphQLAnswer, "Mutations are posted."),
                },
                ("401", "422"),
                parameters=texts,
                security=token,
            ),
            "post": _operation(
                "Ask or change by GraphQL: one question a request",
                {"200": told, "400": refused},
                wrong,
                requestBody={"required": True, "content": _json(Question)},
                parameters=[_REPEATS],
                security=token,
            ),
        },
        "/auth/exchange": {
            "post": _operation(
                "Exchange a customer's login for a token of hers",
                {"200": _answer(CustomerToken)},
                ("401", "403", "422"),
                requestBody={"required": True, "content": _json(Exchange)},
                security=token,
            )
        },
    }


def _intake() -> dict[str, Any]:
    doors: dict[str, Any] = {}
    for long, short in _SHORT.items():
        verb = long.rsplit("/", 1)[1]
        body = Batch if verb == "batch" else Item
        for path in (long, short):
            doors[path] = {
                "post": _operation(
                    f"Behaviour in, on Segment's wire: {verb}",
                    {"200": _answer(Taken, "Kept durably.")},
                    ("400", "401", "413", "429", "503"),
                    requestBody={"required": True, "content": _json(body)},
                    security=[{"write_key": []}],
                )
            }
    doors["/v1/import"] = doors["/beacon/v1/batch"] = doors["/v1/batch"]
    image = {"200": {"description": "A pixel, whatever came.", "content": {"image/gif": {}}}}
    for path in sorted(PIXELS):
        key = [{"in": "query", "name": "writeKey", "schema": {"type": "string"}}]
        about = "Behaviour in, told by an image: each pair of the query is a field"
        doors[path] = {"get": _operation(about, image, parameters=key)}
    named = [{"in": "path", "name": "key", "required": True, "schema": {"type": "string"}}]
    doors["/v1/projects/{key}/settings"] = {
        "get": _operation(
            "What a browser's SDK needs to know of a write key",
            {"200": _answer(SourceSettings, "Where and how to send.")},
            ("404",),
            parameters=named,
        )
    }
    return doors | _sensors()


def _sensors() -> dict[str, Any]:
    asked = [
        {"in": "query", "name": name, "schema": {"type": "string"}} for name in ("project", "token")
    ]
    body = _json(Records, "application/x-www-form-urlencoded")
    about = "Behaviour in, on 神策's wire: base64 of a record or a list of records"
    taken, wrong = {"200": _answer(Taken, "Kept durably.")}, ("400", "401", "413", "429", "503")
    post = _operation(
        about, taken, wrong, parameters=asked, requestBody={"required": True, "content": body}
    )
    image = {"200": {"description": "A pixel.", "content": {"image/gif": {}}}}
    data = [{"in": "query", "name": "data", "schema": {"type": "string"}}]
    get = _operation(f"{about}, as an image", image, wrong, parameters=[*asked, *data])
    return {path: {"post": post, "get": get} for path in sorted(SENSORS)}


def _callbacks() -> dict[str, Any]:
    account = {"in": "path", "name": "account", "required": True, "schema": {"type": "string"}}
    raw = {"200": {"description": "What the platform waits for.", "content": {"text/plain": {}}}}
    about = "A platform calls back; signed as that platform signs"
    one = _operation(about, raw, ("403", "404"), parameters=[account])
    return {"/callbacks/{account}": {"get": one, "post": one}}


def _public() -> dict[str, Any]:
    def named(*names: str) -> list[dict[str, Any]]:
        return [
            {"in": "path", "name": name, "required": True, "schema": {"type": "string"}}
            for name in names
        ]

    html: dict[str, Any] = {"text/html": {}}
    page = {"200": {"description": "A page, or one that says it is over.", "content": html}}
    seen: dict[str, Any] = {"200": {"description": "The bytes."}}
    data = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
    return {
        "/t/{code}": {
            "get": _operation(
                "A tracked link: counts the opening, then the content",
                page | {"302": {"description": "On to the content."}},
                ("404",),
                parameters=named("code"),
            )
        },
        "/t/{code}/qr.{form}": {
            "get": _operation(
                "The same as a QR code", seen, ("404",), parameters=named("code", "form")
            )
        },
        "/c/{material}": {
            "get": _operation(
                "A material's own page for a customer", page, ("404",), parameters=named("material")
            )
        },
        "/stop": {
            "get": _operation("Whether marketing reaches her, and why", page, ()),
            "post": _operation("She wants no more marketing", page, ()),
        },
        "/media": {
            "post": _operation(
                "Upload a file: the body is its bytes",
                {"201": _answer(Upload, "Taken in.")},
                ("401", "403", "413", "422"),
                requestBody={"required": True, "content": data},
                security=[{"token": []}],
            )
        },
        **uploads.PATHS,
        "/media/{id}/{rendition}": {
            "get": _operation(
                "A file in one form of it", seen, ("404",), parameters=named("id", "rendition")
            )
        },
    }


def _operating() -> dict[str, Any]:
    return {
        "/livez": {"get": _operation("Is the process alive?", {"200": _answer(Alive)})},
        "/readyz": {
            "get": _operation(
                "May requests be sent here?",
                {"200": _answer(Ready, "Yes."), "503": _answer(Ready, "No, and why.")},
            )
        },
        "/metrics": {
            "get": _operation(
                "Counters for Prometheus",
                {"200": {"description": "Text.", "content": {"text/plain": {}}}},
            )
        },
        "/openapi.json": {
            "get": _operation(
                "This description",
                {"200": {"description": "OpenAPI.", "content": {"application/json": {}}}},
            )
        },
    }
