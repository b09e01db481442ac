"""Customers' own links (专属链接): an opening is told on the timeline of whom it was made for.

Whoever opened it may have been sent it on, so this joins nobody to anybody and weighs nothing: it
is evidence, beside the opener's own event. Her own opening, under a handle known as hers, is told
there already. Follows the findings with a watermark of its own.
"""

from __future__ import annotations

from content_hub.tracking import Link, Links
from data_hub.findings import Findings, Found
from data_hub.following import Following
from data_hub.identities import Identities
from kernel.errors import NotFound
from kernel.events import Handle
from stores.changes import Changes
from stores.records import Records

OPENED = "own_link_opened"
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
        self._identities = identities
        self._links = links
        self._following = Following(records, findings, "own_links")

    def follow(self, limit: int = _SLICE) -> int:
        """Follow up to so many findings and say how many."""
        stretch = self._following.stretch(min(limit, _SLICE))
        if not stretch.found:
            return 0
        told = [(each, *own) for each in stretch.found if each.kind == "opened_link"
                and (own := self.of(each))]  # fmt: skip
        with self._records.write(self._following.name):
            if not self._following.move(stretch):
                return 0
            for each, link, hers in told:
                self._changes.note(
                    OPENED, "material", link.material, by="juzhen", handle=str(hers[0]),
                    rep=link.rep, channel=link.account, event=each.evidence["event"],
                )  # fmt: skip
        return len(stretch.found)

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
