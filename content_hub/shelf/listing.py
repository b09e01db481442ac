"""Pages of the shelf (货架查询): the hottest question of the house, one indexed statement.

The statement is spelled by hand: the ORM would triple its price. Placeholders only, whatever the
asker sends; what is spliced in are our own words.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

import orjson

from content_hub.materials import variants
from content_hub.materials.scheduled import Laid, Scheduled, over
from content_hub.shelf.boundaries import Freshness, around
from content_hub.showcase import ROWS
from content_hub.tags import Tag, TagTree
from content_hub.terms import BARRED
from kernel.actors import VIPS
from kernel.ids import Page, cursor, page_size, read_cursor
from kernel.latest import Lately, Latest
from kernel.values import dataclass
from stores.changes import Changes
from stores.records import Records
from stores.told import micros, moment


class ShelfItem(NamedTuple):
    """One material on one shelf, with everything that an answer may say about it."""

    placement: str
    account: str
    slot: str
    opens: datetime
    closes: datetime
    id: str
    code: str
    type: str
    title: str
    summary: str
    cover: str
    """The id of a media file, or empty."""
    unit: str
    number: int
    fields: dict[str, Any]
    tags: tuple[Tag, ...]
    language: str
    """In which it was asked for; empty is the company's own."""
    told: dict[Any, Any]
    """What doors have made of it, kept as long as it is: the same row is the same item."""


@dataclass(slots=True, kw_only=True)  # frozen, it would take four times as long to make
class Question:
    """One question about one account's shelf; tags are ids that exist."""

    account: str
    now: datetime
    sight: Collection[str] | None = None
    all: tuple[str, ...] = ()
    any: tuple[str, ...] = ()
    none: tuple[str, ...] = ()
    descendants: bool = True
    slot: str = ""
    types: Collection[str] = ()
    language: str = ""
    """In which it is told where there is such a variant; empty is the company's own."""
    worn: Mapping[str, Collection[str]] | None = None
    """While the rows have yet to follow an act on the vocabulary: by tag, what counts for it on
    the material itself."""

    def conditions(self) -> tuple[str, list[Any]]:
        """The WHERE and its values, for rows called ``r``."""
        now = micros(self.now)
        if self.worn is not None:
            return self._by_what_is_worn(self.worn)
        leading, others = (self.all[0], self.all[1:]) if self.all else ("", ())
        said = ["r.account = ?", f"r.tag = {_TAG}", "r.opens <= ?", "r.closes > ?"]
        values: list[Any] = [self.account, leading, now, now]
        direct = "" if self.descendants else " AND x.direct"
        if leading and not self.descendants:
            said.append("r.direct")
        for tag in others:
            said.append(f"EXISTS ({_SAME} x.tag = {_TAG}{direct})")
            values.append(tag)
        if self.any:
            said.append(f"EXISTS ({_SAME} x.tag IN ({_marks(self.any)}){direct})")
            values += self.any
        if self.none:
            said.append(f"NOT EXISTS ({_SAME} x.tag IN ({_marks(self.none)}){direct})")
            values += self.none
        self._others(said, values)
        return " AND ".join(said), values

    def by_what_is_worn(self, tree: TagTree) -> Question:
        """The same question to what materials wear, instead of to the rows."""
        tags = {*self.all, *self.any, *self.none}
        counts = {
            tag: tree.under([tag]) if self.descendants else tree.same(tag) for tag in tags
        }  # fmt: skip
        return replace(self, worn=counts)

    def _by_what_is_worn(self, worn: Mapping[str, Collection[str]]) -> tuple[str, list[Any]]:
        now = micros(self.now)
        said = ["r.account = ?", f"r.tag = {_TAG}", "r.opens <= ?", "r.closes > ?"]
        values: list[Any] = [self.account, "", now, now]
        groups = [(tag,) for tag in self.all] + ([self.any] if self.any else [])
        for negated, group in [*((False, each) for each in groups), (True, self.none)]:
            tags = sorted({each for tag in group for each in worn[tag]})
            if tags:
                marks = f"EXISTS ({_WORN} x.tag IN ({_marks(tags)}))"
                said.append(f"NOT {marks}" if negated else marks)
                values += tags
        self._others(said, values)
        return " AND ".join(said), values

    def _others(self, said: list[str], values: list[Any]) -> None:
        for column, wanted in (("unit", self.sight), ("type", self.types or None)):
            if wanted is not None:
                said.append(f"r.{column} IN ({_marks(wanted)})" if wanted else "1 = 0")
                values += wanted
        if self.slot:
            said.append("r.slot = ?")
            values.append(self.slot)


