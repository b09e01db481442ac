"""Findings (发现): what the digest noticed that somebody may want to act on. Calls nobody.

Followers read them with a mark of their own. A finding has a key, so that digesting again, after
a crash or for a rebuild, finds nothing twice.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Integer, delete, func, select
from sqlalchemy.orm import Mapped, mapped_column

from data_hub.catalogue import KINDS, OWN_ACCOUNT
from data_hub.details import details, order, text
from data_hub.identities import Noted
from data_hub.identities.components import Link
from kernel.events import Event
from stores.personal import overwritten, rows_of
from stores.records import Folded, Records, add_new
from stores.spelling import chunks
from stores.told import whose

DORMANT = timedelta(days=45)
"""After so long without a sign, the next one is a coming back."""

FIRST_SEEN = "first_seen"
MERGED = "merged"
PARKED = "parked"
CAME_BACK = "came_back"
REFERRED = "referred"
"""She came with somebody's referral code."""
_TOLD = {
    "bought", "refunded", "messaged", "commented", "followed", "unfollowed", "opted_out",
    "opted_in", "left_contact", "booked", "asked_quote", "complained", "complaint_settled",
    "case_opened", "case_closed", "asked_return", "shared_material", "replied_on_platform",
    "policy_issued", "policy_matured",
}  # fmt: skip
_TOLD_IF_SENT = {
    "opened_link", "read_material", "turned_page", "finished_material", "played_video",
}  # fmt: skip
"""Worth telling only when it had been sent: by a rep who waits for it, or as a customer's own."""

_FEW = 200
"""So many are erased in one write."""
_CODE = re.compile(r"[0-9A-Za-z]{6,12}")
_Number = BigInteger().with_variant(Integer, "sqlite")


class Found(Folded, kw_only=True):
    """Something that was noticed about one customer."""

    __tablename__ = "findings"

    seq: Mapped[int] = mapped_column(_Number, primary_key=True, init=False)
    key: Mapped[str] = mapped_column(unique=True, info={"customer": "drop"})
    customer: Mapped[str] = mapped_column(info={"customer": "drop"})
    """The id she had then."""
    handle: Mapped[str] = mapped_column(index=True, info={"customer": "drop"})
    kind: Mapped[str]
    at: Mapped[datetime]
    """When it happened, by the event; it may be long ago."""
    material: Mapped[str] = mapped_column(default="")
    rep: Mapped[str] = mapped_column(default="")
    evidence: Mapped[dict[str, Any]] = mapped_column(default_factory=dict)
    """Ids and amounts that show it: ``event``, ``account``, ``product``…; never a name."""


class Findings:
    """Everything that was noticed, in the order it was."""

    def __init__(self, people: Records) -> None:
        self._people = people

    def after(self, mark: int, limit: int = 500) -> list[Found]:
        """What was noticed after the mark; the last one's ``seq`` is the next mark."""
        later = select(Found).where(Found.seq > mark).order_by(Found.seq).limit(limit)
        with self._people.read() as session:
            return list(session.scalars(later))

    def about(self, handles: Collection[str], kinds: Collection[str]) -> list[Found]:
        """What was noticed, of these kinds, about whoever has these handles."""
        found: list[Found] = []
        with self._people.read() as session:
            for chunk in chunks(handles):
                hers = select(Found).where(Found.handle.in_(chunk), Found.kind.in_(kinds))
                found += session.scalars(hers)
        return found

    def latest(self) -> int:
        """The mark behind everything noticed so far."""
        with self._people.read() as session:
            return session.scalar(select(func.max(Found.seq))) or 0

    def hold_place(self, key: str, at: datetime) -> None:
        """Something that tells of nobody, so that the place of the last finding, which is about to
        be erased, is not given to the next: its followers would pass that over."""
        with self._people.write() as session:
            session.add(
                Found(key=f"erased:{key}", customer="", handle="", kind="erased", at=at)
            )  # fmt: skip

    def forget(self, keys: Collection[str]) -> int:
        """Erase these, a few in each write; how many there were. The place of the last of all is
        held already."""
        gone = 0
        for some in chunks(keys, _FEW):
            with self._people.write("digest") as session:
                overwritten(self._people, session)
                gone += rows_of(session.execute(delete(Found).where(Found.key.in_(some))))
        return gone

    def let_go(self, kinds: Collection[str], before: datetime, limit: int) -> int:
        """Drop up to so many of what was noticed of these kinds before a moment; how many. The last
        of all keeps its place, which followers know."""
        last = select(func.max(Found.seq)).scalar_subquery()
        over = select(Found.seq).where(Found.kind.in_(kinds), Found.at < before, Found.seq < last)
        with self._people.read() as session:
            doomed = list(session.scalars(over.limit(limit)))
        if doomed:
            with self._people.write() as session:
                overwritten(self._people, session)
                session.execute(delete(Found).where(Found.seq.in_(doomed)))
        return len(doomed)

    def keep(self, found: Sequence[dict[str, Any]]) -> None:
        """Joins the digest's write. What was noticed before is not noticed again."""
        if not found:
            return
        with self._people.write() as session:
            add_new(session, Found, found, unlike="key")


