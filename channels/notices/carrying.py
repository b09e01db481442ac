"""Carrying notices (投递通知): one try after another, until it is told, given up, or 410.

A try is written down before it leaves: a worker that dies meanwhile leaves it due again in a
minute, under the same id, which the receiver keeps against repeats.
"""

from __future__ import annotations

import time
from datetime import timedelta

from sqlalchemy import or_, select

from channels.base import Busy, Refused, Unanswered
from channels.notices.records import PAUSES, Notice, Subscription
from channels.notices.subscriptions import Subscriptions
from channels.outbound import Http
from kernel.clock import Clock
from kernel.errors import Conflict
from kernel.webhooks import signed
from stores.changes import Changes
from stores.records import Records

GONE = 410
_LEASE, _REST = timedelta(minutes=1), timedelta(seconds=30)
_ROUND = 3.0
"""Seconds that one round goes on, so that a worker told to stop soon does."""


class Carrying:
    """The only one that calls those addresses."""

    def __init__(
        self,
        records: Records,
        changes: Changes,
        subscriptions: Subscriptions,
        http: Http,
        clock: Clock,
    ) -> None:
        self._records = records
        self._changes = changes
        self._subscriptions = subscriptions
        self._http = http
        self._clock = clock

    def carry(self) -> int:
        """Tell what is due, the longest due first; how many tries."""
        tries, until = 0, time.monotonic() + _ROUND
        while time.monotonic() < until and (claimed := self._claim()):
            self._try(*claimed)
            tries += 1
        return tries

    def _claim(self) -> tuple[Notice, Subscription] | None:
        now = self._clock()
        awake = or_(Subscription.rests.is_(None), Subscription.rests <= now)
        wanted = (
            select(Notice, Subscription)
            .join(Subscription, Subscription.id == Notice.subscription)
            .where(Notice.next_at <= now, Subscription.off.is_(None), awake)
            .order_by(Notice.next_at, Notice.id)
            .limit(1)
        )
        with self._records.read() as session:
            if session.execute(wanted).first() is None:
                return None
        with self._records.write("notices") as session:
            found = session.execute(wanted).first()
            if found is None:
                return None
            notice, subscription = found
            notice.next_at, notice.tries = now + _LEASE, notice.tries + 1
            return notice, subscription

    def _try(self, notice: Notice, subscription: Subscription) -> None:
        body = notice.body.encode()
        try:
            secrets = self._subscriptions.secrets(subscription)
            headers = signed(secrets, notice.id, self._clock(), body)
            status = self._http.request(
                "POST", subscription.url, body=body,
                headers={"Content-Type": "application/json", **headers},
            ).status  # fmt: skip
        except Conflict as no:  # its secret cannot be opened: that holds up no other
            self._settle(notice, 0, no.reason)
        except Refused as no:
            self._settle(notice, 0, no.reason, final=True)
        except Busy as no:
            told = no.facts.get("status")
            status = told if isinstance(told, int) else 0
            self._settle(notice, status, no.reason, rest=max(no.seconds, _REST.total_seconds()))
        except Unanswered as no:
            self._settle(notice, 0, no.reason, rest=_REST.total_seconds())
        else:
            self._settle(notice, status, "" if 200 <= status < 300 else "endpoint_refused")

    def _settle(
        self, notice: Notice, status: int, reason: str, *, final: bool = False, rest: float = 0
    ) -> None:
        now = self._clock()
        with self._records.write("notices", "subscriptions") as session:
            kept, to = (
                session.get(Notice, notice.id),
                session.get(Subscription, notice.subscription),
            )
            if kept is None or to is None:  # forgotten while it was under way
                return
            kept.status, kept.reason = status, reason
            if not reason:
                kept.told, kept.next_at = now, None
                return
            if status == GONE:
                to.off, to.reason = now, "endpoint_gone"
                self._changes.note("endpoint_gone", "subscription", to.id, by="worker")
            more = not final and kept.tries <= len(PAUSES)
            kept.next_at = now + PAUSES[kept.tries - 1] if more else None
            to.rests = now + timedelta(seconds=rest) if rest else to.rests
