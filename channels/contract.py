"""The channel contract (渠道契约): the tests every channel must pass.

Subclass the suites, provide the fixtures, change nothing. `ShowingContract` is for channels that
show what we publish, `HearingContract` for platforms that call us back, `ChannelContract` for
those that do both over a wire on which answers get lost; `SendingContract` for channels that reach
one person.
"""

from __future__ import annotations

from typing import Protocol

import pytest

from channels.base import (
    Asset,
    Busy,
    Callback,
    Channel,
    Message,
    Post,
    Progress,
    Refused,
    Unanswered,
)
from kernel.events import Handle

PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360000002000001e221bc330000000049454e44ae426082"
)


class StandIn(Protocol):
    """The other side of the wire, played by a few lines of our own."""

    busy: bool
    silent: bool
    """It does what it is asked, and its answer is lost."""

    @property
    def shown(self) -> list[str]:
        """Titles on display, in the order they went up."""
        ...


class Mailbox(Protocol):
    """The other side of the wire, as far as one person sees it."""

    @property
    def heard(self) -> list[str]:
        """What has been said to anybody, in order."""
        ...


class ShowingContract:
    """Needs fixtures: ``channel`` and its ``platform``."""

    settled = frozenset({Progress.SHOWN, Progress.AWAITING_PERSON})
    post = Post(
        title="开放日",
        summary="本周六",
        body="<p>周六见</p>",
        link="https://e.cn/t/1",
        cover=Asset(name="cover", content_type="image/png", data=PIXEL),
    )

    def test_shows_what_it_publishes_until_it_is_withdrawn(
        self, channel: Channel, platform: StandIn
    ) -> None:
        receipt = channel.publish(self.post, key="k1")
        assert channel.outcome(receipt.ref).progress in self.settled
        assert platform.shown == [self.post.title]

        channel.withdraw(receipt.ref)
        assert platform.shown == []

    def test_withdrawing_twice_does_no_harm(self, channel: Channel) -> None:
        receipt = channel.publish(self.post, key="k1")
        channel.withdraw(receipt.ref)
        channel.withdraw(receipt.ref)

    def test_what_was_never_published_is_not_found(self, channel: Channel) -> None:
        channel.publish(self.post, key="k1")
        assert channel.find(self.post, key="k2") is None


class HearingContract:
    """Needs fixtures: ``channel``, a ``genuine`` and a ``forged`` callback."""

    def test_a_repeated_callback_tells_the_same_event_ids(
        self, channel: Channel, genuine: Callback
    ) -> None:
        first, second = channel.receive(genuine), channel.receive(genuine)
        assert [event.id for event in first.events] == [event.id for event in second.events] != []
        assert first.answer == second.answer

    def test_refuses_a_forged_callback(self, channel: Channel, forged: Callback) -> None:
        with pytest.raises(Refused):
            channel.receive(forged)


class ChannelContract(ShowingContract, HearingContract):
    """Needs the fixtures of both; the ``platform`` can be busy, and silent."""

    def test_a_lost_answer_is_settled_without_showing_it_twice(
        self, channel: Channel, platform: StandIn
    ) -> None:
        platform.silent = True
        with pytest.raises(Unanswered):
            channel.publish(self.post, key="k1")

        platform.silent = False
        if channel.idempotency == "native":
            channel.publish(self.post, key="k1")
        found = channel.find(self.post, key="k1")
        assert platform.shown == [self.post.title]
        if channel.idempotency == "reconcile":
            assert found is not None
            channel.withdraw(found.ref)
            assert platform.shown == []

    def test_says_busy_when_the_platform_is(self, channel: Channel, platform: StandIn) -> None:
        platform.busy = True
        with pytest.raises(Busy):
            channel.publish(self.post, key="k1")


class SendingContract:
    """Needs fixtures: ``channel``, its ``platform``, and a ``friend`` whom it may talk to."""

    def test_says_to_one_person_what_it_is_given(
        self, channel: Channel, platform: Mailbox, friend: Handle
    ) -> None:
        channel.send(Message(handle=friend, text="您好", link="https://e.cn/t/1"), key="k1")
        assert friend.kind == channel.writes_to
        assert len(platform.heard) == 1
        assert "您好" in platform.heard[0]
        assert "https://e.cn/t/1" in platform.heard[0]

    def test_saying_it_again_under_the_same_key_is_heard_once_where_the_key_is_known(
        self, channel: Channel, platform: Mailbox, friend: Handle
    ) -> None:
        if channel.idempotency != "native":
            return
        for _ in range(2):
            channel.send(Message(handle=friend, text="您好"), key="k1")
        assert len(platform.heard) == 1
