"""A delivery (投放记录): the row of the outbox. Decides nothing and sends nothing.

``state`` is how far *we* got with it, ``progress`` how far the *platform* did: a post that was
submitted is done for us and not yet shown there.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import Index, UniqueConstraint, literal_column
from sqlalchemy.orm import Mapped, mapped_column

from channels.base import Progress
from kernel.events import Handle
from kernel.ids import new_id
from kernel.wording import say
from stores.partial import partial_index
from stores.records import Record
from stores.waiting import GOES_BACK


class State(StrEnum):
    """How far we got: due → sending → submitted → done, and where it may stop on the way."""

    DUE = "due"
    SENDING = "sending"
    SUBMITTED = "submitted"
    """The platform took it; whether anybody sees it is still to be told."""
    DONE = "done"
    PARTLY = "partly"
    """It reached some of those it was for."""
    REFUSED = "refused"
    """The platform will not have it as it stands."""
    AWAITING_PERSON = "awaiting_person"
    """Somebody has to confirm it there, or to send it herself."""
    UNKNOWN = "unknown"
    """The call left and nobody answered; being settled, or a person must look."""
    PARKED = "parked"
    """It did not work and will not by itself: a person reads ``reason``."""
    EXPIRED = "expired"
    """Its time went by before it could go, or before anybody confirmed it."""
    CANCELLED = "cancelled"
    WITHDRAWN = "withdrawn"


class Lane(StrEnum):
    """Which queue it stands in while it is due."""

    POST = "post"
    MESSAGE = "message"
    EXPRESS = "express"
    """Worth nothing in a few seconds: a greeting."""
    GATED = "gated"
    """Waits for a place under the caps (`channels.touch_policy`)."""
    MAILING = "mailing"
    """Has its place, and waits to leave together with others (`channels.mailings`)."""


OPTED_OUT = "opted_out"
"""Why what was queued for her, or waits for her rep, goes to her no more."""
QUEUED = (State.DUE,)
IN_FLIGHT = (State.SENDING, State.UNKNOWN)
UP = (Progress.SUBMITTED, Progress.SHOWN)
STUCK = (State.PARKED, State.REFUSED, State.UNKNOWN, State.AWAITING_PERSON)
"""Where a person has to look."""
RETRYABLE = (State.PARKED, State.REFUSED, State.UNKNOWN)
STEPS = 40
"""So many of its last steps a delivery remembers."""

_ORDER = {
    "": 0,
    Progress.AWAITING_PERSON: 1,
    Progress.SUBMITTED: 2,
    Progress.PARTLY: 3,
    Progress.SHOWN: 4,
    Progress.REFUSED: 5,
    Progress.EXPIRED: 5,
    Progress.WITHDRAWN: 5,
}


def overtakes(told: str, kept: str) -> bool:
    """Is what is told now later than what is kept? Platforms tell things twice and out of order;
    what was refused or withdrawn stays so."""
    return _ORDER[told] > _ORDER[kept]


class Happened(NamedTuple):
    """One step of a delivery, for people."""

    at: datetime
    state: str
    reason: str
    """A sentence, or nothing."""
    by: str


class Delivery(Record, kw_only=True):
    """One thing to be shown or said once: unique per account, target and occasion."""

    __tablename__ = "deliveries"
    __table_args__ = (
        UniqueConstraint("account", "target", "occasion"),
        Index("ix_deliveries_queue", "state", "next_at"),
        Index("ix_deliveries_lane", "account", "state", "lane", "next_at"),
        Index("ix_deliveries_ref", "account", "ref"),
        partial_index("ix_deliveries_posts", "progress", "account", where="target = ''"),
        partial_index("ix_deliveries_said", "last_sent", "account", where="target != ''"),
        partial_index(
            "ix_deliveries_campaign", "campaign", where="campaign != '' AND broadcast = ''"
        ),
    )

    id: Mapped[str] = mapped_column(primary_key=True, default_factory=lambda: new_id("dlv"))
    account: Mapped[str]
    target: Mapped[str] = mapped_column(default="", index=True, info={"customer": "drop"})
    """The handle of the one person it is for; empty for a post that everybody sees."""
    occasion: Mapped[str]
    """Why it is sent: the placement, the reminder, the step. Makes a second one impossible."""
    placement: Mapped[str] = mapped_column(default="", index=True)
    material: Mapped[str] = mapped_column(default="", index=True)
    number: Mapped[int | None] = mapped_column(default=None)
    """The material's version that was sent, fixed when it was marked."""
    words: Mapped[str] = mapped_column(default="", repr=False, info={"customer": "blank"})
    """What is said to one person beside the material."""
    purpose: Mapped[str] = mapped_column(default="")
    """What she must allow for it to go out; empty for a post."""
    lane: Mapped[str] = mapped_column(default=Lane.POST.value)
    campaign: Mapped[str] = mapped_column(default="")
    broadcast: Mapped[str] = mapped_column(default="", index=True)
    mailing: Mapped[str] = mapped_column(default="", index=True)
    """What it left with, if it did not leave alone."""
    priority: Mapped[int] = mapped_column(default=50)
    expires: Mapped[datetime | None] = mapped_column(default=None)
    """From when on nobody wants it any more."""
    override: Mapped[str] = mapped_column(default="")
    """Why it is sent although the touch policy advises against it."""
    rep: Mapped[str] = mapped_column(default="")
    by: Mapped[str] = mapped_column(default="")
    created: Mapped[datetime]

    state: Mapped[str] = mapped_column(default=State.DUE.value)
    progress: Mapped[str] = mapped_column(default="")
    ref: Mapped[str | None] = mapped_column(default=None)
    reason: Mapped[str] = mapped_column(default="")
    """A key of `kernel.wording`, completed by ``facts``."""
    facts: Mapped[dict[str, Any]] = mapped_column(default_factory=dict)
    attempts: Mapped[int] = mapped_column(default=0)
    crashes: Mapped[int] = mapped_column(default=0)
    """Leases lost in a row."""
    next_at: Mapped[datetime | None] = mapped_column(default=None, info=GOES_BACK)
    """When something is to be done about it again; None if nothing is."""
    fence: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None] = mapped_column(default=None)
    first_sent: Mapped[datetime | None] = mapped_column(default=None)
    last_sent: Mapped[datetime | None] = mapped_column(default=None)
    settled: Mapped[datetime | None] = mapped_column(default=None)
    """When the platform's answer, or our giving up, was noted last."""
    steps: Mapped[list[Any]] = mapped_column(default_factory=list)
    """What happened to it: moment, state, reason, and whose doing, the oldest first."""

    def step(self, at: datetime, reason: str = "", by: str = "") -> None:
        """Remember that it came to where it is now."""
        told = [at.isoformat(), str(self.state), reason, by]
        self.steps = [*self.steps[-STEPS + 1 :], told]

    def happened(self, language: str = "zh") -> list[Happened]:
        """Every step that it remembers, the oldest first."""
        told = []
        for at, state, reason, by in self.steps:
            facts = self.facts if reason == self.reason else {}
            why = say(reason, language, **facts) if reason else ""
            told.append(Happened(datetime.fromisoformat(at), state, why, by))
        return told

    @property
    def turn(self) -> int:
        """Of a placement's deliveries, from 1: as `occasion` counts them. Ids follow the clock of
        whoever made them, which may have been put back since."""
        number = self.occasion.rpartition("/")[2]
        return int(number) if number.isdecimal() else 1

    @property
    def handle(self) -> Handle | None:
        return Handle.parse(self.target) if self.target else None

    def why(self, language: str = "zh") -> str:
        """The reason as a sentence; empty if there is none."""
        return say(self.reason, language, **self.facts) if self.reason else ""


POST = Delivery.target == literal_column("''")
"""It goes to everybody. Spelled out, so that the index of posts is found."""
TO_ONE = Delivery.target != literal_column("''")
"""It goes to one person. Spelled out, so that the index of what was said is found."""
OF_A_CAMPAIGN_ALONE = (
    Delivery.campaign != literal_column("''"), Delivery.broadcast == literal_column("''")
)  # fmt: skip
"""It goes out for a campaign and in no broadcast. Spelled out, so that its index is found."""
