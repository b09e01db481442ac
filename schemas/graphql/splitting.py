"""Split by ecosystem (分生态), as GraphQL asks for it: which accounts, and who is known there."""

from __future__ import annotations

from collections.abc import Sequence

import graphene

from channels.accounts import Account
from data_hub.measures.buyers import Among
from data_hub.reports.base import End, Ends, world_of
from schemas.graphql.context import Context


def part() -> graphene.ID:
    """The argument."""
    return graphene.ID(
        description="One of the four ecosystems, or `none`: what is in none of them. Whoever is "
        "known in several is in the part of each.",
    )


def split(context: Context, ecosystem: str) -> tuple[Ends, Among]:
    """The accounts of an ecosystem, and who is known there."""
    asked = Ends(ends(context.accounts.all()), world_of(ecosystem))
    return asked, context.reports.among(asked.every, asked.world)


def ends(accounts: Sequence[Account]) -> list[End]:
    """Channel accounts as reports need them."""
    return [
        End(each.id, each.name, each.ecosystem, each.owned, each.reach_cost) for each in accounts
    ]
