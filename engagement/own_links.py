"""Customers' own links (专属链接): an opening is told on the timeline of whom it was made for.

Whoever opened it may have been sent it on, so this joins nobody to anybody and weighs nothing: it
is evidence, beside the opener's own event. Her own opening, under a handle known as hers, is told
there already. Follows the findings with a watermark of its own.
"""

from __future__ import annotations

from content_hub.tracking import Link, Links
from data_hub.findings import Findings, Found
from data_hub.identities import Identities
from kernel.errors import NotFound
from kernel.events import Handle
from stores.changes import Changes
from stores.records import Record, Records
from stores.watermarks import Watermarks

OPENED = "own_link_opened"
_FOLLOWER = "own_links"
_SLICE = 100


class OwnLinks:
    """Says for whom a link was made, and tells her timeline. One at a time: under a lease."""

    def __init__(
        self,
        records: Records,
        changes: Changes,
        findings: Findings,
        identities: Identities,
        links: Links,
    ) -> None:
        self._records = records
        self._changes = changes
        self._findings = findings
        self._identities = identities
        self._links = links
        self._marks = Watermarks(records, Record)

    def follow(self, limit: int = _SLICE) -> int:
        """Follow up to so many findings and say how many."""
        before = self._marks.of(_FOLLOWER)
        found = self._findings.after(int(before or 0), min(limit, _SLICE))
        told = [(each, *own) for each in found if each.kind == "opened_link"
                and (own := self.of(each))]  # fmt: skip
        if not found:
            return 0
        with self._records.write(_FOLLOWER):
            if self._marks.of(_FOLLOWER) != before:
                return 0
            for each, link, hers in told:
                self._changes.note(
                    OPENED, "material", link.material, by="juzhen", handle=str(hers[0]),
                    rep=link.rep, channel=link.account, event=each.evidence["event"],
                )  # fmt: skip
            self._marks.move(_FOLLOWER, str(found[-1].seq))
        return len(found)

    def of(self, found: Found) -> tuple[Link, list[Handle]] | None:
        """By whose own link this came, and by which handles she is known; None if it was no such
        link, or she came herself."""
        code = found.evidence.get("link")
        link = self._links.open(code) if isinstance(code, str) else None
        if link is None or not link.customer or link.material != found.material:
            return None
        try:
            hers = self._identities.handles(link.customer)
        except NotFound:  # nobody of whom anything is known, or her data was erased
            return None
        return None if Handle.parse(found.handle) in hers else (link, hers)
