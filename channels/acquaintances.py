"""Acquaintances (认识新粉丝): after a follow, ask the platform who she is, so handles get linked.

An openid says nothing outside its account; the platform's user info holds the unionid. Whom to ask
about is a row, so that one busy platform holds up no other. Merges nobody: `data_hub` does.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import and_, delete, or_, select
from sqlalchemy.orm import Mapped, mapped_column

from channels.accounts import Channels
from channels.base import Busy
from data_hub.intake import Intake
from kernel.clock import Clock
from kernel.errors import Overloaded, Problem
from kernel.events import Event, Handle
from stores.history import History
from stores.records import Record, Records, upsert
from stores.waiting import GOES_BACK
from stores.watermarks import Watermarks

_FOLLOWER = "acquaintances"
_LOOKED_AT = 1_000
"""Events that are looked through at once: few of them tell of somebody new."""
_MOST_TRIES = 10


class Stranger(Record, kw_only=True):
    """Somebody who followed and whom we have not asked about yet."""

    __tablename__ = "strangers"

    handle: Mapped[str] = mapped_column(primary_key=True, info={"customer": "drop"})
    account: Mapped[str]
    followed: Mapped[datetime]
    next_at: Mapped[datetime] = mapped_column(index=True, info=GOES_BACK)
    tries: Mapped[int] = mapped_column(default=0)


class Acquaintances:
    """Gets to know new followers. Only one worker does this at a time."""

    def __init__(
        self, records: Records, history: History, channels: Channels, intake: Intake, clock: Clock
    ) -> None:
        self._records = records
        self._history = history
        self._channels = channels
        self._intake = intake
        self._clock = clock
        self._watermarks = Watermarks(records, Record)

    def follow(self, limit: int = 50) -> int:
        """Note who followed since the last time, ask about those whose turn it is; how many."""
        return self._note() + self._ask(limit)

    def _note(self) -> int:
        mark = int(self._watermarks.of(_FOLLOWER) or 0)
        told = self._history.after(mark, _LOOKED_AT)
        if not told:
            return 0
        now = self._clock()
        rows = {
            str(event.handle): {
                "handle": str(event.handle), "account": event.account, "followed": event.at,
                "next_at": now, "tries": 0,
            }
            for _, event in told if event.kind == "followed" and event.handle is not None
        }  # fmt: skip
        with self._records.write() as session:
            upsert(session, Stranger, list(rows.values()))
            self._watermarks.move(_FOLLOWER, str(told[-1][0]))
        return len(told)

    def _ask(self, limit: int) -> int:
        due = select(Stranger).where(Stranger.next_at <= self._clock())
        with self._records.read() as session:
            strangers = list(session.scalars(due.order_by(Stranger.next_at).limit(limit)))
        told: list[Event] = []
        asked: list[str] = []
        later: dict[str, float] = {}
        """Seconds until she is asked about again."""
        for stranger in strangers:
            try:
                told += self._ask_about(stranger)
            except Overloaded:  # our own stores were away: no word about her
                raise
            except Busy as busy:
                later[stranger.handle] = busy.seconds
            except Problem:
                later[stranger.handle] = 3600
            else:
                asked.append(stranger.handle)
        self._keep(told, asked, later)
        return len(strangers)

    def _ask_about(self, stranger: Stranger) -> list[Event]:
        channel = self._channels.of(stranger.account)
        told = channel.introduce(Handle.parse(stranger.handle), stranger.followed)
        return [told] if told is not None else []

    def _keep(
        self, told: Sequence[Event], asked: Sequence[str], later: Mapping[str, float]
    ) -> None:
        """What was told of all of them in one commit; only then they are strangers no more. Who
        was asked about ten times in vain stays one until she follows again."""
        self._intake.take(told, door="acquaintance")
        if not (asked or later):
            return
        with self._records.write() as session:
            for handle, seconds in later.items():
                if kept := session.get(Stranger, handle):
                    kept.tries += 1
                    wait = seconds or min(2.0**kept.tries, 300)
                    kept.next_at = self._clock() + timedelta(seconds=wait)
            gone = or_(
                Stranger.handle.in_(asked),
                and_(Stranger.handle.in_(later), Stranger.tries >= _MOST_TRIES),
            )
            session.execute(delete(Stranger).where(gone))
