"""The doors (入口): every blueprint there is, in one list. Opens nothing by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint

from juzhen import console, workbench
from juzhen.web import (
    callbacks,
    collect,
    exchange,
    graphql,
    login,
    operations,
    public,
    reference,
    stopping,
    tour,
    uploads,
)

if TYPE_CHECKING:
    from juzhen.wiring import Platform


def all_of(platform: Platform) -> list[Blueprint]:
    """Every door of one process."""
    rooms = (
        operations, login, exchange, graphql, collect, callbacks, public, stopping, uploads,
        reference, tour, console, workbench,
    )  # fmt: skip
    return [room.blueprint(platform) for room in rooms]
