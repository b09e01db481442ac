"""WeChat Official Account (微信公众号): articles go out, follows and messages come in.

Habits of the platform to know before changing anything here:

* An article is first kept as a draft and then submitted; being submitted is not being shown.
* Submitting has no idempotency key: after a lost answer, look through the published list. Every
  article carries our key behind the ``#`` of its source link, so that it can be told there.
* A cover must be permanent material, pictures in the text must come from ``uploadimg``; both are
  uploaded once an account.
* To one person one may talk for 48 hours after she wrote, a minute after she followed or clicked.
* A callback that is not answered within five seconds comes again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import quote

from channels.allowances import Allowances
from channels.base import (
    Callback,
    Idempotency,
    Message,
    Post,
    Receipt,
    Received,
    SignedOut,
)
from channels.capabilities import Capabilities, Limits
from channels.handed_over import HandedOver
from channels.live_codes import Code
from channels.menus import Entry
from channels.vocabularies import Word
from channels.wechat import fans, figures, menus, messages
from channels.wechat.articles import Articles
from channels.wechat.crypto import Envelope
from channels.wechat.mail import LetterBox
from channels.wechat.showing import FreePublish, MassSend, Showing
from channels.wechat.talking import Talking, Templates
from channels.wechat.uploads import Uploads
from channels.wechat.wire import Wire, text
from channels.works import Work
from kernel.clock import Clock
from kernel.events import Event, Handle

_NO_RIGHT = 48001
_OPENID = 28
"""So long is an openid; whatever else names a tester is her WeChat name."""

CAPABILITIES = Capabilities(
    (
        Limits(
            since=date(2026, 2, 1),
            source="developers.weixin.qq.com, draft/add",
            shows=frozenset({"article"}),
            title=32,
            summary=128,
            body=19_999,
            body_bytes=999_999,
            link_bytes=1_024,
            cover_types=frozenset({"image/jpeg", "image/png", "image/gif", "image/bmp"}),
            cover_bytes=10_000_000,
            person_month=4,  # mass messages to one fan
            messages_a_day=500_000,  # custom/send of a new account
        ),
    )
)


class WeChatOfficialAccount:
    """One official account."""

    key: ClassVar[str] = "wechat_oa"
    writes_to: ClassVar[str] = "openid"
    idempotency: ClassVar[Idempotency] = "reconcile"
    pulled: ClassVar[bool] = False
    capabilities: ClassVar[Capabilities] = CAPABILITIES
    codes_lead_to = "account"

    def __init__(
        self,
        wire: Wire,
        uploads: Uploads,
        clock: Clock,
        *,
        account: str,
        callback_token: str,
        envelope: Envelope | None = None,
        longest_review: timedelta = timedelta(minutes=30),
        by_hand: HandedOver | None = None,
        allowances: Allowances | None = None,
        templates: Templates | None = None,
    ) -> None:
        """``envelope`` for safe mode (安全模式): plain callbacks are refused then.
        ``by_hand`` takes what the account has no right to publish itself."""
        self._wire = wire
        self._clock = clock
        self._account = account
        self._articles = Articles(wire, uploads, account)
        self._free = FreePublish(wire, self._articles)
        self._by_hand = by_hand
        self._talking = Talking(wire, allowances, templates or Templates(), clock)
        self._letters = LetterBox(clock, account=account, token=callback_token, envelope=envelope)
        self.longest_review = longest_review

    # showing to everybody

    @property
    def _showing(self) -> Showing:
        return self._free

    def publish(self, post: Post, *, key: str) -> Receipt:
        """An account without the right to (48001) has a person do it: its draft lies ready."""
        try:
            return self._showing.publish(post, key=key)
        except SignedOut as no:
            if self._by_hand is None or no.facts.get("errcode") != _NO_RIGHT:
                raise
            return self._by_hand.publish(post, key=key)

    def outcome(self, ref: str) -> Receipt:
        return self._way(ref).outcome(ref)

    def find(self, post: Post, *, key: str) -> Receipt | None:
        if self._by_hand is not None and (handed := self._by_hand.find(post, key=key)):
            return handed
        try:
            return self._showing.find(post, key=key)
        except SignedOut as no:
            if self._by_hand is None or no.facts.get("errcode") != _NO_RIGHT:
                raise
            return None  # who may not publish has not published

    def withdraw(self, ref: str) -> None:
        self._way(ref).withdraw(ref)

    def _way(self, ref: str) -> Showing:
        """By what it was shown: a hand-off's ref is our own key and names no kind."""
        if ":" not in ref and self._by_hand is not None:
            return self._by_hand
        return MassSend(self._wire, self._articles) if ref.startswith("mass:") else self._free

    def preview(self, post: Post, *, tester: str) -> None:
        """Show it to one person alone, by her openid or her WeChat name; a hundred a day."""
        draft = self._articles.draft(post, "preview")
        who = {
            "touser" if len(tester) == _OPENID and tester.startswith("o") else "towxname": tester
        }
        told: dict[str, Any] = {"msgtype": "mpnews", "mpnews": {"media_id": draft}, **who}
        self._wire.do("/cgi-bin/message/mass/preview", **told)
        self._articles.drop(draft)

    # what was made there

    works_are = "image_text"

    def works(self, mark: str) -> tuple[list[Work], str]:
        """What stands on the account and did not come from here, newest first."""
        return self._free.works(mark)

    def work(self, key: str) -> Work | None:
        return self._free.work(key)

    # talking to one person

    def send(self, message: Message, *, key: str) -> Receipt:
        return self._talking.send(message, key=key)

    # hearing

    def receive(self, callback: Callback) -> Received:
        if self._letters.is_handshake(callback):
            return Received(answer=self._letters.echo(callback.query))
        return messages.received(self._letters.opened(callback), self._account)

    def introduce(self, handle: Handle, at: datetime) -> Event | None:
        told = self._wire.look("/cgi-bin/user/info", openid=handle.value, lang="zh_CN")
        return fans.recognised(told, self._account, handle, at)

    # who follows, by which way, and what the platform counts

    def people(self, mark: str) -> tuple[list[Event], str]:
        """Some more of those who follow, and the mark to go on from; empty at the end."""
        return fans.walk(self._wire, self._account, mark, self._clock())

    def figures(self, day: date) -> list[Event]:
        """What the platform counted that day, for the account and for each of its articles."""
        return list(figures.of_day(self._wire, self._account, day))

    def vocabulary(self) -> list[Word]:
        """The account's own tags of its fans."""
        return fans.vocabulary(self._wire)

    def put_menu(self, entries: Sequence[Entry]) -> None:
        """In the place of the one before; people see it when they enter the chat again."""
        menus.put(self._wire, entries)

    def drop_menu(self) -> None:
        menus.drop(self._wire)

    def menu(self) -> list[Entry]:
        return menus.shown(self._wire)

    def make_code(self, state: str, reps: Sequence[str], *, remark: str, confirm: bool) -> Code:
        """A lasting code with a scene (带参二维码). The same scene twice is the same way in."""
        told = self._wire.ask(
            "/cgi-bin/qrcode/create", action_name="QR_LIMIT_STR_SCENE",
            action_info={"scene": {"scene_str": state}},
        )  # fmt: skip
        ticket = text(told, "ticket")
        return Code(ticket, f"{self._wire.shows}/cgi-bin/showqrcode?ticket={quote(ticket)}")

    def find_code(self, state: str, since: datetime) -> Code | None:
        """Codes cannot be listed, and making one again does no harm."""
        return None

    def drop_code(self, code: str) -> None:
        """The platform keeps a lasting code for ever; its scene is not known here any more."""


class MassSendingAccount(WeChatOfficialAccount):
    """One that sends its articles to its followers (群发) instead of publishing them quietly."""

    idempotency: ClassVar[Idempotency] = "native"
    idempotency_to_one: ClassVar[Idempotency] = "none"
    """Its messages to single fans carry no key."""
    tag: int | None = None
    """The platform's number of the tag that it goes to; None is everybody."""

    @property
    def _showing(self) -> Showing:
        return MassSend(self._wire, self._articles, tag=self.tag)
