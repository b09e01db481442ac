"""Webhooks out (出站 Webhook): what stands on a shelf and what is said goes to a system of ours.

Signed as Standard Webhooks. A front end of one's own is told of placements; a push gateway (APNs,
FCM, JPush, a vendor's) hangs behind it and is told what to say to whom, by its own user id.

* ``webhook-id`` is our key and the same on every attempt: the receiver keeps it against repeats.
* 410 means "never again": the account is paused and its owner told. 2xx is the only yes.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any, ClassVar

import orjson

from channels.base import (
    Busy,
    Callback,
    Idempotency,
    Message,
    Post,
    Progress,
    Receipt,
    Received,
    Refused,
    SignedOut,
)
from channels.capabilities import EVERYTHING, Capabilities, Limits
from channels.outbound import Http, RateGate
from kernel.clock import Clock
from kernel.crash import crash_point, declare
from kernel.events import Event, Handle
from kernel.secret import Secret
from kernel.webhooks import signed

LEAVING = declare("push.leaving", "signed and about to leave")
TAKEN = declare("push.taken", "the receiver has it; nobody here knows")

GONE = 410
_FAULTS = frozenset({400, 401, 403, 413, 415, 422})
"""The receiver read it and will not have it: trying again changes nothing."""


class Push:
    """One receiver."""

    key: ClassVar[str] = "push"
    writes_to: ClassVar[str] = "user"
    idempotency: ClassVar[Idempotency] = "native"
    pulled: ClassVar[bool] = False
    capabilities: ClassVar[Capabilities] = Capabilities(
        (
            Limits(
                since=date(2026, 1, 1),
                source="standardwebhooks.com; APNs and FCM take 4 KB",
                shows=EVERYTHING,
                title=200,
                summary=1_000,
                link_bytes=2_048,
            ),
        )
    )
    longest_review = timedelta()

    def __init__(
        self,
        http: Http,
        gate: RateGate,
        clock: Clock,
        *,
        account: str,
        url: str,
        secret: Secret,
        former: Secret | None = None,
        per_minute: float = 6_000,
    ) -> None:
        """``former`` signs, too, while the receiver still knows the old secret."""
        self._http = http
        self._gate = gate
        self._clock = clock
        self._account = account
        self._url = url
        self._secrets = [each for each in (secret, former) if each is not None]
        self._per_minute = per_minute

    def publish(self, post: Post, *, key: str) -> Receipt:
        told = {"title": post.title, "summary": post.summary, "body": post.body, "link": post.link}
        self.tell("post.placed", told, key=key)
        return Receipt(ref=key, progress=Progress.SHOWN)

    def outcome(self, ref: str) -> Receipt:
        return Receipt(ref=ref, progress=Progress.SHOWN)

    def find(self, post: Post, *, key: str) -> Receipt | None:
        """The receiver keeps our key, so nothing needs to be looked for."""
        return None

    def withdraw(self, ref: str) -> None:
        self.tell("post.withdrawn", {}, key=f"{ref}:withdrawn", about=ref)

    def send(self, message: Message, *, key: str) -> Receipt:
        told = {
            "user": message.handle.value, "title": message.title, "text": message.text,
            "link": message.link, "cover": message.cover, "material": message.material,
        }  # fmt: skip
        self.tell("message.sent", told, key=key)
        return Receipt(ref=key, progress=Progress.SHOWN)

    def tell(self, type_: str, data: dict[str, Any], *, key: str, about: str = "") -> None:
        """One attempt. ``about`` is the key of what it is about, if that is another."""
        self._gate.enter(self._account, self._per_minute)
        now = self._clock()
        whole = {"type": type_, "timestamp": now.isoformat(), "data": {"id": about or key, **data}}
        body = orjson.dumps(whole)
        headers = signed([each.reveal() for each in self._secrets], key, now, body)
        crash_point(LEAVING)
        answer = self._http.request(
            "POST", self._url, body=body, headers={"Content-Type": "application/json", **headers}
        )
        self._judge(answer.status)
        crash_point(TAKEN)

    def _judge(self, status: int) -> None:
        if 200 <= status < 300:
            return
        if status == GONE:
            raise SignedOut("endpoint_gone", status=status)
        if status in _FAULTS or 300 <= status < 400:
            raise Refused("endpoint_refused", status=status)
        raise Busy("endpoint_said_no", down=True, status=status)

    def receive(self, callback: Callback) -> Received:
        """It is told and tells nothing: orders and leads come in by a ``webhook`` account."""
        raise Refused("callback_not_genuine", account=self._account)

    def introduce(self, handle: Handle, at: datetime) -> Event | None:
        return None
