"""Sending (发送): what is due goes out, the calls of one account side by side.

What is claimed together goes to one account, so that a slow platform keeps only its own waiting.
Decides nothing: `last_question` does, in the claim's transaction.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import timedelta

from channels.base import Channel, Message, Receipt
from channels.composing import Composer
from channels.deliveries import Courier, Deliveries, Delivery, Lane
from channels.publishing.last_question import Judged, LastQuestion, Said
from kernel.crash import crash_point, declare

COMPOSED = declare("publishing.composed", "texts and pictures are at hand; nothing has left")
ROUND = timedelta(seconds=3)
"""How long one round of a duty may go on, so that a worker told to stop soon does."""


def whole_round(some: Callable[[], int]) -> int:
    """Some after some, until nothing is due or the round is over; how many that were."""
    carried, until = 0, time.monotonic() + ROUND.total_seconds()
    while time.monotonic() < until and (more := some()):
        carried += more
    return carried


class Sending:
    """From the outbox to the platforms. Each method sends some of one account, and says how
    many."""

    def __init__(
        self, deliveries: Deliveries, courier: Courier, composer: Composer, question: LastQuestion
    ) -> None:
        self._deliveries = deliveries
        self._courier = courier
        self._composer = composer
        self._question = question

    def greetings(self) -> int:
        """What is worth nothing in a few seconds."""
        return self._some(Lane.EXPRESS, self._question.of_messages)

    def messages(self) -> int:
        """What single persons are told, greetings first."""
        return self.greetings() or self._some(Lane.MESSAGE, self._question.of_messages)

    def posts(self) -> int:
        """What everybody is shown."""
        return self._some(Lane.POST, self._question.of_posts)

    def _some(self, lane: Lane, judge: Callable[[Sequence[Delivery]], Judged]) -> int:
        def judged(due: Sequence[Delivery]) -> Judged:
            due = due[: self._courier.room(due[0].account)]
            told = judge(due)
            for each in due:
                if isinstance(said := told[each.id], Said):
                    each.number = said.number
            return told

        claimed = self._deliveries.claim_some(judged, lane=lane)
        self._courier.carry([(delivery, self._call(delivery, said)) for delivery, said in claimed])
        return len(claimed)

    def _call(self, delivery: Delivery, said: Said) -> Callable[[Channel], Receipt]:
        what, cover, key = said.what, said.cover, delivery.id
        if isinstance(what, Message):
            return lambda channel: channel.send(what, key=key)

        def publish(channel: Channel) -> Receipt:
            whole = self._composer.illustrated(what, cover)
            crash_point(COMPOSED)
            return channel.publish(whole, key=key)

        return publish
