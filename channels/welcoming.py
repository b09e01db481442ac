"""Welcoming (欢迎语): the express lane for whoever has just turned up.

A welcome code lives 20 seconds and is good once, so it is kept when the callback is taken, and
used by a lane of its own beside the outbox. What is too late stays unsaid, and says so. A repeat of
the callback brings the same code and adds nothing.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import select
from sqlalchemy.orm import Mapped, Session, mapped_column

from channels.accounts import Account, Accounts, Channels
from channels.base import Busy, Greeting, Greets, Message, Refused, Unanswered
from channels.composing import Composer
from channels.deliveries.callers import Callers
from channels.live_codes import LiveCodes
from content_hub.compliance import Compliance
from content_hub.materials import Materials
from content_hub.shelf import Shelf
from kernel.clock import Clock
from kernel.crash import crash_point, declare
from kernel.errors import Overloaded, Problem
from kernel.events import Handle
from kernel.values import dataclass
from stores import bulk
from stores.changes import Changes
from stores.records import Record, Records, insert
from stores.spelling import spelled
from stores.waiting import GOES_BACK

LIFE = timedelta(seconds=20)
_HOLD = timedelta(seconds=6)
"""How long one try is left alone before another worker takes it for dead."""
_TOGETHER = 16
"""So many are claimed at once, and no account has more under way in one process."""
GREETED = declare("welcoming.greeted", "she was welcomed; nobody here knows")


class Welcome(Record, kw_only=True):
    """One welcome that is, or was, owed."""

    __tablename__ = "welcomes"

    id: Mapped[str] = mapped_column(primary_key=True)
    """The account and a digest of the code: the same code is the same welcome."""
    account: Mapped[str]
    handle: Mapped[str] = mapped_column(info={"customer": "drop"})
    rep: Mapped[str]
    state: Mapped[str]
    code: Mapped[str] = mapped_column(repr=False)
    """Emptied once it was used."""
    at: Mapped[datetime]
    """When it was heard of; the code's seconds are counted from here at the latest."""
    next_at: Mapped[datetime | None] = mapped_column(index=True, info=GOES_BACK)
    outcome: Mapped[str] = mapped_column(default="")
    """``greeted``, or why she was not: a key of `kernel.wording`."""
    settled: Mapped[datetime | None] = mapped_column(default=None)


@dataclass(frozen=True, slots=True)
class _Told:
    """What one try came to: an outcome, or how many seconds to wait for the next."""

    welcome: Welcome
    outcome: str = ""
    wait: float = 0.0


