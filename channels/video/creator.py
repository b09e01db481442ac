"""A creator's account that we publish to (抖音代发布): videos, pictures with words, replies.

Habits of the platform to know before changing anything here:

* Creating a post knows no key and no second thought: it is looked for in the list before it is
  tried again, among what appeared since and is nobody else's.
* Created is not shown: until the review is over only its author sees it, and ``is_reviewed`` says
  that the review ended, not how. ``video_status`` 1 is published, 2 unsuitable, 4 under review.
* No interface takes a post down: the creator does, and the list shows it.
* A private message answers one of hers, within a day.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from channels.base import Busy, Callback, Message, Post, Progress, Receipt, Received, Refused
from channels.capabilities import Capabilities
from channels.hand_offs import HandOffs
from channels.video import hearing
from channels.video.cards import LeadCard
from channels.video.douyin import Douyin
from channels.video.notes import CreatorNotes, CreatorPost
from channels.video.wire import DouyinWire
from kernel.calendar import Zone
from kernel.clock import Clock, since_1970
from kernel.events import Ecosystem, Event
from kernel.secret import Secret

SCOPES = "user_info,video.create.bind,video.list.bind,im.direct_message"
"""What she is asked to grant."""
_V1 = "/api/douyin/v1/video"
_PAGE = 20
_PAGES = 5
_SLACK = timedelta(seconds=120)
"""How far our clock and theirs may be apart."""
_OLDEST = timedelta(days=30)
_PROGRESS = {1: Progress.SHOWN, 2: Progress.REFUSED, 4: Progress.SUBMITTED}
_FIGURES = {
    "play_count": "plays", "digg_count": "likes", "comment_count": "comments",
    "share_count": "shares", "forward_count": "forwards", "download_count": "downloads",
}  # fmt: skip


class DouyinCreator(Douyin):
    """One creator's account, published to by the platform's own interface."""

    capabilities = Capabilities(
        tuple(
            replace(limits, shows=limits.shows - {"livestream"})  # only a person goes live
            for limits in Douyin.capabilities.history
        )
    )
    writes_to = hearing.OPEN_ID
    idempotency = "reconcile"
    longest_review = timedelta(minutes=10)

    def __init__(
        self,
        wire: DouyinWire,
        notes: CreatorNotes,
        hand_offs: HandOffs,
        clock: Clock,
        *,
        account: str,
        client_key: str,
        client_secret: Secret,
        zone: Zone,
        card: LeadCard | None = None,
        direct_bytes: int = 50_000_000,
        part_bytes: int = 20_000_000,
    ) -> None:
        """A file longer than ``direct_bytes`` goes up in parts of ``part_bytes``."""
        super().__init__(
            hand_offs, clock, account=account, client_key=client_key, client_secret=client_secret
        )
        self.wire = wire
        self._notes = notes
        self._card = card
        self._zone = zone
        self._direct = direct_bytes
        self._part = part_bytes

    @property
    def asks_contact(self) -> bool:
        return self._card is not None

    # her grant

    def consent(self, word: str, back: str) -> str:
        return self.wire.consent(word, back, SCOPES)

    def take_grant(self, code: str, *, by: str) -> None:
        self.wire.grants.keep(self._account, self.wire.granted(code), by=by)

    # showing

    def publish(self, post: Post, *, key: str) -> Receipt:
        kept = self._notes.begin(key, self._account, post.title.strip())
        if kept.item:
            return Receipt(ref=kept.item, progress=Progress.SUBMITTED)
        uploaded = kept.uploaded or self._upload(post, key)
        path, what = "create_video/", dict[str, Any](video_id=uploaded)
        if post.film is None:
            path, what = "create_image_text/", {"image_list": uploaded.split(",")}
        told = self.wire.do(f"{_V1}/{path}", text=kept.title, **what)
        item = str(told.get("item_id") or "")
        if not item:
            raise Refused("platform_answer_unreadable", path=path)
        self._notes.up(key, item)
        return Receipt(ref=item, progress=Progress.SUBMITTED)

    def _upload(self, post: Post, key: str) -> str:
        """The file or the pictures, each once; what creating names them by."""
        if post.film is not None:
            uploaded = self._upload_film(post.film.load())
        else:
            pictures = [each for each in (post.cover, *post.images) if each is not None]
            if not pictures:
                raise Refused("channel_needs_cover")
            uploaded = ",".join(
                str(self._image(each.name, each.data)["image_id"]) for each in pictures
            )
        self._notes.uploaded(key, uploaded)
        return uploaded

    def _image(self, name: str, data: bytes) -> Mapping[str, Any]:
        return _inner(self.wire.upload(f"{_V1}/upload_image/", "image", name, data), "image")

    def _upload_film(self, data: bytes) -> str:
        if len(data) <= self._direct:
            told = self.wire.upload(f"{_V1}/upload_video/", "video", "video.mp4", data)
            return str(_inner(told, "video")["video_id"])
        upload = str(self.wire.ask(f"{_V1}/init_video_part_upload/")["upload_id"])
        for number, part in enumerate(self._parts(data), 1):
            self.wire.upload(
                f"{_V1}/upload_video_part/", "video", "video.mp4", part, upload_id=upload,
                part_number=str(number),
            )  # fmt: skip
        told = self.wire.end(f"{_V1}/complete_video_part_upload/", upload_id=upload)
        return str(_inner(told, "video")["video_id"])

    def _parts(self, data: bytes) -> Iterator[bytes]:
        for begin in range(0, len(data), self._part):
            yield data[begin : begin + self._part]

    def outcome(self, ref: str) -> Receipt:
        kept = self._notes.of_item(self._account, ref)
        since = kept.begun if kept else self._clock() - _OLDEST
        for row in self._listed(since):
            if str(row.get("item_id")) == ref:
                return self._receipt_of(row)
        gone = kept is None or self._clock() - kept.begun > self.longest_review
        return Receipt(ref=ref, progress=Progress.WITHDRAWN if gone else Progress.SUBMITTED)

    def find(self, post: Post, *, key: str) -> Receipt | None:
        kept = self._notes.known(key)
        if kept is None:
            return None
        if kept.item:
            return self.outcome(kept.item)
        return self._found(kept)

    def _found(self, kept: CreatorPost) -> Receipt | None:
        ours = self._notes.items(self._account)
        for row in self._listed(kept.begun):
            item = str(row.get("item_id") or "")
            if row.get("title") == kept.title and item and item not in ours:
                self._notes.up(kept.key, item)
                return self._receipt_of(row)
        return None

    def withdraw(self, ref: str) -> None:
        """The creator takes it down herself; it is gone when the list does not show it."""
        kept = self._notes.of_item(self._account, ref)
        since = kept.begun if kept else self._clock() - _OLDEST
        if any(str(row.get("item_id")) == ref for row in self._listed(since)):
            if kept is not None:
                self._notes.end(kept.key)
            raise Busy("a_person_takes_it_down", seconds=300)

    def _listed(self, since: datetime) -> Iterator[Mapping[str, Any]]:
        """What she has published since about then, the newest first."""
        cursor = "0"
        for _ in range(_PAGES):
            told = self.wire.look(f"{_V1}/video_list/", cursor=cursor, count=str(_PAGE))
            rows = told.get("list")
            for row in rows if isinstance(rows, list) else ():
                if not isinstance(row, Mapping):
                    continue
                if not row.get("is_top") and _made(row) < since - _SLACK:
                    return
                yield row
            if not told.get("has_more"):
                return
            cursor = str(told.get("cursor") or "0")

    def _receipt_of(self, row: Mapping[str, Any]) -> Receipt:
        item, status = str(row["item_id"]), _whole(row.get("video_status"))
        progress = _PROGRESS.get(status, Progress.SUBMITTED)
        reason = "platform_refused_content" if progress is Progress.REFUSED else ""
        return Receipt(ref=item, progress=progress, reason=reason)

    # saying

    def send(self, message: Message, *, key: str) -> Receipt:
        """An answer to what she wrote within the last day."""
        talk = self._notes.talk(str(message.handle))
        if talk is None:
            raise Refused("reply_window_closed", path="im/send/msg")
        words = "\n".join(filter(None, (message.text or message.title, message.link)))
        parts: list[dict[str, Any]] = [{"msg_type": 1, "text": {"text": words}}] if words else []
        if message.asks_contact and self._card is not None:
            card = {"card_id": self._card.id()}
            parts.append({"msg_type": 8, "retain_consult_card": card})
        content = {"content": parts[0]} if len(parts) == 1 else {"content_list": parts}
        told = self.wire.do(
            "/im/send/msg/", msg_id=talk.message, conversation_id=talk.conversation,
            to_user_id=message.handle.value, scene="im_reply_msg", **content,
        )  # fmt: skip
        return Receipt(ref=str(told.get("msg_id") or key), progress=Progress.SHOWN)

    # hearing

    def receive(self, callback: Callback) -> Received:
        told = super().receive(callback)
        for event in told.events:
            if event.kind in ("messaged", "left_contact"):
                self._notes.heard(event)
            if event.kind == "account_notice" and event.detail.get("event") == "unauthorize":
                self.wire.grants.revoke(self._account)
        return told

    # what is asked for now and then

    def renew(self) -> bool:
        """Keep the creator's grant from ending, as long as the platform lets us."""
        return self.wire.renew()

    def figures(self, day: date) -> list[Event]:
        """How the posts of the last month stand, once a day."""
        at = self._zone.at(day, time(23, 59))
        return [
            self._figure(row, item, day, at)
            for row in self._listed(self._clock() - _OLDEST)
            if (item := str(row.get("item_id") or "")) and _made(row) <= at
        ]

    def _figure(self, row: Mapping[str, Any], item: str, day: date, at: datetime) -> Event:
        told = row.get("statistics")
        counts = told if isinstance(told, Mapping) else {}
        figures = {ours: _whole(counts.get(name)) for name, ours in _FIGURES.items()}
        kept = self._notes.of_item(self._account, item)
        return Event(
            id=f"figures:{item}:{day.isoformat()}"[:240], kind="platform_figures",
            account=self._account, ecosystem=Ecosystem.VIDEO, at=at,
            detail={
                "item": item, "title": str(row.get("title") or "")[:200],
                "delivery": kept.key if kept else "", "status": _whole(row.get("video_status")),
                **figures,
            },
        )  # fmt: skip


def _made(row: Mapping[str, Any]) -> datetime:
    """Seconds or milliseconds; what does not say is the newest there is."""
    stamp = _whole(row.get("create_time"))
    return since_1970(stamp) if stamp else datetime.max.replace(tzinfo=UTC)


def _whole(value: Any) -> int:
    try:
        return int(value or 0)
    except (TypeError, ValueError):
        return 0


def _inner(told: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """``data.video`` or, in some answers, ``data`` itself."""
    inner = told.get(name)
    found = inner if isinstance(inner, Mapping) else told
    if not found.get(f"{name}_id"):
        raise Busy("platform_answer_unreadable", down=True, path=name)
    return found
