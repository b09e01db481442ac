"""Boards of roles (角色看板) through GraphQL: which figures a role sees first is chosen here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import graphene

from data_hub.measures import Board
from kernel.actors import Role, require
from kernel.errors import Invalid
from schemas.graphql.binding import Ask
from schemas.graphql.context import Context
from schemas.graphql.shapes import Moment, key, verb
from schemas.graphql.types import ObjectType


class RoleBoard(ObjectType):
    """The figures that a role sees first."""

    role = graphene.String(required=True, resolver=lambda board, ask: board.role.value)
    codes = graphene.List(
        graphene.NonNull(graphene.ID),
        required=True,
        resolver=lambda board, ask: [kpi.code for kpi in board.kpis],
    )
    reason = graphene.String(required=True, description="Why it holds more than five.")
    by = graphene.String(required=True)
    at = graphene.Field(Moment)


def choose_board(ask: Ask, sent: Mapping[str, Any]) -> Board:
    """Choose the figures that a role sees first; more than five need a reason, which is kept."""
    context: Context = ask.context
    require(context.actor, "manage_boards")
    if sent["role"] not in set(Role):
        raise Invalid("role", "not_a_role_of_staff", role=sent["role"])
    chosen: Board = context.boards.choose(
        Role(sent["role"]), sent["codes"], by=context.actor.id, reason=sent.get("reason") or ""
    )
    return chosen


VERBS = {
    "choose_board": verb(
        "chooseBoard",
        "board",
        RoleBoard,
        choose_board,
        role=key(),
        reason=graphene.String(),
        codes=graphene.List(graphene.NonNull(graphene.ID), required=True),
    ),
}
SIZES = {("RoleBoard", "codes"): 8}
