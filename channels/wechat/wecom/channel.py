"""WeCom (企业微信): moments and messages that a rep confirms, cards to reps, customers' doings.

Habits of the platform to know before changing anything here:

* What goes to customers is a task: the rep confirms it in her own WeCom, or never does. Being
  created is not being sent, and only the results say to whom it went.
* Tasks have no idempotency key: after a lost answer, look through the list. A moment's link
  carries our key behind its ``#``, so that it can be told there (mass messages: `masses`).
* ``errcode`` 0 with a filled ``invaliduser`` means: not to those.
* A customer takes as many mass messages a month as the month has days; the rest are status 3.
* What is done through the interface never comes back as a callback.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, ClassVar

from channels.base import (
    REP,
    Asset,
    Callback,
    Greeting,
    Idempotency,
    Message,
    Post,
    Progress,
    Receipt,
    Received,
    Unanswered,
)
from channels.capabilities import Capabilities, Limits
from channels.reps import Reps
from channels.vocabularies import Ours, Word
from channels.wechat import messages
from channels.wechat.mail import LetterBox
from channels.wechat.uploads import Uploads
from channels.wechat.wecom import behaviour, contacts, groups, hearing, moments, tags
from channels.wechat.wecom.cards import Cards
from channels.wechat.wecom.inside import Inside
from channels.wechat.wecom.masses import TASKED, Masses, content, whole
from channels.wechat.wecom.ways import Ways
from channels.wechat.wecom.wire import WeComWire
from channels.wechat.wire import text
from kernel.clock import Clock
from kernel.crash import crash_point
from kernel.events import Event, Handle

_GONE = frozenset({41079, 41089})
"""A moment's task that can no longer be cancelled, or was (believed of the tables at hand)."""
_EXPIRED_JOB = frozenset({41061, 41062, 40058})
_MEMBERS_AT_ONCE = 20
_GROUPS = "#"
"""Begins a mark of the walk over groups: no member's userid does."""
_CONFIRM_WITHIN = timedelta(days=3)
_LOOK_BACK = timedelta(days=30)

CAPABILITIES = Capabilities(
    (
        Limits(
            since=date(2025, 11, 1),
            source="developer.work.weixin.qq.com, 95094 and 92135",
            shows=frozenset({"article", "text", "image", "video", "file", "mini_program"}),
            title=64,
            summary=1_800,
            link_bytes=2_048,
            cover_types=frozenset({"image/jpeg", "image/png"}),
            cover_bytes=10_000_000,
            person_month=30,  # as many as the month has days
            mailed_at_once=10_000,
        ),
    )
)


