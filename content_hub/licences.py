"""Embargoes and licences (禁发期与授权期): when something may be shown, whatever is promised.

An embargo holds one material back until a moment; a licence says from when until when a file may be
shown, and with its end every material that shows the file leaves every shelf. Both are facts that
the shelf asks for at every read: nothing has to run when one passes.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select

from content_hub import bounds, terms
from content_hub.materials import Material
from content_hub.media import MediaFile
from content_hub.terms import ALWAYS, NEVER_ENDS, Bond, Term
from kernel.errors import Forbidden, Invalid, NotFound
from stores.changes import Changes
from stores.records import Records
from stores.told import moment

EMBARGO = "embargo"


class Licence(NamedTuple):
    """From when until when a file may be shown; None is without a bound on that side."""

    media: str
    opens: datetime | None
    closes: datetime | None
    materials: list[str]
    """Those that show it; the first hundred."""
    uses: int = 0
    """How many show it."""


class Licences:
    """What is held back, and for how long files may be shown."""

    def __init__(self, records: Records, changes: Changes) -> None:
        self._records = records
        self._changes = changes

    def embargo(self, material: str, until: datetime | None, *, by: str) -> None:
        """Hold a material back until a moment, on every account; None lifts it. A placement stays
        as it was promised and is shown from then on."""
        with self._records.write(f"material:{material}", f"placement:{material}") as session:
            if session.get(Material, material) is None:
                raise NotFound("material", material[:80])
            if until is None:
                bounds.lift(session, material, EMBARGO)
            else:
                bounds.put(session, material, EMBARGO, until, None)
            self._changes.note(
                "embargoed_material", "material", material, by=by, content=True,
                until=until.isoformat() if until else None,
            )  # fmt: skip

    def embargoed_until(self, material: str) -> datetime | None:
        with self._records.read() as session:
            kept = session.get(bounds.Bound, (material, EMBARGO))
        return moment(kept.opens) if kept is not None else None

    def license(
        self,
        media: str,
        *,
        opens: datetime | None,
        closes: datetime | None,
        by: str,
        units: Collection[str] | None = None,
    ) -> Licence:
        """Say for how long a file may be shown; without either bound, for good. Raises `Invalid`
        for one that ends before it begins, and `Forbidden` where a material shows it that is of
        none of ``units``."""
        if opens is not None and closes is not None and closes <= opens:
            raise Invalid("closes", "window_ends_before_it_opens")
        with self._records.write(f"licence:{media}") as session:
            if session.get(MediaFile, media) is None:
                raise NotFound("media", media[:80])
            if units is not None:
                shown = Bond.subject == _subject(media), Bond.material == Material.id
                elsewhere = select(Material.id).where(*shown, Material.unit.not_in(units))
                if session.scalar(elsewhere.limit(1)) is not None:
                    raise Forbidden("content_of_another_unit")
            terms.limit(session, _subject(media), opens, closes)
            self._changes.note(
                "licensed_media", "media", media, by=by, content=True,
                opens=opens.isoformat() if opens else None,
                closes=closes.isoformat() if closes else None,
            )  # fmt: skip
        return self.of(media)

    def of(self, media: str) -> Licence:
        """Raises `NotFound` for a file that there is not."""
        with self._records.read() as session:
            if session.get(MediaFile, media) is None:
                raise NotFound("media", media[:80])
            term = session.scalar(select(Term).where(Term.subject == _subject(media)))
            showing = terms.bound(session, _subject(media))
            uses = terms.uses(session, _subject(media))
        opens = moment(term.opens) if term is not None and term.opens > ALWAYS else None
        closes = moment(term.closes) if term is not None and term.closes < NEVER_ENDS else None
        return Licence(media, opens, closes, showing, uses)


def _subject(media: str) -> str:
    return f"media:{media}"
