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

import io
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any, ClassVar
from urllib.parse import quote

from channels.base import (
    Asset,
    Busy,
    Callback,
    Idempotency,
    Message,
    Post,
    Progress,
    Receipt,
    Received,
    Refused,
    Unanswered,
)
from channels.capabilities import Capabilities, Limits
from channels.live_codes import Code
from channels.vocabularies import Word
from channels.wechat import fans, figures, messages
from channels.wechat.crypto import Envelope
from channels.wechat.mail import LetterBox
from channels.wechat.uploads import Uploads
from channels.wechat.wire import UNKNOWN_MEDIA, Wire
from kernel.clock import Clock
from kernel.crash import crash_point, declare
from kernel.events import Event, Handle

COVER = declare("wechat.cover_uploaded", "the cover is on the platform; there is no draft")
PICTURES = declare("wechat.pictures_uploaded", "all pictures are on the platform; no draft")
DRAFTED = declare("wechat.drafted", "the draft is on the platform; it is not submitted")
SUBMITTED = declare("wechat.submitted", "it is submitted; nobody here knows")
SENDING = declare("wechat.sending", "about to talk to one person")
SENT = declare("wechat.sent", "she was told; nobody here knows")

_GONE = frozenset({53600})
_PAGE = 20
_LOOK_THROUGH = 10
"""Pages of the published list to look through, newest first: 200 articles."""

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
        stale: timedelta = timedelta(minutes=10),
    ) -> None:
        """``envelope`` for safe mode (安全模式): plain callbacks are refused then."""
        self._wire = wire
        self._uploads = uploads
        self._clock = clock
        self._account = account
        self._letters = LetterBox(
            clock, account=account, token=callback_token, envelope=envelope, stale=stale
        )
        self.longest_review = longest_review

    # showing to everybody

    def publish(self, post: Post, *, key: str) -> Receipt:
        try:
            draft = self._draft(post, key)
        except Refused as no:
            if no.facts.get("errcode") in UNKNOWN_MEDIA:
                self._uploads.forget(self._account)
                raise Busy("platform_lost_a_picture", seconds=1) from no
            raise
        crash_point(DRAFTED)
        told = self._wire.do("/cgi-bin/freepublish/submit", media_id=draft)
        crash_point(SUBMITTED)
        if not told.get("publish_id"):  # accepted, but under which number?
            raise Unanswered("platform_answer_unreadable", path="freepublish/submit")
        return Receipt(ref=f"publish:{told['publish_id']}", progress=Progress.SUBMITTED)

    def _draft(self, post: Post, key: str) -> str:
        cover = self._cover(post.cover or _plain_cover())
        crash_point(COVER)
        body = self._body(post)
        crash_point(PICTURES)
        article = {
            "title": post.title,
            "digest": post.summary,
            "content": body,
            "thumb_media_id": cover,
            "content_source_url": _marked(post.link, key),
        }
        return _text(self._wire.ask("/cgi-bin/draft/add", articles=[article]), "media_id")

    def _cover(self, cover: Asset) -> str:
        def upload(asset: Asset) -> str:
            path = "/cgi-bin/material/add_material"
            return _text(self._wire.upload(path, asset, type="image"), "media_id")

        return self._uploads.once(self._account, "cover", cover, upload)

    def _body(self, post: Post) -> str:
        """Pictures from elsewhere are left out by the platform, so ours are uploaded there."""

        def upload(asset: Asset) -> str:
            return _text(self._wire.upload("/cgi-bin/media/uploadimg", asset), "url")

        body = post.body
        for picture in post.images:
            address = self._uploads.once(self._account, "body", picture, upload)
            body = body.replace(f'src="{picture.name}"', f'src="{address}"')
        return body

    def outcome(self, ref: str) -> Receipt:
        kind, _, number = ref.partition(":")
        if kind == "article":
            return Receipt(ref=ref, progress=Progress.SHOWN)
        told = self._wire.ask("/cgi-bin/freepublish/get", publish_id=number)
        return messages.receipt(ref, _number(told, "publish_status"))

    def find(self, post: Post, *, key: str) -> Receipt | None:
        mark = _marked(post.link, key)
        for page in range(_LOOK_THROUGH):
            told = self._wire.ask(
                "/cgi-bin/freepublish/batchget", offset=page * _PAGE, count=_PAGE, no_content=1
            )
            items = _list(told, "item")
            for item in items:
                news = _list(item.get("content") or {}, "news_item")
                if any(_same(piece, mark) for piece in news):
                    ref = f"article:{_text(item, 'article_id')}"
                    return Receipt(ref=ref, progress=Progress.SHOWN)
            if len(items) < _PAGE:
                return None
        return None

    def withdraw(self, ref: str) -> None:
        kind, _, number = ref.partition(":")
        if kind == "publish":
            told = self._wire.ask("/cgi-bin/freepublish/get", publish_id=number)
            status = messages.receipt(ref, _number(told, "publish_status")).progress
            if status in (Progress.REFUSED, Progress.WITHDRAWN):
                return
            number = str(told.get("article_id") or "")
        if not number:
            raise Busy("platform_still_publishing")
        self._wire.ask("/cgi-bin/freepublish/delete", harmless=_GONE, article_id=number)

    # talking to one person

    def send(self, message: Message, *, key: str) -> Receipt:
        """WeChat knows no key here: a lost answer is for a person to look at."""
        spoken: dict[str, Any]
        if message.kind == "card":
            spoken = {
                "msgtype": "news",
                "news": {
                    "articles": [
                        {
                            "title": message.title, "description": message.text,
                            "url": message.link, "picurl": message.cover,
                        }
                    ]
                },
            }  # fmt: skip
        else:
            words = "\n".join(filter(None, (message.text, message.link)))
            spoken = {"msgtype": "text", "text": {"content": words}}
        crash_point(SENDING)
        self._wire.do("/cgi-bin/message/custom/send", touser=message.handle.value, **spoken)
        crash_point(SENT)
        return Receipt(ref=key, progress=Progress.SHOWN)

    # hearing

    def receive(self, callback: Callback) -> Received:
        if self._letters.is_handshake(callback):
            return Received(answer=self._letters.echo(callback.query))
        body = self._letters.opened(callback)
        try:
            told = messages.fields(body)
            events = tuple(messages.events(told, self._account, body))
            outcomes = tuple(messages.outcomes(told))
        except messages.UNREADABLE:
            return Received(unreadable=body, answer=b"success")
        return Received(events=events, outcomes=outcomes, answer=b"success")

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

    def make_code(self, state: str, reps: Sequence[str], *, remark: str, confirm: bool) -> Code:
        """A lasting code with a scene (带参二维码). The same scene twice is the same way in."""
        told = self._wire.ask(
            "/cgi-bin/qrcode/create", action_name="QR_LIMIT_STR_SCENE",
            action_info={"scene": {"scene_str": state}},
        )  # fmt: skip
        ticket = _text(told, "ticket")
        return Code(ticket, f"{self._wire.shows}/cgi-bin/showqrcode?ticket={quote(ticket)}")

    def find_code(self, state: str, since: datetime) -> Code | None:
        """Codes cannot be listed, and making one again does no harm."""
        return None

    def staff_code(self, code: str, reps: Sequence[str]) -> None:
        """It leads to the account and to no rep."""

    def drop_code(self, code: str) -> None:
        """The platform keeps a lasting code for ever; its scene is not known here any more."""


def _marked(link: str, key: str) -> str:
    """Our link, carrying our key, so that we can find the article again."""
    return f"{link}#{key}"


def _same(piece: Mapping[str, Any], mark: str) -> bool:
    return piece.get("content_source_url") == mark and not piece.get("is_deleted")


def _text(told: Mapping[str, Any], name: str) -> str:
    """A field that the platform owes us."""
    value = told.get(name)
    if not isinstance(value, str | int) or value == "":
        raise Busy("platform_answer_unreadable", path=name)
    return str(value)


def _number(told: Mapping[str, Any], name: str) -> int:
    value = str(told.get(name, ""))
    if not value.isdecimal():
        raise Busy("platform_answer_unreadable", path=name)
    return int(value)


def _list(told: Mapping[str, Any], name: str) -> list[Any]:
    value = told.get(name)
    return value if isinstance(value, list) else []


@cache
def _plain_cover() -> Asset:
    """An article needs a cover; one without gets a plain one, the same every time."""
    from PIL import Image

    drawn = io.BytesIO()
    Image.new("RGB", (900, 383), (38, 84, 124)).save(drawn, "JPEG", quality=80)
    return Asset(name="cover", content_type="image/jpeg", data=drawn.getvalue())