class WeCom(Ways, Masses, Inside):
    """One application of a corporation's WeCom."""

    key: ClassVar[str] = "wecom"
    writes_to: ClassVar[str] = hearing.EXTERNAL
    idempotency: ClassVar[Idempotency] = "reconcile"
    pulled: ClassVar[bool] = False
    capabilities: ClassVar[Capabilities] = CAPABILITIES
    longest_review = timedelta(minutes=10)

    def __init__(
        self,
        wire: WeComWire,
        uploads: Uploads,
        reps: Reps,
        letters: LetterBox,
        clock: Clock,
        *,
        account: str,
        agent: int,
    ) -> None:
        self.wire = wire
        self._uploads = uploads
        self._reps = reps
        self._letters = letters
        self._clock = clock
        self._account = account
        self._agent = agent
        self._cards = Cards(wire, reps, account=account, agent=agent)

    def vocabulary(self) -> list[Word]:
        """Corporate tags, each in its group."""
        return tags.vocabulary(self.wire)

    def put_words(self, group: str, wanted: Mapping[str, Ours]) -> dict[str, str]:
        return tags.put(self.wire, group, wanted)

    def mark(self, handle: Handle, add: Sequence[str], remove: Sequence[str]) -> None:
        tags.mark(self.wire, handle.value, add, remove)

    # moments: shown to the customers of every rep who confirms

    def publish(self, post: Post, *, key: str) -> Receipt:
        text = "\n".join(filter(None, (post.title, post.summary)))
        link = {"title": post.title[:64], "url": f"{post.link}#{key}"}
        if post.cover is not None:
            link["media_id"] = self._attachment(post.cover)
        told = self.wire.do(
            "/cgi-bin/externalcontact/add_moment_task",
            text={"content": text}, attachments=[{"msgtype": "link", "link": link}],
        )  # fmt: skip
        crash_point(TASKED)
        if not told.get("jobid"):
            raise Unanswered("platform_answer_unreadable", path="add_moment_task")
        return Receipt(ref=f"moment:{told['jobid']}:{key}", progress=Progress.AWAITING_PERSON)

    def outcome(self, ref: str) -> Receipt:
        if ref.startswith("moment:"):
            return self._moment(ref)
        if ref.startswith("mass:"):
            return self._mass(ref)
        return Receipt(ref=ref, progress=Progress.SHOWN)

    def find(self, post: Post, *, key: str) -> Receipt | None:
        found = self._listed(key)
        return self._moment(f"moment::{key}", found) if found else None

    def withdraw(self, ref: str) -> None:
        """A task is cancelled; what a rep has posted already stays hers to delete."""
        kind, _, number = ref.partition(":")
        if kind == "mass":
            msgid = number.partition(":")[0]
            self.wire.ask("/cgi-bin/externalcontact/cancel_groupmsg_send", msgid=msgid)
        elif kind == "moment" and (moment := self._listed(number.partition(":")[2])):
            self.wire.ask(
                "/cgi-bin/externalcontact/cancel_moment_task", harmless=_GONE,
                moment_id=str(moment["moment_id"]),
            )  # fmt: skip

    def _moment(self, ref: str, listed: Mapping[str, Any] | None = None) -> Receipt:
        """How many reps have posted it: one is enough to be shown."""
        job, _, key = ref.partition(":")[2].partition(":")
        if refused := self._refused(job):
            return Receipt(ref=ref, progress=Progress.REFUSED, reason=refused)
        listed = listed or self._listed(key)
        if listed is None:
            return Receipt(ref=ref, progress=Progress.AWAITING_PERSON)
        tasks = self.wire.page(
            "/cgi-bin/externalcontact/get_moment_task", "task_list",
            moment_id=str(listed["moment_id"]),
        )  # fmt: skip
        if any(whole(task.get("publish_status")) == 1 for task in tasks):
            return Receipt(ref=ref, progress=Progress.SHOWN)
        made = whole(listed.get("create_time"))
        if made and self._clock().timestamp() - made > _CONFIRM_WITHIN.total_seconds():
            return Receipt(ref=ref, progress=Progress.REFUSED, reason="no_rep_confirmed")
        return Receipt(ref=ref, progress=Progress.AWAITING_PERSON)

    def _refused(self, job: str) -> str:
        """Why the platform made no task of it; a job's number is forgotten after a day."""
        if not job:
            return ""
        told = self.wire.look_at(
            "/cgi-bin/externalcontact/get_moment_task_result", harmless=_EXPIRED_JOB, jobid=job
        )
        result = told.get("result")
        code = whole(result.get("errcode")) if isinstance(result, Mapping) else 0
        return self.wire.codes.minded.get(code, "platform_could_not_publish") if code else ""

    def _listed(self, key: str) -> dict[str, Any] | None:
        """The moment whose link carries our key."""
        soon = self._clock() + timedelta(hours=1)
        for moment in moments.listed(self.wire, soon - _LOOK_BACK, soon):
            if key and moments.key_of(moment) == key:
                return moment if moment.get("moment_id") else None
        return None

    def _attachment(self, cover: Asset) -> str:
        def upload(asset: Asset) -> str:
            path = "/cgi-bin/media/upload_attachment"
            told = self.wire.upload(path, asset, media_type="image", attachment_type="1")
            return text(told, "media_id")

        return self._uploads.once(
            self._account, "attachment", cover, upload, life=timedelta(days=2, hours=20)
        )

    # one customer, one group, one rep

    def send(self, message: Message, *, key: str) -> Receipt:
        if message.handle.kind == REP:
            return self._cards.send(message, key=key)
        return self._send_one(message)

    def greet(self, greeting: Greeting, message: Message) -> None:
        """The welcome message. The code lives 20 s and is good once; ``already_greeted`` is a
        refusal that needs nobody."""
        self.wire.do(
            "/cgi-bin/externalcontact/send_welcome_msg", welcome_code=greeting.code,
            **content(message),
        )  # fmt: skip

    def settle_card(self, ref: str, words: str) -> None:
        """Somebody has handled it: the card says so to everybody who got it."""
        self._cards.settle(ref, words)

    # hearing

    def receive(self, callback: Callback) -> Received:
        if self._letters.is_handshake(callback):
            return Received(answer=self._letters.echo(callback.query))
        body = self._letters.opened(callback)
        try:
            told = messages.fields(body)
            events = tuple(hearing.events(told, self._account, body, self._staff))
        except messages.UNREADABLE:
            return Received(unreadable=body, answer=b"success")
        return Received(events=events, greetings=self._greetings(told, events), answer=b"success")

    def _staff(self, userid: str) -> str:
        return self._reps.staff_of(self._account, userid)

    def _greetings(self, told: Mapping[str, Any], events: Sequence[Event]) -> tuple[Greeting, ...]:
        code = messages.one(told, "WelcomeCode")
        if not code or not events or events[0].handle is None:
            return ()
        first = events[0]
        return (
            Greeting(
                code=code, handle=events[0].handle, rep=first.rep, at=first.at,
                state=messages.one(told, "State"),
            ),
        )  # fmt: skip

    # the nightly walk

    def people(self, mark: str) -> tuple[list[Event], str]:
        """The relations of some more members, then their groups, and the mark to go on from;
        empty at the end."""
        members = sorted(contacts.members(self.wire))
        if mark.startswith(_GROUPS):
            return self._groups(members, mark)
        waiting = [each for each in members if each > mark]
        some = waiting[:_MEMBERS_AT_ONCE]
        return self._relations(some), some[-1] if len(waiting) > len(some) else _GROUPS

    def _relations(self, userids: list[str]) -> list[Event]:
        if not userids:
            return []
        labels, now = tags.labels(self.wire), self._clock()
        walked = contacts.walk(self.wire, userids, self._account, self._staff, labels, now)
        return list(walked)

    def _groups(self, members: Sequence[str], mark: str) -> tuple[list[Event], str]:
        waiting = [each for each in members if each > mark.removeprefix(_GROUPS)]
        some = waiting[: groups.OWNERS_AT_ONCE]
        found = list(groups.walk(self.wire, some, self._account, self._staff)) if some else []
        return found, f"{_GROUPS}{some[-1]}" if len(waiting) > len(some) else ""

    def figures(self, day: date) -> list[Event]:
        """What members and their groups did that day, as the platform counted it; and what came
        of the moments of the last days."""
        wire, account, staff = self.wire, self._account, self._staff
        members = contacts.members(wire)
        counted = [
            event
            for userid in members
            for event in behaviour.of_day(wire, userid, account, day, staff)
        ]
        counted += behaviour.groups_of_day(wire, members, account, day, staff)
        return [*counted, *moments.told(wire, account, self._clock(), staff)]

    def introduce(self, handle: Handle, at: datetime) -> Event | None:
        told = self.wire.look(
            "/cgi-bin/externalcontact/get", external_userid=handle.value
        )  # fmt: skip
        return contacts.introduction(told, handle, self._account, at, self._staff)
