"""Books (客户归属): who adds a rep on his platform is his customer, unless she is somebody else's,
and who was handed over is the taker's.

Follows findings and hand-overs with marks of its own. Gives nobody to a rep who works here no more.
"""

from __future__ import annotations

from channels.transfers import Transfers
from data_hub.customers import Customers
from data_hub.findings import Findings, Found
from data_hub.following import Following
from data_hub.identities import Identities
from data_hub.staff import StaffBook
from kernel.errors import NotFound
from kernel.events import Handle
from stores.records import Record, Records
from stores.watermarks import Watermarks

_HANDED = "books:handed_over"
_SLICE = 100
_ADDED = frozenset({"followed", "added_contact"})


class Books:
    """Keeps the reps' books. One at a time: under a lease. Every act of it may be done twice."""

    def __init__(
        self,
        records: Records,
        findings: Findings,
        identities: Identities,
        customers: Customers,
        staff: StaffBook,
        transfers: Transfers,
    ) -> None:
        self._records = records
        self._identities = identities
        self._customers = customers
        self._staff = staff
        self._transfers = transfers
        self._following = Following(records, findings, "books")
        self._marks = Watermarks(records, Record)

    def follow(self) -> int:
        """Some findings and some hand-overs more; how many."""
        return self._added() + self._handed_over()

    def _added(self) -> int:
        return self._following.each(_SLICE, self._give_free)

    def _give_free(self, found: Found) -> None:
        """Whom somebody gives to a rep meanwhile stays hers."""
        if found.kind not in _ADDED or not found.rep:
            return
        try:
            hers = self._identities.handles(found.customer)
        except NotFound:  # her data was erased since
            return
        about = {f"handle:{each}" for each in (found.handle, *hers)}
        with self._records.write(*sorted(about)):
            if not self._customers.rep_of(hers):
                self._give(found.handle, found.rep)

    def _handed_over(self) -> int:
        settled = self._transfers.taken_after(self._marks.of(_HANDED), _SLICE)
        for each in settled:
            self._give(each.handle, each.taker)
            with self._records.write(_HANDED):
                self._marks.move(_HANDED, Transfers.mark(each))
        return len(settled)

    def _give(self, handle: str, rep: str) -> None:
        if (hers := self._staff.many([rep]).get(rep)) is not None and hers.left is None:
            self._customers.entrust(Handle.parse(handle), rep, by="juzhen")
