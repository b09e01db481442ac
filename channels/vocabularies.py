"""Vocabularies (平台标签): the tags that a platform keeps, and ours that are kept there as well.

Inward they are rows to bring into ours. Outward a facet of ours is kept on a platform: what is made
or renamed here is made or renamed there, a row first and the platform after. What is retired here
stays there, for customers wear it.
"""

import hashlib
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Protocol, runtime_checkable

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Mapped, mapped_column

from channels.accounts import Account, Accounts, Channels
from channels.base import wait_after
from content_hub.tags import FACETS, Taxonomy
from kernel.clock import Clock
from kernel.errors import Conflict, Invalid, Problem
from kernel.events import Handle
from stores.changes import Changes
from stores.records import Record, Records, upsert
from stores.waiting import GOES_BACK

MOST = 20
"""Customers marked at once."""
_LATER = timedelta(hours=1)


class Word(NamedTuple):
    """One tag of a platform."""

    code: str
    label: str
    parent: str
    """The code of its group, or empty for a group itself."""
    ref: str = ""
    """What the platform calls it; empty if that is never asked for."""


class Ours(NamedTuple):
    """One tag of ours on its way to a platform."""

    label: str
    ref: str
    """What the platform calls it; empty if it may not be there yet."""


@runtime_checkable
class Words(Protocol):
    """A channel whose platform keeps tags."""

    def vocabulary(self) -> list[Word]: ...


@runtime_checkable
class TakesWords(Protocol):
    """A channel whose platform keeps tags of ours beside its own."""

    writes_to: str

    def put_words(self, group: str, wanted: Mapping[str, Ours]) -> dict[str, str]:
        """Have them there in the group of this name; what the platform calls each, by our id.
        Putting them twice does no harm, whatever became of the first time."""
        ...

    def mark(self, handle: Handle, add: Sequence[str], remove: Sequence[str]) -> None:
        """Put tags on a customer and take others off, by what the platform calls them."""
        ...


class SharedFacet(Record, kw_only=True):
    """A facet of ours that is kept on a platform."""

    __tablename__ = "shared_facets"

    account: Mapped[str] = mapped_column(primary_key=True)
    facet: Mapped[str] = mapped_column(primary_key=True)
    by: Mapped[str]
    at: Mapped[datetime]
    said: Mapped[str] = mapped_column(default="")
    """A digest of what the platform has; empty before the first time."""
    reason: Mapped[str] = mapped_column(default="")
    """Why it has not what we have: a key of `kernel.wording`."""
    next_at: Mapped[datetime | None] = mapped_column(default=None, info=GOES_BACK)
    """Not before then; None if the platform has not refused."""


class SharedTag(Record, kw_only=True):
    """What a platform calls a tag of ours."""

    __tablename__ = "shared_tags"

    account: Mapped[str] = mapped_column(primary_key=True)
    tag: Mapped[str] = mapped_column(primary_key=True)
    ref: Mapped[str]


