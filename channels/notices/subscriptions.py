"""Subscribing (订阅): who is told what, switched on and off, told again. Sends nothing."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from urllib.parse import urlsplit

import orjson
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from channels.accounts import Accounts, Sealer
from channels.notices.records import KEPT, KINDS, PING, Notice, Subscription, Told
from content_hub import richtext
from content_hub.crossings import Crossings
from kernel.clock import Clock
from kernel.errors import Conflict, Flaw, Invalid, NotFound
from kernel.ids import Page
from kernel.secret import Secret
from kernel.webhooks import new_secret
from stores.changes import Changes
from stores.paging import newest_first
from stores.records import Record, Records
from stores.watermarks import Watermarks

MOST = 20
"""So many addresses a company tells, so that one act is never a flood."""
FOLLOWER = "notices"


class Subscriptions:
    """Every address there is."""

    def __init__(
        self,
        *,
        records: Records,
        changes: Changes,
        accounts: Accounts,
        crossings: Crossings,
        sealer: Sealer,
        clock: Clock,
        allows: Callable[[str], bool],
    ) -> None:
        """``allows`` says whether an address may be called: the one that calls asks it again."""
        self._records = records
        self._changes = changes
        self._accounts = accounts
        self._crossings = crossings
        self._sealer = sealer
        self._clock = clock
        self._allows = allows
        self._marks = Watermarks(records, Record)

    def subscribe(
        self,
        url: str,
        *,
        by: str,
        name: str = "",
        kinds: Collection[str] = (),
        accounts: Collection[str] = (),
    ) -> tuple[Subscription, Secret]:
        """Tell an address from now on; no kinds are all of them. The secret is shown this once.

        Raises one `Invalid` with every flaw, `Conflict` beyond `MOST`.
        """
        if flaws := [
            *self._address_flaws(url),
            *richtext.text_flaws("name", name, 80),
            *_kinds(kinds),
        ]:
            raise Invalid.because(flaws)
        shelves = [self._accounts.one(each).id for each in accounts]
        secret = new_secret()
        made = Subscription(
            name=richtext.tidy(name) or urlsplit(url).netloc, url=url, kinds=sorted(kinds or KINDS),
            accounts=sorted(set(shelves)), sealed="", created=self._clock(), by=by,
        )  # fmt: skip
        made.sealed = self._sealer.seal(secret, made.id)
        with self._records.write("subscriptions") as session:
            live = session.scalars(select(Subscription)).all()
            if len(live) >= MOST:
                raise Conflict("too_many_webhooks", limit=MOST)
            if not any(each.off is None for each in live):
                self._crossings.begin()
            session.add(made)
            self._changes.note("subscribed", "subscription", made.id, by=by)
        return made, Secret(secret)

    def _address_flaws(self, url: str) -> list[Flaw]:
        if flaws := _link_flaws(url):
            return flaws
        told = {"host": urlsplit(url).hostname}
        return [] if self._allows(url) else [Flaw("url", "address_not_allowed", told)]

    def renew(self, key: str, *, by: str) -> Secret:
        """A new secret; the old one signs, too, until the next renewal."""
        secret = new_secret()
        with self._records.write("subscriptions") as session:
            kept = _one(session, key)
            kept.former, kept.sealed = kept.sealed, self._sealer.seal(secret, kept.id)
            self._changes.note("renewed_secret", "subscription", kept.id, by=by)
        return Secret(secret)

    def switch(self, key: str, *, on: bool, by: str) -> Subscription:
        """Tell it no more, or again: what waited then goes on waiting."""
        with self._records.write("subscriptions") as session:
            kept = _one(session, key)
            kept.off, kept.reason = (None, "") if on else (kept.off or self._clock(), "")
            kept.rests = None
            self._changes.note(
                "switched_on" if on else "switched_off", "subscription", kept.id, by=by
            )
        return kept

    def drop(self, key: str, *, by: str) -> Subscription:
        """Forget it; its notices follow in slices (`sweep`)."""
        with self._records.write("subscriptions") as session:
            kept = _one(session, key)
            session.delete(kept)
            self._changes.note("unsubscribed", "subscription", kept.id, by=by)
        return kept

    def ping(self, key: str, *, by: str) -> Notice:
        """Tell it something that means nothing, to see whether it listens."""
        now = self._clock()
        with self._records.write("subscriptions") as session:
            kept = _one(session, key)
            body = {"type": PING, "timestamp": now.isoformat(), "data": {"by": by}}
            notice = Notice(
                subscription=kept.id, kind=PING, subject=kept.id, at=now, next_at=now,
                body=orjson.dumps(body).decode(),
            )  # fmt: skip
            session.add(notice)
        return notice

    def tell_again(self, key: str, since: datetime, *, by: str) -> Subscription:
        """Everything that happened since then once more, under the ids it had; the receiver knows
        them. Raises `Invalid` for what is no longer kept."""
        if since < self._clock() - KEPT:
            raise Invalid("since", "notices_kept_so_long", days=KEPT.days)
        with self._records.write("subscriptions") as session:
            kept = _one(session, key)
            if kept.off is not None:
                raise Conflict("webhook_is_off", name=kept.name)
            kept.again_from, kept.again_after = since, ""
            self._changes.note("told_again", "subscription", kept.id, by=by)
        return kept

    def again(self, limit: int = 200) -> int:
        """For the worker: what is to be told again becomes due, a slice at a time."""
        done = 0
        asked = select(Subscription.id).where(
            Subscription.again_from.is_not(None), Subscription.off.is_(None)
        )
        with self._records.read() as session:
            keys = list(session.scalars(asked))
        for key in keys:
            with self._records.write("subscriptions") as session:
                kept = session.get(Subscription, key)
                if kept is None or kept.again_from is None:
                    continue
                wanted = select(Notice.id).where(
                    Notice.subscription == key, Notice.id > kept.again_after,
                    Notice.at >= kept.again_from,
                )  # fmt: skip
                ids = list(session.scalars(wanted.order_by(Notice.id).limit(limit)))
                due = {"next_at": self._clock(), "told": None, "tries": 0, "reason": ""}
                session.execute(update(Notice).where(Notice.id.in_(ids)).values(**due))
                kept.again_after = ids[-1] if ids else kept.again_after
                kept.again_from = kept.again_from if len(ids) == limit else None
                done += len(ids)
        return done

    def sweep(self, limit: int = 500) -> int:
        """For the worker: forget what is too old to be told again, and what was of nobody left."""
        known = select(Subscription.id)
        old = (Notice.at < self._clock() - KEPT) | Notice.subscription.not_in(known)
        with self._records.read() as session:
            ids = list(session.scalars(select(Notice.id).where(old).limit(limit)))
        if ids:
            with self._records.write() as session:
                session.execute(delete(Notice).where(Notice.id.in_(ids)))
        return len(ids)

    def all(self) -> list[Subscription]:
        with self._records.read() as session:
            return list(session.scalars(select(Subscription).order_by(Subscription.id)))

    def live(self) -> list[Subscription]:
        """Those that are told at present."""
        return [each for each in self.all() if each.off is None]

    def one(self, key: str) -> Subscription:
        with self._records.read() as session:
            return _one(session, key)

    def secrets(self, subscription: Subscription) -> list[str]:
        """What signs for it, the newest first."""
        sealed = [each for each in (subscription.sealed, subscription.former) if each]
        return [self._sealer.open(each, subscription.id) for each in sealed]

    def counts(self) -> dict[str, dict[Told, int]]:
        """By subscription, how many notices wait and how many were given up."""
        waits = Notice.next_at.is_not(None)
        wanted = (
            select(Notice.subscription, waits, func.count())
            .where(Notice.told.is_(None))
            .group_by(Notice.subscription, waits)
        )
        found: dict[str, dict[Told, int]] = {}
        with self._records.read() as session:
            for subscription, waiting, n in session.execute(wanted):
                state = Told.WAITING if waiting else Told.GIVEN_UP
                found.setdefault(subscription, {})[state] = n
        return found

    def page(
        self, key: str, *, state: str = "", first: int = 20, after: str | None = None
    ) -> Page[Notice]:
        """What it was told and is to be told, the newest first."""
        wanted = select(Notice).where(Notice.subscription == self.one(key).id)
        conditions = {
            Told.TOLD: Notice.told.is_not(None),
            Told.WAITING: Notice.told.is_(None) & Notice.next_at.is_not(None),
            Told.GIVEN_UP: Notice.told.is_(None) & Notice.next_at.is_(None),
        }
        if state:
            if state not in conditions:
                raise Invalid("state", "not_a_choice", choices=[*Told])
            wanted = wanted.where(conditions[Told(state)])
        return newest_first(self._records, wanted, Notice.id, first=first, after=after)


def _one(session: Session, key: str) -> Subscription:
    found = session.get(Subscription, key)
    if found is None:
        raise NotFound("webhook", key[:80])
    return found


def _link_flaws(url: str) -> list[Flaw]:
    flaws = list(richtext.text_flaws("url", url, 2_000, required=True))
    if flaws:
        return flaws
    try:
        parts = urlsplit(url)
        good = parts.scheme in {"https", "http"} and bool(parts.hostname) and not parts.username
    except ValueError:
        good = False
    return [] if good else [Flaw("url", "not_a_link")]


def _kinds(kinds: Collection[str]) -> list[Flaw]:
    told = {"choices": [*KINDS]}
    return [Flaw("kinds", "not_a_choice", told) for each in kinds if each not in KINDS][:1]
