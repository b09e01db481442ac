"""What is kept of identities (身份记录): handles, the links between them, what people ruled.

Handles and links are folded from events and may be thrown away; rulings are decisions and may not.
"""

from dataclasses import field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy.orm import Mapped, mapped_column

from data_hub.identities.components import Link, Strength, strength
from data_hub.identities.handles import ADDRESSES, DEVICES, LOGIN
from kernel.events import Handle
from kernel.ids import new_id
from kernel.values import dataclass
from stores.records import Folded, Record


class Known(Folded, kw_only=True):
    """A handle that was seen, and the customer it belongs to now."""

    __tablename__ = "known_handles"

    handle: Mapped[str] = mapped_column(primary_key=True, info={"customer": "drop"})
    value: Mapped[str] = mapped_column(index=True, info={"customer": "drop"})
    """The handle's last part, to find her by what somebody has at hand."""
    own: Mapped[str] = mapped_column(unique=True)
    """The id that this handle stands for, for ever."""
    customer: Mapped[str] = mapped_column(index=True, info={"customer": "drop"})
    """The own id of the oldest handle in its component."""
    region: Mapped[str] = mapped_column(index=True, info={"customer": "beside"})
    """The first of all handles that hang together with it, by refused links too: another person's,
    maybe, and the first of the others once she is erased. Versions before left it empty then."""
    first_seen: Mapped[datetime]
    """When it was first heard of, by itself or by a link that is believed."""
    told_alone: Mapped[datetime | None] = mapped_column(default=None)
    """When something was first told of it itself, whatever becomes of its links."""


class Edge(Folded, kw_only=True):
    """A link between two handles, from the earliest event that showed it."""

    __tablename__ = "identity_edges"

    one: Mapped[str] = mapped_column(primary_key=True, info={"customer": "drop"})
    other: Mapped[str] = mapped_column(primary_key=True, index=True, info={"customer": "drop"})
    at: Mapped[datetime]
    event: Mapped[str]
    refused: Mapped[bool] = mapped_column(default=False, index=True)

    @property
    def strength(self) -> Strength:
        return strength(self.one, self.other)


class Says(StrEnum):
    """What a ruling says of two handles."""

    SAME = "same"
    """One person's, whatever else."""
    APART = "apart"
    """Two people's, whatever links them."""
    UNLINKED = "unlinked"
    """What events showed to link these two is not believed; other ways may still join them."""


class Act(StrEnum):
    """What somebody decided; one decision may take several rulings."""

    MERGED = "merged"
    PARTED = "parted"
    RETRACTED = "retracted"
    SPLIT = "split"


class Ruling(Record, kw_only=True):
    """What somebody of ours said about two handles. One that was lifted is kept, and counts for
    nothing."""

    __tablename__ = "identity_rulings"

    id: Mapped[str] = mapped_column(primary_key=True, default_factory=lambda: new_id("rul"))
    decision: Mapped[str] = mapped_column(index=True)
    act: Mapped[str]
    one: Mapped[str] = mapped_column(index=True, info={"customer": "drop"})
    other: Mapped[str] = mapped_column(index=True, info={"customer": "drop"})
    says: Mapped[str]
    why: Mapped[str] = mapped_column(default="")
    by: Mapped[str]
    at: Mapped[datetime]
    lifted: Mapped[datetime | None] = mapped_column(default=None)
    lifted_by: Mapped[str] = mapped_column(default="")
    lifted_for: Mapped[str] = mapped_column(default="")
    """The decision that stands in for it, if one does."""


class Doubt(StrEnum):
    """Why a link was refused, as far as its handle tells."""

    FAMILY_PHONE = "family_phone"
    SHARED_DEVICE = "shared_device"
    CLAIMED_TWICE = "claimed_twice"


@dataclass(frozen=True, slots=True)
class Parked:
    """A link that was refused: two people who seem to share a handle. Somebody should look."""

    one: Handle
    other: Handle
    customers: tuple[str, str]
    at: datetime
    event: str

    @property
    def doubt(self) -> Doubt:
        kinds = {self.one.kind, self.other.kind}
        if kinds & DEVICES:
            return Doubt.SHARED_DEVICE
        return Doubt.FAMILY_PHONE if "phone" in kinds else Doubt.CLAIMED_TWICE

    @property
    def strength(self) -> Strength:
        return strength(str(self.one), str(self.other))

    @property
    def shared(self) -> Handle:
        """The one of the two that several people seem to have: a device before an address, and
        both before what a platform gives to one person alone."""
        return max(self.one, self.other, key=lambda each: _SHARED.get(each.kind, 1))


_SHARED = dict.fromkeys(DEVICES, 3) | dict.fromkeys(ADDRESSES, 2) | {LOGIN: 0}


@dataclass(frozen=True, slots=True)
class Cause:
    """A handle that several people seem to share, with every link that was refused for it."""

    shared: Handle
    parked: tuple[Parked, ...]

    @property
    def doubt(self) -> Doubt:
        return self.parked[0].doubt

    @property
    def customers(self) -> set[str]:
        return {customer for each in self.parked for customer in each.customers}


@dataclass(slots=True)
class Noted:
    """What a stretch of events says about who is who."""

    customers: dict[str, str] = field(default_factory=dict)
    """Every handle in the stretch, and of every component that changed: its customer."""
    fresh: set[str] = field(default_factory=set)
    """Customers never seen before, under any handle."""
    merged: dict[str, set[str]] = field(default_factory=dict)
    """Customers made of several, with the ids those had."""
    were: dict[str, set[str]] = field(default_factory=dict)
    """Customers whose handles, or some of them, had another id, with every id those had."""
    moved: dict[str, list[str]] = field(default_factory=dict)
    """Customers whose set of folded handles is another now, with all of theirs."""
    gone: set[str] = field(default_factory=set)
    """Ids that no longer name a component; they lead to one."""
    parked: list[Link] = field(default_factory=list)
    known: list[dict[str, Any]] = field(default_factory=list)
    edges: list[dict[str, Any]] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    """Handles of which nothing is told any more."""
    unlinked: list[tuple[str, str]] = field(default_factory=list)
    """Links that nothing shows any more."""

    def olds(self, customer: str) -> set[str]:
        """The ids that name nobody now and led to her: she was all of these."""
        return self.were.get(customer, set()) & self.gone

    def parted(self) -> dict[str, set[str]]:
        """Customers who were part of others that are still somebody, with the ids of those."""
        left = {her: were - self.gone - {her} for her, were in self.were.items()}
        return {her: others for her, others in left.items() if others}
