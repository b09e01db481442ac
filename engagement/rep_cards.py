"""Cards to reps (推荐卡片): every red dot reaches the rep in her own WeCom, with what to say.

A reminder that is due becomes a card with the best recommendations for its customer, ten a day of
hers at most and what matters most first; once she has turned to it the card says so. The card holds
no name of a customer: the page behind it does. Makes no reminder itself.
"""

from collections.abc import Sequence
from datetime import datetime, time, timedelta

from sqlalchemy import Index, case, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from channels.accounts import Account, Accounts, Channels
from channels.base import REP, Busy, Message, TellsReps, Unanswered
from content_hub.materials import Materials
from data_hub.identities import Identities
from data_hub.staff import Staff, StaffBook
from engagement.pressing import Priorities
from engagement.reminders import OTHERS, RANKS, Reminder
from kernel.calendar import Zone
from kernel.clock import Clock
from kernel.crash import crash_point, declare
from kernel.errors import Overloaded, Problem
from kernel.events import Handle
from kernel.wording import say
from matching.recommender import Recommender
from stores.changes import Change, Changes
from stores.records import Record, Records
from stores.waiting import GOES_BACK
from stores.watermarks import Watermarks

FIRST = 3
"""So many recommendations stand on a card."""
URGENT = 3
"""So many of a day's cards are kept for customers who wait or read just now."""
_MERGED = "read_your_share"
_MORNING = time(9)
"""When what was too much for a day is looked at on the next."""
_FOLLOWER = "rep_cards"
_FRESH = timedelta(days=2)
_LOOK_AGAIN = timedelta(minutes=1)
_MOST_TRIES = 20
_WEIGHED, _AT_ONCE = 200, 50
"""So many that are due are weighed against each other, and so many of them told in one round."""
TOLD = declare("rep_cards.told", "the rep's WeCom has the card; that is not noted")


class RepCard(Record, kw_only=True):
    """One reminder, as one rep is told of it outside the workbench."""

    __tablename__ = "rep_cards"
    __table_args__ = (
        Index("ix_rep_cards_due", "next_at", "reminder"),
        Index("ix_rep_cards_told", "staff", "told"),
    )

    reminder: Mapped[str] = mapped_column(primary_key=True)
    staff: Mapped[str]
    due: Mapped[datetime]
    next_at: Mapped[datetime | None] = mapped_column(info=GOES_BACK)
    """When something is to be done about it; None if nothing is."""
    tries: Mapped[int] = mapped_column(default=0)
    account: Mapped[str] = mapped_column(default="")
    ref: Mapped[str] = mapped_column(default="")
    """What the platform calls it; empty until she has it."""
    told: Mapped[datetime | None] = mapped_column(default=None)
    """When it took its place among those of a day; none again if it surely did not go out."""
    settled: Mapped[datetime | None] = mapped_column(default=None)
    """When she had turned to it."""
    reason: Mapped[str] = mapped_column(default="")


_RANK = case(RANKS, value=Reminder.kind, else_=OTHERS)


