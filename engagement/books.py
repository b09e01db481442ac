"""Books (客户归属): who adds a rep on his platform is his customer, unless she is somebody else's,
and who was handed over is the taker's.

Follows findings and hand-overs with marks of its own. Gives nobody to a rep who works here no more.
"""

from __future__ import annotations

from channels.transfers import Transfers
from data_hub.customers import Customers
from data_hub.findings import Findings, Found
from data_hub.identities import Identities
from data_hub.staff import StaffBook
from kernel.errors import NotFound
from kernel.events import Handle
from stores.records import Record, Records
from stores.watermarks import Watermarks

_FOLLOWER, _HANDED = "books", "books:handed_over"
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
        self._findings = findings
        self._identities = identities
        self._customers = customers
        self._staff = staff
        self._transfers = transfers
        self._marks = Watermarks(records, Record)

    def follow(self) -> int:
        """Some findings and some hand-overs more; how many."""
        return self._added() + self._handed_over()

    def _added(self) -> int:
        found = self._findings.after(int(self._marks.of(_FOLLOWER) or 0), _SLICE)
        for each in found:
            if each.kind in _ADDED and each.rep:
                self._give_free(each)
        if found:
            self._move(_FOLLOWER, str(found[-1].seq))
        return len(found)

    def _give_free(self, found: Found) -> None:
        """Whom somebody gives to a rep meanwhile stays hers."""
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
            self._move(_HANDED, Transfers.mark(each))
        return len(settled)

    def _move(self, follower: str, mark: str) -> None:
        with self._records.write(follower):
            self._marks.move(follower, mark)

    def _give(self, handle: str, rep: str) -> None:
        if (hers := self._staff.many([rep]).get(rep)) is not None and hers.left is None:
            self._customers.entrust(Handle.parse(handle), rep, by="juzhen")
