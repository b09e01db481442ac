"""The courier (投递): makes the call of a claimed delivery, and has written down what came of it.

Runs outside any transaction. Does not choose what is sent, and does not say what it looks like.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from channels.accounts import Accounts, Channels
from channels.base import Busy, Channel, Post, Progress, Receipt, Refused, SignedOut, Unanswered
from channels.deliveries.callers import Callers
from channels.deliveries.heartbeat import Heartbeat
from channels.deliveries.outbox import Deliveries
from channels.deliveries.record import OPTED_OUT, Delivery, State
from channels.outbound.breaker import Breakers, guard
from channels.outbound.gate import USED_UP
from kernel import logs
from kernel.clock import Clock
from kernel.crash import crash_point, declare
from kernel.errors import Overloaded, Problem
from kernel.values import dataclass

Answer = TypeVar("Answer")
Say = Callable[[Channel], Receipt]
"""Makes one call through a channel."""

ASKED = declare("courier.asked", "a lost answer was looked for; what was found is not noted")
TOLD = declare("courier.told", "the platform told an outcome; it is not noted")
WITHDRAWING = declare("courier.withdrawing", "about to ask the platform to take a post down")
WITHDRAWN = declare("courier.withdrawn", "the platform took it down; that is not noted")


_AGAIN = 0.5
"""Seconds between two tries to note an answer while the records are away."""
_HUNG = 3
"""How many quick failures a call weighs that hung."""
_LONG = 5.0
"""Seconds without an answer that are called hanging."""


@dataclass(frozen=True, slots=True)
class _Told:
    """What one call came to."""

    delivery: Delivery
    channel: Channel | None
    answer: Receipt | Problem
    seconds: float


class Courier:
    """Between the outbox and the channels."""

    def __init__(
        self,
        deliveries: Deliveries,
        accounts: Accounts,
        channels: Channels,
        breakers: Breakers,
        clock: Clock,
    ) -> None:
        self._deliveries = deliveries
        self._accounts = accounts
        self._channels = channels
        self._breakers = breakers
        self._clock = clock
        self._heartbeat = Heartbeat(deliveries)
        self._callers: Callers[_Told] = Callers()
        self._rest = threading.Event()

    def admit(self, account: str) -> None:
        """Raises `Busy` while the platform is out of order; joins the claim's transaction."""
        self._breakers.admit(account)

    def room(self, account: str) -> int:
        """How many calls at once the account's platform is trusted with."""
        return self._breakers.room(account)

    def carry(self, claimed: Sequence[tuple[Delivery, Say]]) -> None:
        """Say these, all of one account, side by side through its channel, and note the answers
        as they come, or the lack of them."""
        if not claimed:
            return
        with self._heartbeat.keep(*(delivery for delivery, _ in claimed)):
            channel = self._channel(claimed[0][0].account)
            calls = [partial(self._called, channel, delivery, say) for delivery, say in claimed]
            for told in self._callers.answers(calls):
                self._insist(told)

    def _channel(self, account: str) -> Channel | Problem:
        """The account's channel, or why nothing can leave through it."""
        try:
            return self._channels.of(account)
        except Overloaded as away:  # our own records were away, before anything left
            return Busy("records_were_away", seconds=away.seconds)
        except Problem as trouble:
            return trouble

    def _insist(self, told: Sequence[_Told]) -> None:
        """Note the answers as soon as the records are there again: what a platform said is not
        lost with a database that restarts, as long as the lease may still stand."""
        until = time.monotonic() + self._deliveries.lease
        while True:
            try:
                self._note(told)
            except Overloaded as away:
                if time.monotonic() > until:
                    raise
                self._rest.wait(min(away.seconds, _AGAIN))
            else:
                return

    @staticmethod
    def _called(channel: Channel | Problem, delivery: Delivery, say: Say) -> _Told:
        if isinstance(channel, Problem):
            return _Told(delivery, None, channel, 0.0)
        with _Naming(delivery):
            begun = time.monotonic()
            try:
                answer: Receipt | Problem = say(channel)
            except Overloaded:  # our own records were away: nobody knows what had left by then
                answer = Unanswered("records_were_away")
            except Problem as trouble:
                answer = trouble
            return _Told(delivery, channel, answer, time.monotonic() - begun)

    def _note(self, told: Sequence[_Told]) -> None:
        account = told[0].delivery.account
        answers = [(d.delivery, d.answer) for d in told if isinstance(d.answer, Receipt)]
        lost = [(d, d.answer) for d in told if isinstance(d.answer, Problem)]
        with self._deliveries.at_once([each.delivery for each in told], guard(account)):
            self._blame(account, [each for each, _ in lost], told)
            if answers:
                self._breakers.answered(account)
                self._deliveries.note_all(answers)
            for each, trouble in lost:
                with _Naming(each.delivery):
                    self._set_aside(each.delivery, each.channel, trouble)

    def _blame(self, account: str, lost: Sequence[_Told], told: Sequence[_Told]) -> None:
        """What calls that went wrong side by side say about the account: one that answers others
        is not out of order, and what one hiccup of the way there cost counts once."""
        weights = []
        for each in lost:
            if isinstance(each.answer, Problem):
                with _Naming(each.delivery):
                    weights.append(self._blamed(account, each.answer, each.seconds))
        hung = [weight for weight in weights if weight == _HUNG]
        if any(weights) and len(lost) == len(told):
            self._breakers.failed(account, weight=sum(hung) or 1)

    def _set_aside(self, delivery: Delivery, channel: Channel | None, trouble: Problem) -> None:
        """It did not go out, or nobody knows: what is to become of it."""
        if isinstance(trouble, Busy):
            self._deliveries.postpone(delivery, trouble)
        elif isinstance(trouble, SignedOut):
            self._deliveries.give_back(delivery, trouble)
        elif isinstance(trouble, Unanswered) and channel is not None:
            if _knows_our_key(channel, delivery):
                self._deliveries.postpone(delivery, trouble)
                return
            self._deliveries.doubt(delivery, trouble, self._look(channel, delivery))
        else:
            self._deliveries.park(delivery, trouble)

    def rescue(self) -> int:
        """Decide about what dead workers were sending: as after a lost answer. One whose account
        cannot be used now holds up no other; it is looked for when the account is mended."""
        lost = self._deliveries.lost()
        for delivery in lost:
            try:
                channel = self._channels.of(delivery.account)
            except Overloaded:
                raise
            except Problem as trouble:
                look: timedelta | None = self._patience(delivery, trouble)
            else:
                if _knows_our_key(channel, delivery):
                    self._deliveries.after_crash(delivery, State.DUE, timedelta())
                    continue
                look = self._look(channel, delivery)
            self._deliveries.after_crash(delivery, State.UNKNOWN, look)
        return len(lost)

    def settle(self, compose: Callable[[Delivery], Post]) -> int:
        """Look for what may or may not have gone through, and say how many were looked at.

        Found: noted, and not sent again. Not found for longer than the platform ever keeps a post
        in review: sent once more.
        """
        looked = 0
        while delivery := self._deliveries.in_doubt():
            looked += 1
            with _Naming(delivery):
                self._settle(delivery, compose)
        return looked

    def _settle(self, delivery: Delivery, compose: Callable[[Delivery], Post]) -> None:
        try:
            channel = self._channels.of(delivery.account)
            if _knows_our_key(channel, delivery):
                self._deliveries.again(delivery)
                return
            self._breakers.admit(delivery.account)
            post = compose(delivery)
            found = self.heard(delivery.account, lambda: channel.find(post, key=delivery.id))
        except Overloaded:
            raise
        except Problem as trouble:
            self._deliveries.look_later(delivery, self._patience(delivery, trouble))
            return
        crash_point(ASKED)
        if found is not None:
            self._deliveries.note(delivery, found)
        elif self._age(delivery) >= channel.longest_review:
            self._deliveries.again(delivery)
        else:
            left = channel.longest_review - self._age(delivery)
            self._deliveries.look_later(delivery, min(left, self._patience(delivery)))

    def poll(self) -> int:
        """Ask for the outcomes that platforms owe us, and say how many were asked for."""
        asked = 0
        while delivery := self._deliveries.asking():
            asked += 1
            with _Naming(delivery):
                self._poll(delivery)
        return asked

    def _poll(self, delivery: Delivery) -> None:
        if (delivery.state, delivery.reason) == (State.AWAITING_PERSON, OPTED_OUT):
            self.withdraw(delivery, OPTED_OUT)
            return
        try:
            self._breakers.admit(delivery.account)
            channel = self._channels.of(delivery.account)
            told = self.heard(delivery.account, lambda: channel.outcome(delivery.ref or ""))
        except Overloaded:
            raise
        except Problem as trouble:
            self._deliveries.look_later(delivery, self._patience(delivery, trouble))
            return
        crash_point(TOLD)
        if told.progress == delivery.progress:
            self._deliveries.look_later(delivery, self._patience(delivery))
        else:
            self._deliveries.note(delivery, told)

    def withdraw(self, delivery: Delivery, reason: str = "") -> bool:
        """Take down what a platform shows; false if it cannot yet. Harmless when repeated."""
        ref = delivery.ref or ""
        with _Naming(delivery), self._heartbeat.keep(delivery):
            crash_point(WITHDRAWING)
            try:
                self._breakers.admit(delivery.account)
                channel = self._channels.of(delivery.account)
                self.heard(delivery.account, lambda: channel.withdraw(ref))
            except Overloaded:
                raise
            except Problem as trouble:
                self._deliveries.look_later(delivery, self._patience(delivery, trouble))
                return False
            crash_point(WITHDRAWN)
            return self._deliveries.note(
                delivery, Receipt(ref=ref, progress=Progress.WITHDRAWN, reason=reason)
            )  # fmt: skip

    def heard(self, account: str, ask: Callable[[], Answer]) -> Answer:
        """Ask, and let the log, the breaker and the account's health know how it went."""
        begun = time.monotonic()
        try:
            answer = ask()
        except Problem as trouble:
            weight = self._blamed(account, trouble, time.monotonic() - begun)
            if weight:
                self._breakers.failed(account, weight=weight)
            raise
        self._breakers.answered(account)
        return answer

    def _blamed(self, account: str, trouble: Problem, seconds: float) -> int:
        """What the trouble says about the account: how heavily it weighs for its breaker."""
        if trouble.reason != USED_UP:
            logs.info("platform_refused", code=trouble.code, why=trouble.reason)
        if isinstance(trouble, Busy):
            return int(trouble.down)
        if isinstance(trouble, Unanswered):
            return _HUNG if seconds >= _LONG else 1
        if isinstance(trouble, SignedOut):
            self._accounts.pause(account, trouble.reason, by="worker")
        elif isinstance(trouble, Refused):
            self._breakers.answered(account)
        return 0

    def _look(self, channel: Channel, delivery: Delivery) -> timedelta | None:
        """When to look for something unanswered; None where only a person can."""
        findable = channel.idempotency == "reconcile" and not delivery.target
        return min(timedelta(seconds=2), channel.longest_review) if findable else None

    def _age(self, delivery: Delivery) -> timedelta:
        return self._clock() - self._since(delivery)

    def _since(self, delivery: Delivery) -> datetime:
        return delivery.last_sent or delivery.created

    def _patience(self, delivery: Delivery, trouble: Problem | None = None) -> timedelta:
        """Ask often at first and seldom later: a quarter of its age, 1 s to 5 min."""
        if isinstance(trouble, Busy) and trouble.seconds:
            return timedelta(seconds=trouble.seconds)
        return min(max(self._age(delivery) / 4, timedelta(seconds=1)), timedelta(minutes=5))


class _Naming:
    """Whatever is logged meanwhile names the delivery; so does a failure that nobody foresaw."""

    def __init__(self, delivery: Delivery) -> None:
        self._key = delivery.id
        self._bound = logs.bound(delivery=delivery.id, account=delivery.account)

    def __enter__(self) -> None:
        self._bound.__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, failure: BaseException | None, trace: Any
    ) -> None:
        self._bound.__exit__(kind, failure, trace)
        if failure is not None:
            failure.add_note(f"while working on delivery {self._key}")


def _knows_our_key(channel: Channel, delivery: Delivery) -> bool:
    """Is the same key the same thing there? Some platforms know it of posts alone, and say so by
    an ``idempotency_to_one`` of their own."""
    told = channel.idempotency
    return (getattr(channel, "idempotency_to_one", told) if delivery.target else told) == "native"