_NOT_BARRED = f"r.placement NOT IN ({BARRED})"
_NAMED = 2_000
"""So many barred placements a statement names; more are looked up by the statement itself."""
_TAG = "CAST(? AS text)"
"""A tag that is asked for. Compared with a bare value SQLite would look whether that is the one of
a partial index, and therefore plan the statement anew for every value: two thirds of its price."""
_SAME = "SELECT 1 FROM shelf_rows x WHERE x.placement = r.placement AND"
_WORN = "SELECT 1 FROM taggings x WHERE x.material = r.material AND"
_TOLD = "shelf_rows r JOIN shelf_documents d ON d.material = r.material"
_COLUMNS = "r.placement, r.slot, r.opens, r.closes, d.document"


class _Told(NamedTuple):
    """An item, what it was made of, and as of which version of the content it still stood so."""

    tree: TagTree
    laid: Laid
    row: Any
    item: ShelfItem
    version: int


@dataclass(slots=True)
class _Teller:
    """Makes items of rows: for one account, in one language, under one vocabulary."""

    account: str
    language: str
    tree: TagTree
    laid: Laid

    @property
    def tongue(self) -> str:
        """What tells the items of a placement in different languages apart."""
        return f" {self.language}" if self.language else ""

    def item(self, row: Any) -> ShelfItem:
        told = orjson.loads(row[4])
        if told["id"] in self.laid:
            told = over(told, self.laid[told["id"]])
        if otherwise := told.get("variants"):
            told |= variants.told(told, otherwise, self.account, self.language)
        return ShelfItem(
            row[0], self.account, row[1], moment(row[2]), moment(row[3]),
            told["id"], told["code"], told["type"], told["title"], told["summary"], told["cover"],
            told["unit"], told["number"], told["fields"], tuple(self.tree.tags(told["tags"])),
            self.language, {},
        )  # fmt: skip


class _Here(threading.local):
    """What one thread was told last: its stamp, until when it is so, and the freshness."""

    kept: tuple[int | None, int, Freshness] | None = None


