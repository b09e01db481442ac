"""Remembered (记住): something small that everybody reads, kept in memory until its version moves.

One cheap statement a look. What is read inside an open transaction is used and not kept: a
rolled-back edit must not stay in anybody's memory under a number that another edit will get.
Whoever does many things in transactions looks once before the first of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from sqlalchemy.orm import Session

from stores.changes import Changes
from stores.records import Records, in_transaction

Thing = TypeVar("Thing")


class Remembered(Generic[Thing]):
    """One thing, as of the version named ``name``; whoever edits it counts that up."""

    def __init__(
        self, records: Records, changes: Changes, name: str, load: Callable[[Session], Thing]
    ) -> None:
        self._records = records
        self._changes = changes
        self._name = name
        self._load = load
        self._kept: tuple[int, Thing] | None = None

    def now(self) -> Thing:
        """The thing as it stands."""
        kept = self._kept
        if kept is not None and kept[0] == self._changes.version(self._name):
            return kept[1]
        with self._records.read() as session:
            fresh = (self._changes.version(self._name), self._load(session))
        if not in_transaction():
            self._kept = fresh
        return fresh[1]