class Vocabularies:
    """The tags of every account that has some."""

    def __init__(
        self,
        records: Records,
        changes: Changes,
        accounts: Accounts,
        channels: Channels,
        taxonomy: Taxonomy,
        clock: Clock,
    ) -> None:
        self._records = records
        self._changes = changes
        self._accounts = accounts
        self._channels = channels
        self._taxonomy = taxonomy
        self._clock = clock

    # inward

    def rows(self, account: str) -> Iterator[tuple[int, dict[str, Any]]]:
        """As a sheet of tags, numbered in the platform's order, without those that are ours.

        Raises `Invalid` for an account whose platform keeps none, and what the platform refuses.
        """
        there = self._accounts.one(account)
        channel = self._channels.of(there)
        if not isinstance(channel, Words):
            raise Invalid("account", "keeps_no_tags", account=account[:60])
        ours = set(self._refs(there.id).values())
        words = channel.vocabulary()
        full = {word.parent for word in words if word.parent and word.ref not in ours}
        emptied = {word.parent for word in words if word.ref in ours} - full
        for number, word in enumerate(words, 1):
            if word.ref not in ours and word.code not in emptied:
                yield number, {"code": word.code, "zh": word.label, "parent": word.parent}

    # outward

    def share(self, account: str, facet: str, *, by: str) -> SharedFacet:
        """Keep this facet of ours there from now on. Saying it again asks the platform at once.

        Raises `Conflict` for an account whose platform takes no tags of ours.
        """
        there = self._accounts.one(account)
        self._channel(there)
        if facet not in FACETS:
            raise Invalid("facet", "unknown_facet", facets=[*FACETS])
        with self._records.write(f"shared_facet:{there.id}:{facet}") as session:
            kept = session.get(SharedFacet, (there.id, facet))
            if kept is None:
                kept = SharedFacet(account=there.id, facet=facet, by=by, at=self._clock())
                session.add(kept)
                self._changes.note("facet_shared", "account", there.id, by=by, facet=facet)
        return self._put(kept)

    def shared(self) -> list[SharedFacet]:
        """Which facets are kept where."""
        with self._records.read() as session:
            return list(session.scalars(select(SharedFacet).order_by(SharedFacet.at)))

    def finish(self) -> int:
        """Tell platforms what has changed here since they were told; how many were told."""
        now, told = self._clock(), 0
        for kept in self.shared():
            rested = kept.next_at is None or kept.next_at <= now
            if rested and kept.said != _digest(self._labels(kept)):
                self._put(kept)
                told += 1
        return told

    def mark(
        self,
        account: str,
        handles: Collection[Handle],
        *,
        add: Collection[str] = (),
        remove: Collection[str] = (),
        by: str,
    ) -> int:
        """Put tags of ours on customers there, and take others off; how many customers it was.

        Raises `Invalid` for a tag that is not kept there, and what the platform refuses.
        """
        there = self._accounts.one(account)
        channel = self._channel(there)
        hers = [
            each for each in handles if (each.kind, each.scope) == (channel.writes_to, there.id)
        ]
        if not 1 <= len(hers) <= MOST:
            raise Invalid("customers", "too_many_names" if hers else "missing", limit=MOST)
        known = self._refs(there.id)
        chosen = [self._taxonomy.resolve(each) for each in (add, remove)]
        if not set().union(*chosen) <= known.keys():
            raise Invalid("add", "tag_is_not_there", account=there.code)
        for handle in hers:
            channel.mark(handle, *([known[tag] for tag in tags] for tags in chosen))
        with self._records.write():
            self._changes.note("customers_marked", "account", there.id, by=by, count=len(hers))
        return len(hers)

    def _channel(self, there: Account) -> TakesWords:
        channel = self._channels.of(there)
        if not isinstance(channel, TakesWords):
            raise Conflict("channel_takes_no_tags", account=there.code)
        return channel

    def _labels(self, kept: SharedFacet) -> dict[str, str]:
        """The facet's words by id, two alike with what they lie under; those that came from there
        are there already."""
        theirs, tree = f"{self._accounts.one(kept.account).kind}.", self._taxonomy.now()
        tags = [
            tag
            for tag in tree.by_id.values()
            if tag.facet == kept.facet
            and not (tag.merged_into or tag.retired or tag.code.startswith(theirs))
        ]
        twice = Counter(tag.zh for tag in tags)
        above = {tag.id: tree.find(tag.parent or "") for tag in tags if twice[tag.zh] > 1}
        return {
            tag.id: f"{over.zh}·{tag.zh}" if (over := above.get(tag.id)) else tag.zh for tag in tags
        }

    def _refs(self, account: str) -> dict[str, str]:
        wanted = select(SharedTag.tag, SharedTag.ref).where(SharedTag.account == account)
        with self._records.read() as session:
            return dict(session.execute(wanted).all())

    def _put(self, kept: SharedFacet) -> SharedFacet:
        labels, known = self._labels(kept), self._refs(kept.account)
        wanted = {tag: Ours(label, known.get(tag, "")) for tag, label in labels.items()}
        try:
            channel = self._channel(self._accounts.one(kept.account))
            refs = channel.put_words(FACETS[kept.facet].zh, wanted) if wanted else {}
        except Problem as trouble:
            due = self._clock() + wait_after(trouble, _LATER)
            return self._note(kept, trouble.reason, next_at=due)
        return self._note(kept, refs=refs, said=_digest(labels))

    def _note(
        self,
        kept: SharedFacet,
        why: str = "",
        *,
        next_at: datetime | None = None,
        refs: Mapping[str, str] | None = None,
        said: str = "",
    ) -> SharedFacet:
        rows = [
            {"account": kept.account, "tag": tag, "ref": ref} for tag, ref in (refs or {}).items()
        ]
        with self._records.write() as session:
            row = session.get_one(SharedFacet, (kept.account, kept.facet))
            row.reason, row.next_at, row.said = why, next_at, said or row.said
            if rows:
                upsert(session, SharedTag, rows)
        return row


def _digest(labels: Mapping[str, str]) -> str:
    said = orjson.dumps(dict(labels), option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(said).hexdigest()[:16]
