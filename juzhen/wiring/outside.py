"""Adapters from outside (外部适配器): channels that another distribution brings along.

A distribution names them under the entry point group ``juzhen.channels``: the name is the kind of
account, the object makes its channel. Loaded once, when a process is wired; a kind of ours is never
replaced. The guide is docs/channels/writing-an-adapter.md.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from importlib.metadata import entry_points
from typing import Any

from channels.accounts import Account, Factory, Needs
from channels.base import Channel
from channels.outbound import Http, RateGate
from kernel.clock import Clock
from kernel.errors import Conflict
from kernel.secret import Secret
from kernel.values import dataclass

GROUP = "juzhen.channels"


@dataclass(frozen=True, slots=True)
class Tools:
    """What an adapter from outside is given: the one way out, its rate gate, and the time."""

    http: Http
    gate: RateGate
    clock: Clock


def found(tools: Tools, ours: Collection[str]) -> tuple[dict[str, Factory], dict[str, Needs]]:
    """Every adapter from outside and what its accounts must have.

    Raises `Conflict` for one that takes a kind which is there already.
    """
    factories: dict[str, Factory] = {}
    needs: dict[str, Needs] = {}
    for entry in entry_points(group=GROUP):
        if entry.name in ours or entry.name in factories:
            raise Conflict("channel_kind_taken", kind=entry.name)
        make = entry.load()
        factories[entry.name] = _factory(make, tools)
        needs[entry.name] = getattr(make, "needs", Needs())
    return factories, needs


def _factory(make: Any, tools: Tools) -> Factory:
    def channel(account: Account, secrets: Mapping[str, Secret]) -> Channel:
        made: Channel = make(account, secrets, tools)
        return made

    return channel
