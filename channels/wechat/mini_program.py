"""WeChat mini program (微信小程序): who logged in, subscribe messages that she allowed.

Its content is asked for by GraphQL, so nothing is published to it. Habits of the platform:

* One "allow" of hers is one message (一次性订阅); allows add up, and each send uses one up. What
  she allowed comes by callback, so we count, and a send without an allow never leaves.
* A template's parts have types (``thing1`` takes 20 characters): what is longer is cut.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, ClassVar

from channels.allowances import Allowances
from channels.base import (
    Callback,
    Idempotency,
    Login,
    Message,
    Post,
    Progress,
    Receipt,
    Received,
    Refused,
)
from channels.capabilities import EVERYTHING, Capabilities, Limits
from channels.live_codes import Code
from channels.wechat import messages
from channels.wechat.mail import LetterBox
from channels.wechat.talking import PARTS, data
from channels.wechat.wire import Wire, text
from kernel.calendar import Zone
from kernel.clock import Clock
from kernel.crash import crash_point, declare
from kernel.events import Ecosystem, Event, Handle
from kernel.secret import Secret

LEAVING = declare("mini.leaving", "an allow of hers is used up; about to leave")
TAKEN = declare("mini.taken", "the platform took it; nobody here knows")

_NONE_LEFT = 43101
_LINK_DAYS = 30


class MiniProgram:
    """One mini program."""

    key: ClassVar[str] = "mini_program"
    writes_to: ClassVar[str] = "openid"
    idempotency: ClassVar[Idempotency] = "none"
    pulled: ClassVar[bool] = True
    capabilities: ClassVar[Capabilities] = Capabilities(
        (
            Limits(
                since=date(2026, 1, 1),
                source="developers.weixin.qq.com, subscribe/send",
                shows=EVERYTHING,
            ),
        )
    )
    longest_review = timedelta()

    def __init__(
        self,
        wire: Wire,
        allowances: Allowances,
        letters: LetterBox,
        clock: Clock,
        *,
        account: str,
        appid: str,
        secret: Secret,
        template: str = "",
        parts: Mapping[str, str] | None = None,
        page: str = "pages/index/index",
        zone: Zone | None = None,
    ) -> None:
        """``parts`` says which part of the template takes the ``title``, ``text`` and ``time``;
        that is told by the clocks of ``zone``."""
        self._wire = wire
        self._allowances = allowances
        self._letters = letters
        self._clock = clock
        self._account = account
        self._appid = appid
        self._secret = secret
        self._template = template
        self._parts = dict(parts or PARTS)
        self._page = page
        self._zone = zone or Zone()

    # who she is

    def login(self, code: str, at: datetime) -> Login:
        """Swap the code of ``wx.login`` against who she is. The session's key is not kept."""
        told = self._wire.ask_plainly(
            "/sns/jscode2session", appid=self._appid, secret=self._secret.reveal(), js_code=code,
            grant_type="authorization_code",
        )  # fmt: skip
        openid = str(told.get("openid") or "").strip()
        if not openid:
            raise Refused("platform_answer_unreadable", path="jscode2session")
        unionid = str(told.get("unionid") or "").strip()
        links = (Handle("unionid", "", unionid),) if unionid else ()
        handle = Handle("openid", self._account, openid)
        event = Event(
            id=f"login:{openid}:{at.date().isoformat()}"[:240], kind="identified",
            account=self._account, handle=handle, links=links, ecosystem=Ecosystem.WECHAT, at=at,
            detail={"from": self.key},
        )  # fmt: skip
        return Login(handle=handle, event=event)

    # telling her something

    def send(self, message: Message, *, key: str) -> Receipt:
        if not self._template:
            raise Refused("mini_program_has_no_template")
        hers = message.handle
        self._allowances.use(hers, self._template, key=key)
        crash_point(LEAVING)
        asked: dict[str, Any] = {
            "touser": hers.value, "template_id": self._template, "lang": "zh_CN",
            "page": self._page_of(message), "miniprogram_state": "formal",
            "data": data(message, self._parts, self._zone.local(self._clock())),
        }  # fmt: skip
        try:
            told = self._wire.do("/cgi-bin/message/subscribe/send", **asked)
        except Refused as no:
            if no.facts.get("errcode") == _NONE_LEFT:  # the platform knows better
                self._allowances.forget(hers, self._template)
            raise
        crash_point(TAKEN)
        number = str(told.get("msgid") or key)
        return Receipt(ref=f"subscribe:{number}", progress=Progress.SHOWN)

    def _page_of(self, message: Message) -> str:
        return f"{self._page}?m={message.material}" if message.material else self._page

    # ways in

    codes_lead_to = "mini_program"

    def make_code(self, state: str, reps: Sequence[str], *, remark: str, confirm: bool) -> Code:
        """A 小程序码: its scene is the short key; what it means is kept here (`way` tells)."""
        drawn = self._wire.draw(
            "/wxa/getwxacodeunlimit", scene=state, page=self._page, check_path=False,
            env_version="release",
        )  # fmt: skip
        return Code(state, "", drawn=drawn)

    def find_code(self, state: str, since: datetime) -> Code | None:
        """Drawn again it is the same code."""
        return None

    def drop_code(self, code: str) -> None:
        """The platform keeps it for ever; its scene means nothing here any more."""

    def make_link(self, state: str, reps: Sequence[str], *, remark: str, confirm: bool) -> Code:
        """A URL link, which a text or a mail can hold; it lives thirty days."""
        told = self._wire.ask(
            "/wxa/generate_urllink", path=self._page, query=f"scene={state}", expire_type=1,
            expire_interval=_LINK_DAYS,
        )  # fmt: skip
        until = self._clock() + timedelta(days=_LINK_DAYS)
        return Code(state, "", address=text(told, "url_link"), until=until)

    def find_link(self, state: str, since: datetime) -> Code | None:
        """Links cannot be listed, and another one does no harm."""
        return None

    def drop_link(self, ref: str) -> None:
        """It ends by itself."""

    # hearing

    def receive(self, callback: Callback) -> Received:
        if self._letters.is_handshake(callback):
            return Received(answer=self._letters.echo(callback.query))
        return messages.received(self._letters.opened(callback), self._account)

    # what its own front end asks for

    def publish(self, post: Post, *, key: str) -> Receipt:
        """Nothing to do: whatever stands on its shelf is in its next answer."""
        return Receipt(ref=key, progress=Progress.SHOWN)

    def outcome(self, ref: str) -> Receipt:
        return Receipt(ref=ref, progress=Progress.SHOWN)

    def find(self, post: Post, *, key: str) -> Receipt | None:
        return Receipt(ref=key, progress=Progress.SHOWN)

    def withdraw(self, ref: str) -> None:
        """What left the shelf is gone by itself; what was said cannot be called back."""

    def introduce(self, handle: Handle, at: datetime) -> Event | None:
        return None
