"""Vocabularies (平台标签): the tags that a platform keeps itself, as rows to bring into ours."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol, runtime_checkable

from channels.accounts import Accounts, Channels
from kernel.errors import Invalid


class Word(NamedTuple):
    """One tag of a platform."""

    code: str
    label: str
    parent: str
    """The code of its group, or empty for a group itself."""


@runtime_checkable
class Words(Protocol):
    """A channel whose platform keeps tags."""

    def vocabulary(self) -> list[Word]: ...


class Vocabularies:
    """The tags of every account that has some."""

    def __init__(self, accounts: Accounts, channels: Channels) -> None:
        self._accounts = accounts
        self._channels = channels

    def rows(self, account: str) -> Iterator[tuple[int, dict[str, Any]]]:
        """As a sheet of tags, numbered in the platform's order. Raises `Invalid` for an account
        whose platform keeps none, and what the platform refuses."""
        channel = self._channels.of(self._accounts.one(account))
        if not isinstance(channel, Words):
            raise Invalid("account", "keeps_no_tags", account=account[:60])
        for number, word in enumerate(channel.vocabulary(), 1):
            yield number, {"code": word.code, "zh": word.label, "parent": word.parent}
