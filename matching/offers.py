"""Offers (推荐记录): what a rep was shown for a customer, why, and with what probability. Kept."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import Index, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel.events import Handle
from kernel.ids import new_id
from kernel.values import dataclass
from kernel.wording import say
from matching.scoring import Reason, said_of
from stores.deflated import Deflated
from stores.partial import partial_index
from stores.personal import overwritten
from stores.records import Record, Records
from stores.spelling import Bare, chunks, spelled

MOMENT = timedelta(minutes=5)
"""For so long the same list is the same offer."""
HELD = "/held"
"""A policy with this did not look at what she does, to compare with."""
_FEW = 100
"""So many are dropped in one write."""
REFUSED = "/refused"
"""One with this did not, because she wants none that does."""
DEGRADED = "/degraded"
"""One with this was made of counts that are far behind."""


class Offer(Record, kw_only=True):
    """What a rep was shown for a customer at one moment."""

    __tablename__ = "offers"
    __table_args__ = (
        Index("ix_offers_handle", "handle", "at"),
        partial_index("ix_offers_advised", "at", "handle", where="rep != ''"),
    )

    id: Mapped[str] = mapped_column(primary_key=True, default_factory=lambda: new_id("off"))
    handle: Mapped[str] = mapped_column(info={"customer": "drop"})
    rep: Mapped[str] = mapped_column(index=True)
    at: Mapped[datetime]
    items: Mapped[list[Any]] = mapped_column(Deflated)
    """Position, material, script, score, propensity, slot and reasons, as `Item` has them."""
    candidates: Mapped[str]
    """A digest of everything that could have been offered."""
    policy: Mapped[str]
    withheld: Mapped[dict[str, Any]] = mapped_column(default_factory=dict)
    """How many candidates each rule kept off the list: a key of `kernel.wording` and a count."""

    @property
    def degraded(self) -> bool:
        """Was it made from counts that are far behind, so that neighbours and popularity lack?"""
        return self._is(DEGRADED)

    @property
    def held(self) -> bool:
        """Is she held out, so that it was made without looking at what she does?"""
        return self._is(HELD)

    @property
    def refused(self) -> bool:
        """Did she refuse that a list looks at what she does?"""
        return self._is(REFUSED)

    def _is(self, mark: str) -> bool:
        return mark[1:] in self.policy.split("/")[1:]

    def told(self) -> "list[Item]":
        return [Item.of(kept) for kept in self.items]

    def absent(self) -> "list[Absence]":
        """What was kept off the list, the most first."""
        most = sorted(self.withheld.items(), key=lambda each: (-each[1], each[0]))
        return [Absence(key, count) for key, count in most]


def keep(records: Records, offer: Offer) -> None:
    """Write it, at the price of a statement. Joins the write that is open."""
    records.put(Offer, [{name: getattr(offer, name) for name in _COLUMNS}])


_COLUMNS = Offer.__table__.columns.keys()
_read = Bare(Offer)
_LAST = (
    f"SELECT {_read.columns} FROM offers WHERE handle = ? AND rep = ? AND at > ?"  # noqa: S608  # our words
    " ORDER BY at DESC, id DESC LIMIT 1"
)


def shown_just_now(records: Records, offer: Offer) -> Offer | None:
    """The offer of a moment ago with the very same list for the very same reasons, if there is
    one: she turned a page or looked again, and that is not another offer."""
    asked = [offer.handle, offer.rep, spelled(records, offer.at - MOMENT)]
    for last in map(_read, records.rows(_LAST, asked)):
        same = last.policy == offer.policy and last.withheld == offer.withheld
        if same and _says(last.items) == _says(offer.items):
            return last
    return None


def _says(items: Sequence[Mapping[str, Any]]) -> bytes:
    """What stands where on a list, and why; how much each reason weighs fades by the second."""
    lines = [
        (item["material"], item["script"], sorted(map(_why, item["reasons"]))) for item in items
    ]
    return orjson.dumps(lines)


def _why(reason: Mapping[str, Any]) -> str:
    told = (reason["kind"], reason["key"], reason["evidence"])
    return orjson.dumps(told, option=orjson.OPT_SORT_KEYS).decode()


def latest(session: Session, handles: Collection[Handle], limit: int) -> list[Offer]:
    """What was offered for whoever has these handles, the latest first."""
    hers = Offer.handle.in_([str(handle) for handle in handles])
    wanted = select(Offer).where(hers).order_by(Offer.at.desc(), Offer.id.desc())
    return list(session.scalars(wanted.limit(limit)))


def let_go(records: Records, before: datetime, limit: int) -> int:
    """Drop up to so many of the first that were made before a moment; how many."""
    first = select(Offer.id, Offer.at).order_by(Offer.id).limit(limit)
    with records.read() as session:
        doomed = [id_ for id_, at in session.execute(first) if at < before]
    for few in chunks(doomed, _FEW):
        with records.write() as session:
            overwritten(records, session)
            session.execute(delete(Offer).where(Offer.id.in_(few)))
    return len(doomed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One place of an offer."""

    position: int
    """From 1."""
    material: str
    script: str | None
    """The material whose words go with it, if there is one."""
    score: float
    propensity: float
    slot: str
    reasons: tuple[Reason, ...]
    """The weightiest first; they sum to the score."""

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> "Item":
        reasons = tuple(Reason(**reason) for reason in kept["reasons"])
        return cls(**{**kept, "reasons": reasons})

    def kept(self) -> dict[str, Any]:
        return {
            "position": self.position, "material": self.material, "script": self.script,
            "score": self.score, "propensity": self.propensity, "slot": self.slot,
            "reasons": [reason.kept() for reason in self.reasons],
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Absence:
    """One reason why contents are not on a list, and how many it concerns."""

    key: str
    count: int

    def text(self, language: str = "zh") -> str:
        return say(self.key, language)


@dataclass(frozen=True, slots=True)
class WhyNot:
    """Why a material is not on a customer's list."""

    key: str
    facts: Mapping[str, Any]
    """Completes the sentence; a value that is a mapping is a name by language."""
    reasons: tuple[Reason, ...] = ()
    """What its score is made of, if it has one."""

    def text(self, language: str = "zh", rep: str = "") -> str:
        """For the rep whose list it is; given her name, for somebody else who reads it."""
        return said_of(self.key, language, rep, self.facts)