class Window:
    """The pages of the shelf, and what is worth keeping between two looks at them.

    Nothing kept is ever wrong: an item is told again only for the very same row, a total only for
    the same freshness.
    """

    def __init__(
        self, records: Records, changes: Changes, *, items: int = 3_072, totals: int = 2_048
    ) -> None:
        self._records, self._changes = records, changes
        self._scheduled = Scheduled(records, changes)
        self._items, self._totals = Lately[str, _Told](items), Latest[Any, int](totals)
        self._barred: tuple[Freshness | None, list[str]] = None, []
        self._last = Freshness(-1, 0), 0
        self._here = _Here()

    def page(
        self,
        question: Question,
        tree: TagTree,
        *,
        first: int = 20,
        after: str | None = None,
        count: bool = False,
        as_of: Freshness | None = None,
    ) -> Page[ShelfItem]:
        """What stands there, the newest opening first. The total is counted only if asked for,
        and not again as long as nothing moved (``as_of``)."""
        size = page_size(first)
        where, values = question.conditions()
        clause, barred = self._without(question.now, as_of)
        where, values = where + clause, values + barred
        total, counted = self._total(where, values, as_of) if count else (None, False)
        if after is not None:
            where += " AND (r.opens, r.placement) < (?, ?)"
            values += read_cursor(after, int, str)
        where += f" ORDER BY r.opens DESC, r.placement DESC LIMIT {size + 1}"
        laid = self._scheduled.at(question.now)
        teller = _Teller(question.account, question.language, tree, laid)
        items = None if counted else self._known(teller, where, values, as_of)
        if items is None:
            told = self._records.rows(f"SELECT {_COLUMNS} FROM {_TOLD} WHERE {where}", values)  # noqa: S608  # our words
            items = [self._item(teller, row, as_of) for row in told]
        last = items[size - 1] if size and len(items) > size else None
        following = cursor(micros(last.opens), last.placement) if last else None
        return Page(items[:size], following, total)

    def _known(
        self, teller: _Teller, where: str, values: list[Any], as_of: Freshness | None
    ) -> list[ShelfItem] | None:
        """The items of a page from what is kept, for which the index alone has to be read; None
        if that would not be as quick, or if anything was committed meanwhile."""
        stamp = self._stamped(as_of)
        if stamp is None or as_of is None:
            return None
        rows = self._records.rows(f"SELECT r.placement FROM shelf_rows r WHERE {where}", values)  # noqa: S608  # our words
        items: list[Any] = []
        missing: dict[str, int] = {}
        find, version, tree, tongue = self._items.get, as_of.version, teller.tree, teller.tongue
        laid = teller.laid
        for (placement,) in rows:
            kept = find(placement + tongue)
            if (
                kept is not None and kept.version == version
                and kept.tree is tree and kept.laid is laid
            ):  # fmt: skip
                items.append(kept.item)
            else:
                missing[placement] = len(items)
                items.append(None)
        if missing:
            named = f"r.tag = '' AND r.placement IN ({_marks(missing)})"
            told = f"SELECT {_COLUMNS} FROM {_TOLD} WHERE {named}"  # noqa: S608  # our words
            for row in self._records.rows(told, list(missing)):
                items[missing[row[0]]] = self._item(teller, row, as_of)
        return None if self._records.moved(stamp) or None in items else items

    def _stamped(self, as_of: Freshness | None) -> int | None:
        """The stamp of this thread when it was told that freshness, if it was the last."""
        kept = self._here.kept
        return kept[0] if kept is not None and kept[2] == as_of else None

    def _total(self, where: str, values: list[Any], as_of: Freshness | None) -> tuple[int, bool]:
        """The total, and whether it had to be counted."""
        key = (where, *values[:2], *values[4:], self._counted_as_of(where, as_of))  # not the moment
        known = self._totals.get(key) if as_of is not None else None
        if known is None:
            counting = f"SELECT count(*) FROM shelf_rows r WHERE {where}"  # noqa: S608  # our words
            ((known,),) = self._records.rows(counting, values)
            if as_of is not None:
                self._totals.put(key, known)
            return int(known), True
        return known, False

    def _counted_as_of(self, where: str, as_of: Freshness | None) -> Any:
        """What a total is as old as: where the rows' own version is kept, and nothing but the rows
        is asked, most edits of content change none."""
        if as_of is None or self._records.on_postgres or _WORN in where or BARRED in where:
            return as_of
        return as_of.epoch, self._changes.version(ROWS)

    def _without(self, now: datetime, as_of: Freshness | None) -> tuple[str, list[Any]]:
        """The condition that leaves out what depends on something that is over.

        Who that is was read with the freshness, so that a question is not slower for it.
        """
        kept, barred = self._barred
        if as_of is None or kept != as_of or len(barred) > _NAMED:
            return f" AND {_NOT_BARRED}", [micros(now)] * 5
        return (f" AND r.placement NOT IN ({_marks(barred)})", [*barred]) if barred else ("", [])

    def _item(self, teller: _Teller, row: Any, as_of: Freshness | None) -> ShelfItem:
        """The same row under the same vocabulary is the same item. ``as_of`` is from before the
        row was read, so an item may be newer than it is said to be, never older."""
        key, tree, laid = row[0] + teller.tongue, teller.tree, teller.laid
        kept = self._items.get(key)
        same = kept is not None and kept.tree is tree and (kept.laid, kept.row) == (laid, row)
        item = kept.item if kept is not None and same else teller.item(row)
        version = as_of.version if as_of is not None else 0
        if kept is None or kept.laid is not laid or not same or kept.version < version:
            self._items.put(key, _Told(tree, laid, row, item, version))
        return item

    def freshness(self, now: datetime) -> Freshness:
        """The content version and the last boundary passed: one statement of index seeks, or none
        if no boundary passed and nothing was committed since this thread asked last, or the version
        held is still that. If anything is over that content depends on, one more reads what that
        bars."""
        at = micros(now)
        fresh, until = self._last
        if fresh.version == self._changes.held("content") and fresh.epoch <= at < until:
            return fresh
        stamp = self._records.stamp()
        kept = self._here.kept
        if kept and stamp is not None and stamp == kept[0] and kept[2].epoch <= at < kept[1]:
            return kept[2]
        fresh, until, over = around(self._records, now)
        if self._barred[0] != fresh:
            barred = {row[0] for row in self._records.rows(BARRED, [at] * 5)} if over else ()
            self._barred = fresh, sorted(barred)
        self._here.kept, self._last = (stamp, until, fresh), (fresh, until)
        return fresh


