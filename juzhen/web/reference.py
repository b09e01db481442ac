"""The reference pages (接口文档): ``/docs`` for people, ``/openapi.json`` for machines.

Written from the same descriptions as the files under ``docs/``; nothing from elsewhere.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from flask import Blueprint, Response

from juzhen.web import pages
from juzhen.web.codes import CODES

if TYPE_CHECKING:
    from juzhen.wiring import Platform
    from schemas.graphql.skeletons import Skeleton

_CACHED = {"Cache-Control": "public, max-age=300"}


class Door(NamedTuple):
    """One operation, as the page tells it."""

    verb: str
    path: str
    summary: str
    credential: str
    answers: list[tuple[str, str]]


def blueprint(_platform: Platform) -> Blueprint:
    """Open to everybody, like the committed files."""
    door = Blueprint("reference", __name__)

    @door.get("/openapi.json")
    def described() -> Response:
        return Response(_openapi().text(), 200, _CACHED, content_type="application/json")

    @door.get("/docs")
    def reference() -> Response:
        return pages.page("docs.html", doors=_doors(), codes=CODES)

    @door.get("/docs/playground")
    def playground() -> Response:
        """For whoever builds a front end: asks with her own token, and holds nothing."""
        told = _skeletons()
        first = next(each for each in told if each.name == "shelf")
        return pages.page("playground.html", told=told, first=first)

    @door.get("/docs/errors")
    def errors() -> Response:
        return pages.page("errors.html", codes=CODES)

    @door.get("/docs/schema.graphql")
    def sdl() -> Response:
        return Response(_sdl(), 200, _CACHED, content_type="text/plain; charset=utf-8")

    return door


def _openapi() -> Any:
    """What writes it is large: a start does not wait for it."""
    from schemas import openapi

    return openapi


def _schema() -> Any:
    """As large as that."""
    from schemas.graphql import schema

    return schema


@cache
def _sdl() -> str:
    return str(_schema().sdl())


@cache
def _skeletons() -> list[Skeleton]:
    from schemas.graphql.skeletons import skeletons

    return list(skeletons(_schema().described()))


@cache
def _doors() -> list[Door]:
    return [
        Door(verb.upper(), path, told["summary"], _credential(told), _answers(told))
        for path, operations in _openapi().description()["paths"].items()
        for verb, told in operations.items()
    ]


def _credential(told: dict[str, Any]) -> str:
    return ", ".join(name for each in told.get("security", ()) for name in each)


def _answers(told: dict[str, Any]) -> list[tuple[str, str]]:
    return [(status, each["description"]) for status, each in sorted(told["responses"].items())]