def of_event(event: Event, customer: str) -> dict[str, Any] | None:
    """What an event by itself is worth telling, if anything."""
    sent = event.kind in _TOLD_IF_SENT and bool(event.rep or details(event).get("link"))
    upset = bool(event.detail) and details(event).get("sentiment") == "negative"
    if not (sent or upset) and event.kind not in _TOLD:
        return None
    return row(event, customer, event.kind)


def row(event: Event, customer: str, kind: str) -> dict[str, Any]:
    """A finding that this event shows."""
    carried = details(event)
    told = {name: carried[name] for name in _EVIDENCE if name in carried}
    if kind in {"bought", "refunded"}:
        told |= order(carried)._asdict()
    return {
        "key": f"{kind}:{event.account}:{event.id}", "customer": customer,
        "handle": str(event.handle or event.links[0]), "kind": kind, "at": event.at,
        "material": event.material, "rep": event.rep,
        "evidence": {"event": event.id, "account": event.account} | told,
    }  # fmt: skip


_EVIDENCE = (
    "order_id", "refund_id", "same_shop", "product", "policy", "due", "matures", "seconds",
    "sentiment", "link", "case", "consent", "purpose", "channel",
)  # fmt: skip


def noticed(
    events: Sequence[Event],
    own: Mapping[str, list[Event]],
    active: Mapping[str, float],
    noted: Noted,
) -> list[dict[str, Any]]:
    """What some events are worth telling; ``active``: when each customer last did something."""
    found = []
    for event in events:
        her = whose(event)
        if her is None or event.detail.get("bot"):
            continue
        if told := of_event(event, noted.customers[str(her)]):
            found.append(told)
        if event.detail and (code := referral(event)):
            found.append(_referred(event, noted.customers[str(her)], code))
    for customer, hers in own.items():
        were = noted.olds(customer) | {customer}
        before = max(active.get(old, 0.0) for old in were)
        if back := _came_back(hers, before):
            found.append(row(back, customer, CAME_BACK))
        if customer in noted.fresh and hers:
            found.append(_once(hers[0], customer, FIRST_SEEN, {}))
        if customer in noted.merged and hers:
            merged = {"were": sorted(noted.merged[customer])}
            found.append(_once(hers[0], customer, MERGED, merged))
    found += [_parked(link, noted.customers[link.one]) for link in noted.parked]
    return found


def referral(event: Event) -> str:
    """The referral code that somebody came with, if she did."""
    properties = event.detail.get("properties")
    inner = properties.get("referral") if isinstance(properties, dict) else ""
    return referral_code(text(event.detail.get("referral")) or text(inner))


def referral_code(told: str) -> str:
    """The code as it is kept, if that can be one."""
    return told.upper() if _CODE.fullmatch(told) else ""


def _referred(event: Event, customer: str, code: str) -> dict[str, Any]:
    """Once, however many events carry it."""
    found = row(event, customer, REFERRED)
    found["key"] = f"referred:{found['handle']}:{code}"
    found["evidence"]["referral"] = code
    return found


def parked_key(one: str, other: str) -> str:
    """It names two people, and goes with either."""
    return f"{PARKED}:{one}:{other}"


def _parked(link: Link, customer: str) -> dict[str, Any]:
    return {
        "key": parked_key(link.one, link.other), "customer": customer, "handle": link.one,
        "kind": PARKED, "at": link.at, "material": "", "rep": "",
        "evidence": {"event": link.event},
    }  # fmt: skip


def _came_back(events: Iterable[Event], active: float) -> Event | None:
    """The event that broke her long silence, if one did."""
    if not active:
        return None
    for event in events:
        kind = KINDS.get(event.kind)
        if event.account == OWN_ACCOUNT or (kind and kind.owner != "customer"):
            continue
        at = event.at.timestamp()
        if at - active >= DORMANT.total_seconds():
            return event
        active = max(active, at)
    return None


def _once(event: Event, customer: str, kind: str, told: Mapping[str, Any]) -> dict[str, Any]:
    """A finding about the customer rather than about the event that showed it."""
    found = row(event, customer, kind)
    found["evidence"] |= told
    return found
