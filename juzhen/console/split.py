"""Split by ecosystem (分生态): which part of its figures a page is asked for. Counts nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from flask import request

from channels.accounts import Account
from data_hub.measures.buyers import Among
from data_hub.reports.base import WORLDS, End, Ends, world_of

if TYPE_CHECKING:
    from juzhen.wiring import Platform


def asked_world() -> str | None:
    """Which ecosystem's part a page shows: empty for what is in none of the four, None for all."""
    asked = request.args.get("world", "")
    return world_of(asked) if asked in WORLDS else None


def part(platform: Platform) -> tuple[Ends, Among]:
    """The accounts of the ecosystem that is asked for, and who is known there."""
    asked = Ends(ends(platform.accounts.all()), asked_world())
    return asked, platform.reports.among(asked.every, asked.world)


def ends(accounts: Sequence[Account]) -> list[End]:
    """Channel accounts as reports need them."""
    return [
        End(each.id, each.name, each.ecosystem, each.owned, each.reach_cost) for each in accounts
    ]