class Tally(NamedTuple):
    """How much stands on a shelf, and how much is promised beside it."""

    standing: int
    coming: int


def tally(
    records: Records, account: str, now: datetime, sight: Collection[str] | None = None
) -> Tally:
    """Counted for one account, or for all if it is empty."""
    where, values = ("AND account = ?", [account]) if account else ("", [])
    if sight is not None:
        where += f" AND unit IN ({_marks(sight)})" if sight else " AND 1 = 0"
        values = [*values, *sight]
    counted = (  # only our own words are spliced in
        "SELECT coalesce(sum(CASE WHEN opens <= ? THEN 1 ELSE 0 END), 0), count(*)"  # noqa: S608  # our words
        f" FROM shelf_rows r WHERE tag = '' AND closes > ? AND {_NOT_BARRED} {where}"
    )
    ((there, promised),) = records.rows(counted, [micros(now)] * 7 + values)
    return Tally(there, promised - there)


def standing(
    records: Records, account: str, ids: Collection[str], now: datetime, *, early: bool = False
) -> set[str]:
    """Which of these materials stand there at this moment; an empty account is any. What opened
    for VIPs only counts if it is asked for ``early``."""
    if not ids:
        return set()
    where = f"r.tag = '' AND r.opens <= ? AND r.closes > ? AND {_NOT_BARRED}"
    where += f" AND r.material IN ({_marks(ids)})"
    values: list[Any] = [*[micros(now)] * 7, *ids]
    if account:
        where += " AND r.account = ?"
        values.append(account)
    if not early:
        where += " AND r.unit <> ?"
        values.append(VIPS)
    rows = records.rows(f"SELECT DISTINCT r.material FROM shelf_rows r WHERE {where}", values)  # noqa: S608  # our words
    return {row[0] for row in rows}


def coverage(
    records: Records, tags: Collection[str], accounts: Collection[str], now: datetime
) -> dict[str, int]:
    """How many materials stand under each of some tags, on some accounts or on any."""
    if not tags:
        return {}
    where = f"r.tag IN ({_marks(tags)}) AND r.opens <= ? AND r.closes > ? AND {_NOT_BARRED}"
    values: list[Any] = [*tags, *[micros(now)] * 7]
    if accounts:
        where += f" AND r.account IN ({_marks(accounts)})"
        values += accounts
    counted = (  # only our own words are spliced in
        f"SELECT r.tag, count(DISTINCT r.material) FROM shelf_rows r WHERE {where} GROUP BY r.tag"  # noqa: S608  # our words
    )
    return {row[0]: row[1] for row in records.rows(counted, values)}


def _marks(values: Collection[Any]) -> str:
    return ",".join("?" * len(values))