class Welcoming:
    """Says the first words."""

    def __init__(
        self,
        *,
        records: Records,
        changes: Changes,
        accounts: Accounts,
        channels: Channels,
        codes: LiveCodes,
        materials: Materials,
        shelf: Shelf,
        composer: Composer,
        clock: Clock,
        patience: float = 0.05,
    ) -> None:
        """``patience`` is how many seconds a round waits for an answer with nothing else to do."""
        self._records = records
        self._changes = changes
        self._accounts = accounts
        self._channels = channels
        self._codes = codes
        self._materials = materials
        self._shelf = shelf
        self._composer = composer
        self._clock = clock
        self._patience = patience
        self._compliance = Compliance(records, changes, clock)
        self._callers: Callers[_Told] = Callers()
        self._calling: dict[str, str] = {}
        """The account of every welcome that is being said."""

    def note(self, account: Account, greetings: Iterable[Greeting]) -> None:
        """Keep what a callback brought. Noting it again changes nothing."""
        now = self._clock()
        rows = [
            {
                "id": _id(account.id, each.code), "account": account.id,
                "handle": str(each.handle), "rep": each.rep, "state": each.state,
                "code": each.code, "at": now, "next_at": now, "outcome": "", "settled": None,
            }
            for each in greetings
        ]  # fmt: skip
        if not rows:
            return
        with self._records.part() as session:
            session.execute(insert(session, Welcome).on_conflict_do_nothing(), rows)

    def greet_due(self) -> int:
        """Say what is owed, side by side; how many were said, given up or put off.

        A platform that hangs holds up its own account's alone: what comes of its calls is noted in
        the round in which it comes.
        """
        done, told = 0, list[_Told]()
        while True:
            claimed = self._claim(told)
            for welcome in claimed:
                self._calling[welcome.id] = welcome.account
                self._callers.begin(partial(self._called, welcome))
            told = self._callers.come(self._patience)
            done += len(told)
            if not claimed and not told:
                return done

    def _claim(self, told: Sequence[_Told]) -> Sequence[Welcome]:
        """Note what came of those that were said, and take what is owed now: one commit."""
        now = self._clock()
        if not told and not self._records.rows(_ANY, [spelled(self._records, now)]):
            return ()  # most rounds find nothing and take no turn
        calling = dict(self._calling)
        under_way = Counter(calling.values())
        full = [account for account, calls in under_way.items() if calls >= _TOGETHER]
        due = select(Welcome).where(
            Welcome.next_at <= now, Welcome.account.not_in(full), Welcome.id.not_in(calling)
        )  # fmt: skip
        wanted = due.order_by(Welcome.next_at).limit(_TOGETHER)
        with self._records.write() as session:
            if told:
                self._settle(session, told, now)
            welcomes = session.scalars(wanted.with_for_update(skip_locked=True)).all()
            for welcome in welcomes:
                welcome.next_at = now + _HOLD
        return welcomes

    def _called(self, welcome: Welcome) -> _Told:
        try:
            return self._greeted(welcome)
        finally:
            del self._calling[welcome.id]

    def _greeted(self, welcome: Welcome) -> _Told:
        if self._clock() - welcome.at >= LIFE:
            return _Told(welcome, "welcome_too_late")
        try:
            channel = self._channels.of(welcome.account)
            message = self._message(welcome)
            if isinstance(message, str) or not isinstance(channel, Greets):
                return _Told(welcome, message if isinstance(message, str) else "nothing_to_send")
            greeting = Greeting(
                code=welcome.code, handle=message.handle, rep=welcome.rep, state=welcome.state,
                at=welcome.at,
            )  # fmt: skip
            channel.greet(greeting, message)
            crash_point(GREETED)
        except (Busy, Unanswered, Overloaded) as later:
            wait = 0 if isinstance(later, Unanswered) else later.seconds
            return _Told(welcome, wait=min(wait or 1.0, 5.0))
        except Refused as no:  # said before is said
            return _Told(welcome, "greeted" if no.reason == "already_greeted" else no.reason)
        except Problem as no:
            return _Told(welcome, no.reason)
        return _Told(welcome, "greeted")

    def _message(self, welcome: Welcome) -> Message | str:
        """What is said, or why nothing is. The list of words may have grown since they were
        written: what it bars is not said."""
        account = self._accounts.one(welcome.account)
        code = self._codes.of_state(account.id, welcome.state)
        kept = (code.words if code else "", str(account.settings.get("welcome") or ""))
        meant = [each for each in kept if each]
        words = next((each for each in meant if not self._compliance.barred(each)), "")
        material = code.material if code else ""
        standing = material and material in self._shelf.standing_ids(account.id, [material])
        if not words and not standing:
            return "welcome_words_barred" if meant else "nothing_to_send"
        return self._composer.message(
            self._materials.one(material) if standing else None, account,
            Handle.parse(welcome.handle), words, welcome.rep,
        )  # fmt: skip

    def _settle(self, session: Session, told: Sequence[_Told], now: datetime) -> None:
        """Whoever was erased meanwhile is not there any more, and nothing is noted about her."""
        named = [each.welcome.id for each in told]
        there = set(session.scalars(select(Welcome.id).where(Welcome.id.in_(named))))
        waiting = [each for each in told if not each.outcome]
        over = [each for each in told if each.outcome and each.welcome.id in there]
        bulk.change(session, Welcome, [
            {"id": each.welcome.id, "next_at": now + timedelta(seconds=each.wait)}
            for each in waiting
        ])  # fmt: skip
        bulk.change(session, Welcome, [
            {"id": each.welcome.id, "outcome": each.outcome, "code": "", "next_at": None,
             "settled": now}
            for each in over
        ])  # fmt: skip
        for act, group in (
            ("welcomed", [each for each in over if each.outcome == "greeted"]),
            ("not_welcomed", [each for each in over if each.outcome != "greeted"]),
        ):
            self._changes.note_all(
                act, "welcome",
                {each.welcome.id: {"account": each.welcome.account, "rep": each.welcome.rep,
                                   "reason": each.outcome} for each in group},
                by="worker", handles={each.welcome.id: each.welcome.handle for each in group},
            )  # fmt: skip


_ANY = "SELECT 1 FROM welcomes WHERE next_at <= ? LIMIT 1"


def _id(account: str, code: str) -> str:
    return f"{account}:{hashlib.sha256(code.encode()).hexdigest()[:40]}"
