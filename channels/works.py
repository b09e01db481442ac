"""Works (平台已发布内容): what an account published by itself, to be chosen as references.

Made there, managed here: nothing is copied. A chosen work is a material with its source, without
tags (待贴标) until somebody tags it; one work is one material, whoever chooses it and how often.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Protocol, runtime_checkable

from channels.accounts import Account, Accounts, Channels
from content_hub.materials import Material, Materials
from kernel.errors import Conflict, Invalid, NotFound
from kernel.values import dataclass

MOST = 50
"""Works taken at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One thing that stands on a platform."""

    id: str
    title: str
    url: str
    summary: str = ""
    at: datetime | None = None


@runtime_checkable
class ListsWorks(Protocol):
    """A channel that can say what its account has published."""

    works_are: str
    """The type of material that its works are."""

    def works(self, mark: str) -> tuple[list[Work], str]:
        """Some of them, newest first, and the mark of the next; empty at the end."""
        ...

    def work(self, key: str) -> Work | None:
        """One of them; None if it is there no more."""
        ...


@dataclass(frozen=True, slots=True)
class Listed:
    """A work, and the material that it is here already, if it is one."""

    work: Work
    material: Material | None


class Works:
    """What was made elsewhere."""

    def __init__(self, accounts: Accounts, channels: Channels, materials: Materials) -> None:
        self._accounts = accounts
        self._channels = channels
        self._materials = materials

    def of(self, account: str, mark: str = "") -> tuple[list[Listed], str]:
        """A page of an account's works. Raises `Conflict` for one that cannot tell, `Invalid` or
        what the platform refuses."""
        there, channel = self._asked(account)
        works, onward = channel.works(mark)
        known = self._materials.of_source(there.kind, [work.id for work in works])
        return [Listed(work, known.get(work.id)) for work in works], onward

    def take(self, account: str, keys: Collection[str], *, by: str, unit: str = "") -> (
        list[Material]
    ):  # fmt: skip
        """Manage these here from now on. Taking one again gives the material that it is. Raises
        `Invalid` for more than `MOST`."""
        if len(wanted := list(dict.fromkeys(keys))) > MOST:
            raise Invalid("works", "too_many_names", limit=MOST)
        there, channel = self._asked(account)
        taken = []
        for key in wanted:
            work = channel.work(key)
            if work is None:
                raise NotFound("work", key[:80])
            taken.append(
                self._materials.register(
                    there.kind, work.id, work.url, by=by, type=channel.works_are,
                    title=work.title or work.id, summary=work.summary, unit=unit,
                )
            )  # fmt: skip
        return taken

    def _asked(self, account: str) -> tuple[Account, ListsWorks]:
        there = self._accounts.one(account)
        channel = self._channels.of(there)
        if not isinstance(channel, ListsWorks):
            raise Conflict("channel_lists_no_works", account=there.code)
        return there, channel
