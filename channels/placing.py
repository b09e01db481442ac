"""Placing on several accounts at once (多渠道上架): all of them or none, and one way back.

Decides nothing that `Publishing.place` does not; which placements were made together is told by the
change that says so.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from channels.accounts import Accounts
from channels.publishing import Publishing
from content_hub.placements import Placement
from content_hub.shelf import Shelf
from kernel.errors import Conflict, Flaw, Invalid, NotFound
from kernel.ids import new_id
from stores.changes import Changes
from stores.records import Records

MOST = 20
_KIND, _PLACED, _BACK = "placement_set", "placed_together", "took_placements_back"


class Placing:
    """One material, one window, several accounts."""

    def __init__(
        self,
        records: Records,
        changes: Changes,
        shelf: Shelf,
        accounts: Accounts,
        publishing: Publishing,
    ) -> None:
        self._records = records
        self._changes = changes
        self._shelf = shelf
        self._accounts = accounts
        self._publishing = publishing

    def flaws(
        self,
        material: str,
        accounts: Collection[str],
        *,
        opens: datetime | None,
        closes: datetime | None,
        slot: str = "",
        campaign: str = "",
    ) -> list[Flaw]:
        """All that any of the accounts, or its shelf, minds; each thing once."""
        minded: dict[tuple[str, str, str], Flaw] = {}
        for key in accounts:
            there = self._accounts.one(key)
            lacking = self._shelf.flaws(
                material, there.id, opens=opens, closes=closes, slot=slot, campaign=campaign
            )
            for flaw in [*lacking, *self._publishing.flaws_of(material, there)]:
                minded.setdefault((flaw.field, flaw.reason, repr(flaw.facts)), flaw)
        return list(minded.values())

    def place(
        self,
        material: str,
        accounts: Collection[str],
        *,
        opens: datetime | None,
        closes: datetime | None,
        by: str,
        slot: str = "",
        campaign: str = "",
        vip_hours: int = 0,
    ) -> tuple[str, list[Placement]]:
        """Promise it to each of them, in one act; the id of the act, and the placements. VIPs are
        shown it some hours before everybody, if so many are told.

        Raises one `Invalid` that lists everything that any of them minds.
        """
        if not 0 < len(accounts) <= MOST:
            raise Invalid("account", "missing" if not accounts else "too_many_names", limit=MOST)
        minded = self.flaws(
            material, accounts, opens=opens, closes=closes, slot=slot, campaign=campaign
        )
        if minded:
            raise Invalid.because(minded)
        there = [self._accounts.one(key).id for key in accounts]
        key, act = self._shelf.material_id(material), new_id("pls")
        with self._records.write(f"placement:{key}"):
            placed = [
                self._shelf.place(
                    key, each, opens=opens, closes=closes, by=by, slot=slot, campaign=campaign
                )
                for each in dict.fromkeys(there)
            ]
            early = [self._publishing.open_early(each, vip_hours, by=by) for each in placed
                     if vip_hours]  # fmt: skip
            told = [each.id for each in [*placed, *early]]
            self._changes.note(_PLACED, _KIND, act, by=by, material=key, placements=told)
        return act, placed

    def take_back(self, act: str, *, by: str) -> int:
        """Retire everything that was placed together; says how many stood or waited.

        Raises `Conflict` the second time.
        """
        told = {each.act: each for each in self._changes.latest(_KIND, act)}
        if _PLACED not in told:
            raise NotFound(_KIND, act[:80])
        material = str(told[_PLACED].detail["material"])
        with self._records.write(f"placement:{material}"):
            if _BACK in {each.act for each in self._changes.latest(_KIND, act)}:
                raise Conflict("placements_are_taken_back")
            placements = [str(each) for each in told[_PLACED].detail["placements"]]
            retired = [self._publishing.retire(each, by=by) for each in placements]
            self._changes.note(_BACK, _KIND, act, by=by)
        return sum(len(each.placements) for each in retired)

    def by(self, act: str) -> str:
        """Who placed them."""
        for each in self._changes.latest(_KIND, act):
            if each.act == _PLACED:
                return each.by
        raise NotFound(_KIND, act[:80])
