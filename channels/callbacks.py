"""Callbacks (平台回调): what platforms tell us, kept before they are answered.

The adapter checks and reads, and writes nothing; here the events go to the intake, the outcomes to
the deliveries, what she lets us send to the allowances and whoever is to be greeted to the express
lane: each with what other callbacks brought in the same moment. An opt-out alone is decided before
the answer, for nothing may be begun after it; it is decided beside the others, which do not wait
for it. A platform tells things twice, late and out of order: event ids are the same each time and
older outcomes never overwrite newer, so a repeat gets the first answer and adds nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

from channels.accounts import Account, Accounts, Channels
from channels.allowances import Allowances
from channels.base import Callback, Received, Refused, Stop
from channels.deliveries import Deliveries
from channels.health import Health
from channels.preferences import Preferences
from channels.welcoming import Welcoming
from data_hub.intake import Intake
from kernel.clock import Clock
from kernel.crash import crash_point, declare
from kernel.errors import Flaw, Forbidden
from kernel.events import Refusal
from kernel.values import dataclass
from stores.gathered import Gathered

DOOR = "callback"
TAKEN = declare("callbacks.taken", "all that a callback told is durable; nobody was answered")
_BEYOND_US = Flaw("", "callback_unreadable")


@dataclass(frozen=True, slots=True)
class Heard:
    """What a platform hears as soon as all of this is durable."""

    answer: bytes
    kept: tuple[Future[None], ...]


class Callbacks:
    """The door that platforms knock at."""

    def __init__(
        self,
        *,
        accounts: Accounts,
        channels: Channels,
        intake: Intake,
        deliveries: Deliveries,
        welcoming: Welcoming,
        preferences: Preferences,
        allowances: Allowances,
        health: Health,
        gathered: Gathered,
        clock: Clock,
    ) -> None:
        self._accounts = accounts
        self._channels = channels
        self._intake = intake
        self._deliveries = deliveries
        self._welcoming = welcoming
        self._preferences = preferences
        self._allowances = allowances
        self._health = health
        self._gathered = gathered
        self._clock = clock
        self._stopping = ThreadPoolExecutor(1, "stops")  # no thread before the first of them

    def take(self, account: str, callback: Callback) -> bytes:
        """Keep what it tells, and say what the platform wants to hear.

        Raises `NotFound` for an account that is not ours, `Forbidden` for what its platform did
        not send. What it did send and we cannot read is kept as it came.
        """
        heard = self.begin(account, callback)
        for kept in heard.kept:
            kept.result()
        crash_point(TAKEN)
        return heard.answer

    def begin(self, account: str, callback: Callback) -> Heard:
        """The same for a door that does not wait in a thread."""
        ours = self._accounts.one(account)
        try:
            received = self._channels.of(ours).receive(callback)
        except Refused as forged:
            raise Forbidden("callback_not_genuine", account=ours.code) from forged
        refusals = [
            self._unread(ours, each.sample, each.flaw, each.again) for each in received.unread
        ]
        if received.unreadable:
            refusals.append(self._unread(ours, received.unreadable))
        kept = self._intake.begin(received.events, refusals, door=DOOR)
        if self._health.is_news(ours.id):
            self._gathered.put(partial(self._health.heard, ours.id))
        return Heard(received.answer, (kept, *self._noted(ours, received)))

    def _noted(self, ours: Account, received: Received) -> Iterator[Future[None]]:
        """What is more than events is noted beside them, by whoever keeps it."""
        put = self._gathered.put
        for stop in received.stops:
            yield self._stopping.submit(self._stop, stop, ours.kind)
        if received.allowed:
            yield put(partial(self._allowances.hear, received.allowed))
        if received.greetings:
            yield put(partial(self._welcoming.note, ours, received.greetings))
        for outcome in received.outcomes:
            yield put(partial(self._deliveries.note_outcome, ours.id, outcome))

    def _stop(self, stop: Stop, source: str) -> None:
        self._preferences.take(stop, source=source)

    def _unread(
        self, ours: Account, told: bytes, flaw: Flaw = _BEYOND_US, again: str = ""
    ) -> Refusal:
        sample = told[:4096].decode("utf-8", "replace")
        return Refusal(
            at=self._clock(), door=DOOR, reason=flaw.reason, field=flaw.field, account=ours.id,
            sample=sample, again=again,
        )  # fmt: skip