class RepCards:
    """Follows the reminders. Only one worker does it at a time."""

    def __init__(
        self,
        *,
        records: Records,
        changes: Changes,
        accounts: Accounts,
        channels: Channels,
        recommender: Recommender,
        materials: Materials,
        identities: Identities,
        staff: StaffBook,
        clock: Clock,
        zone: Zone,
        priorities: Priorities,
        base_url: str,
        daily: int = 10,
    ) -> None:
        """``daily``: so many cards reach a rep in one day of the company's; the red dots beyond
        stand in her list."""
        self._daily, self._calm = daily, max(daily - URGENT, 1)
        self._records = records
        self._changes = changes
        self._accounts = accounts
        self._channels = channels
        self._recommender = recommender
        self._materials = materials
        self._identities = identities
        self._staff = staff
        self._clock = clock
        self._zone = zone
        self._priorities = priorities
        self._base_url = base_url.rstrip("/")
        self._marks = Watermarks(records, Record)

    def follow(self, limit: int = 200) -> int:
        """Take note of what was reminded and done, then tell what is due; how many were looked at.

        Repeating is harmless: the platform takes the same card once in four hours.
        """
        noted = self._note(limit)
        cards = self._due()
        if not cards:
            return noted
        account = self._ours()
        if account is None:
            self._put_off(cards)
            return noted
        for card in cards:
            self._carry(card, account)
        return noted + len(cards)

    def _due(self) -> list[RepCard]:
        """Those of whose turn it is, what presses most first."""
        due = select(RepCard, Reminder).outerjoin(Reminder, Reminder.id == RepCard.reminder)
        due = due.where(RepCard.next_at <= self._clock())
        with self._records.read() as session:
            wanted = due.order_by(_RANK, RepCard.next_at, RepCard.reminder).limit(_WEIGHED)
            found = session.execute(wanted).all()
        presses = self._priorities.of([reminder for _, reminder in found if reminder])
        values = {id_: each.value for id_, each in presses.items()}
        cards = [card for card, _ in found]
        return sorted(cards, key=lambda card: -values.get(card.reminder, 0.0))[:_AT_ONCE]

    def _note(self, limit: int) -> int:
        mark = self._marks.of(_FOLLOWER)
        stretch = self._changes.after(mark, limit)
        if not stretch.changes:
            return 0
        with self._records.write(_FOLLOWER) as session:
            if self._marks.of(_FOLLOWER) != mark:
                return 0
            for change in stretch.changes:
                if change.kind != "reminder":
                    continue
                if change.act == "reminded":
                    self._begin(change)
                elif card := session.get(RepCard, change.subject):
                    card.settled = card.settled or self._clock()
                    card.next_at = self._clock() if card.ref else None
            self._marks.move(_FOLLOWER, stretch.mark)
        return len(stretch.changes)

    def _begin(self, change: Change) -> None:
        """Old ones are let be: whoever connects WeCom today wants no thousand cards."""
        with self._records.write() as session:
            reminder = session.get(Reminder, change.subject)
            if reminder is None or session.get(RepCard, change.subject) is not None:
                return
            if self._clock() - reminder.due <= _FRESH:
                session.add(
                    RepCard(
                        reminder=reminder.id, staff=reminder.staff, due=reminder.due,
                        next_at=max(reminder.due, self._clock()),
                    )
                )  # fmt: skip

    def _ours(self) -> Account | None:
        """The account through which reps are told; the oldest, if there are several."""
        for account in self._accounts.all():
            try:
                if not account.paused and isinstance(self._channels.of(account), TellsReps):
                    return account
            except Problem:
                continue  # an account that cannot be used holds up no other
        return None

    def _put_off(self, cards: Sequence[RepCard]) -> None:
        """Nobody has connected a platform on which reps could be told; perhaps somebody will."""
        now = self._clock()
        with self._records.write() as session:
            for card in cards:
                kept = session.get_one(RepCard, card.reminder)
                kept.next_at = now + _LOOK_AGAIN if now - kept.due <= _FRESH else None

    def _carry(self, card: RepCard, account: Account) -> None:
        """Tell a card or close it, and note what its platform says against that."""
        try:
            if card.settled:
                self._close(card)
            else:
                self._tell(card, account)
        except (Busy, Unanswered) as later:
            asked = later.seconds if isinstance(later, Busy) else 0
            wait = timedelta(seconds=asked or min(2.0 ** (card.tries + 1), 300))
            last = card.tries >= _MOST_TRIES
            out = isinstance(later, Unanswered)  # she may have it
            self._later(card, None if last else wait, later.reason, out=out)
        except Overloaded:  # our own stores were away: told again in the next round
            raise
        except Problem as no:
            self._later(card, None, no.reason)

    def _tell(self, card: RepCard, account: Account) -> None:
        with self._records.read() as session:
            reminder = session.get(Reminder, card.reminder)
        rep = self._staff.many([card.staff]).get(card.staff)
        late = self._clock() - card.due > _FRESH or (reminder and reminder.over(self._clock()))
        others = reminder is None or reminder.staff != card.staff
        if reminder is None or others or rep is None or late or not reminder.unread:
            self._later(card, None, "")
            return
        if not self._has_room(card, reminder):
            return
        message = self._message(reminder, rep, account)
        receipt = self._channels.of(account).send(message, key=card.reminder)
        crash_point(TOLD)
        with self._records.write() as session:
            kept = session.get_one(RepCard, card.reminder)
            kept.ref, kept.account = receipt.ref, account.id
            kept.next_at, kept.reason = self._clock() if kept.settled else None, ""
            self._changes.note(
                "rep_told", "rep_card", card.reminder, by="worker", rep=card.staff,
                account=account.id, reason=reminder.kind,
            )  # fmt: skip

    def _has_room(self, card: RepCard, reminder: Reminder) -> bool:
        """Take its place among the cards of today, unless it has one; what finds none is looked at
        tomorrow morning. Of who reads again before the rep has looked nothing more is told."""
        now = self._clock()
        today = self._zone.day(now)
        midnight = self._zone.at(today)
        hers = select(RepCard).where(RepCard.staff == card.staff, RepCard.told >= midnight)
        with self._records.write(f"rep_cards:{card.staff}") as session:
            kept = session.get_one(RepCard, card.reminder)
            if kept.told is not None and kept.told >= midnight:
                return True
            cards = session.scalars(hers).all()
            if self._is_said(session, reminder, cards):
                kept.next_at, kept.reason = None, "told_of_her_already"
                return False
            if len(cards) >= (self._daily if RANKS.get(reminder.kind) == 0 else self._calm):
                kept.next_at = self._zone.at(today + timedelta(days=1), _MORNING)
                kept.reason = "enough_for_today"
                return False
            kept.told = now
        return True

    def _is_said(self, session: Session, reminder: Reminder, cards: Sequence[RepCard]) -> bool:
        """Does an open card of today tell that the same customer has read?"""
        if reminder.kind != _MERGED:
            return False
        unseen = [each.reminder for each in cards if each.settled is None]
        same = select(Reminder.handle).where(Reminder.id.in_(unseen), Reminder.kind == _MERGED)
        told = set(session.scalars(same))
        customers = self._identities.customers_of({reminder.handle, *told})
        her = customers.get(reminder.handle, reminder.handle)
        return any(customers.get(each, each) == her for each in told)

    def _close(self, card: RepCard) -> None:
        """She has turned to it, wherever: the card in her WeCom says so."""
        rep = self._staff.many([card.staff]).get(card.staff)
        channel = self._channels.of(card.account)
        if isinstance(channel, TellsReps):
            channel.settle_card(card.ref, say("card_is_done", _tongue(rep)))
        self._later(card, None, "")

    def _later(
        self, card: RepCard, wait: timedelta | None, reason: str, *, out: bool = False
    ) -> None:
        """Looked at again after a while, or no more. What may be ``out`` keeps its place."""
        with self._records.write() as session:
            kept = session.get_one(RepCard, card.reminder)
            kept.tries, kept.reason = kept.tries + 1, reason
            kept.told = kept.told if kept.ref or out else None
            kept.next_at = self._clock() + wait if wait else None

    def _message(self, reminder: Reminder, rep: Staff, account: Account) -> Message:
        tongue = _tongue(rep)
        customer = self._identities.customer_of(reminder.handle)
        titles = self._titles(customer, rep.id)
        words = say("card_recommends", tongue, titles="；".join(titles)) if titles else ""
        return Message(
            handle=Handle(REP, account.id, rep.id), kind="card",
            title=say(f"reminder_{reminder.kind}", tongue),
            text=words or say("card_look", tongue),
            link=f"{self._base_url}/workbench/customers/{customer}",
            button=say("card_button", tongue),
        )  # fmt: skip

    def _titles(self, customer: str, staff: str) -> list[str]:
        """The best recommendations, kept as offered; none if she is no longer the rep's."""
        try:
            offer = self._recommender.for_contact(customer, self._staff.actor(staff), FIRST)
        except Overloaded:
            raise
        except Problem:
            return []
        known = self._materials.many([item.material for item in offer.told()])
        return [known[each.material].title for each in offer.told() if each.material in known]


def _tongue(rep: Staff | None) -> str:
    return rep.language if rep else "zh"
