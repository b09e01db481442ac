"""Consents (授权): what somebody reached by one handle allows, for which purpose, on which channel.

The last word counts, over all of a customer's handles. Sends nothing and cancels nothing:
`channels.preferences` does that in the same act.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Mapped, mapped_column

from kernel.clock import Clock
from kernel.events import Handle
from stores.changes import Changes
from stores.records import Record, Records
from stores.spelling import marks

SERVICE = "service"
"""What she asked for or needs: a policy that ends, an answer to her question."""
MARKETING = "marketing"

PERSONALISATION = "personalisation"
"""That what she reads decides what she is offered."""

LOCATION = "location"
"""That her rep sees when she is near. Never assumed: she has to have said so."""

PURPOSES = SERVICE, MARKETING, PERSONALISATION


_WORDS = "SELECT handle, purpose, at, allowed, channel FROM consents WHERE handle IN ({})"


class Consent(Record, kw_only=True):
    """The last word on one purpose by one handle. ``channel`` is a kind of channel, "" is all."""

    __tablename__ = "consents"

    handle: Mapped[str] = mapped_column(primary_key=True, info={"customer": "drop"})
    purpose: Mapped[str] = mapped_column(primary_key=True)
    channel: Mapped[str] = mapped_column(primary_key=True, default="")
    allowed: Mapped[bool]
    at: Mapped[datetime]
    source: Mapped[str]
    """Where she said so: a page, a menu, a call noted by a rep."""
    wording: Mapped[str] = mapped_column(default="")
    """Which version of the text she was shown."""


Handles = Collection[Handle] | Collection[str]


class Consents:
    """Who allows what."""

    def __init__(
        self,
        records: Records,
        changes: Changes,
        clock: Clock,
        *,
        assumed: Collection[str] = PURPOSES,
    ) -> None:
        """``assumed``: what counts as allowed while nobody has said anything."""
        self._records = records
        self._changes = changes
        self._clock = clock
        self._assumed = assumed

    def allow(
        self, handles: Handles, purpose: str, *, source: str, channel: str = "", by: str = "",
        wording: str = "", at: datetime | None = None,
    ) -> None:  # fmt: skip
        """Note that she agreed; with no channel named, on all of them. Repeating moves only the
        time. ``at``: when she said so, if that was before now."""
        said = {"purpose": purpose, "channel": channel, "source": source, "wording": wording}
        self._note("opted_in", handles, said, by, at)

    def withdraw(
        self, handles: Handles, purpose: str, *, channel: str = "", source: str, by: str = "",
        at: datetime | None = None,
    ) -> None:  # fmt: skip
        """Note that she no longer wants it; with no channel named, on all of them."""
        said = {"purpose": purpose, "channel": channel, "source": source}
        self._note("opted_out", handles, said, by, at)

    def allows(self, handles: Handles, purpose: str, channel: str = "") -> bool:
        """May she be written to for this purpose there? Asked with all of her handles.

        Of the words that speak of this channel or of all channels, the last one counts; of two
        at the same moment, the refusal.
        """
        return self.among({"": (tuple(map(str, handles)), purpose, channel)})[""]

    def among(self, asked: Mapping[str, tuple[Collection[str], str, str]]) -> dict[str, bool]:
        """The same for many at once, with one statement: (handles, purpose, channel) by a key."""
        handles = sorted({handle for hers, _, _ in asked.values() for handle in hers})
        spoken: dict[tuple[str, str], list[tuple[Any, bool, str]]] = {}
        rows = self._records.rows(_WORDS.format(marks(handles)), handles)
        for handle, purpose, at, allowed, channel in rows:
            spoken.setdefault((handle, purpose), []).append((at, not allowed, channel))
        answers = {}
        for key, (hers, purpose, channel) in asked.items():
            words = (
                (at, refused)
                for handle in hers
                for at, refused, where in spoken.get((handle, purpose), ())
                if where in ("", channel)
            )
            last = max(words, default=None)
            answers[key] = (purpose in self._assumed) if last is None else not last[1]
        return answers

    def of(self, handles: Handles) -> list[Consent]:
        """Everything she said, the latest first."""
        hers = select(Consent).where(Consent.handle.in_(list(map(str, handles))))
        with self._records.read() as session:
            return list(session.scalars(hers.order_by(Consent.at.desc(), Consent.handle)))

    def _note(
        self, act: str, handles: Handles, said: Mapping[str, str], by: str, at: datetime | None
    ) -> None:
        allowed, now = act == "opted_in", self._clock()
        at = min(at or now, now)
        before: dict[str, Any] = {} if at == now else {"said": at.timestamp()}
        with self._records.write(*(f"handle:{handle}" for handle in handles)) as session:
            for handle in sorted(map(str, handles)):
                session.merge(Consent(handle=handle, allowed=allowed, at=at, **said))
                self._changes.note(
                    act, "consent", said["purpose"], by=by or "customer", handle=handle,
                    channel=said["channel"], source=said["source"],
                    wording=said.get("wording", ""), **before,
                )  # fmt: skip
