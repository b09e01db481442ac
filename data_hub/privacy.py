"""Privacy (个人信息权利): everything held about one customer, told to her or erased, with a proof.

Walks the tables by what their columns say (`stores.personal`), then asks journal and history. What
backups hold is told with their dates by whoever keeps them. Decides nothing about consent.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Collection, Iterator
from datetime import datetime
from typing import Any

import orjson

from data_hub.digest import Digest
from data_hub.echoes import Echoes
from data_hub.emptying import Emptying
from data_hub.findings import Findings, parked_key
from data_hub.identities import Identities, own_id
from data_hub.identities.handles import phone
from kernel.crash import crash_point, declare
from kernel.errors import Conflict, NotFound
from kernel.events import Handle, pack
from kernel.secret import Secret
from kernel.values import dataclass
from stores import personal
from stores.changes import Changes
from stores.history import Fold, History
from stores.journal import Journal
from stores.naming import naming
from stores.records import Folded, Record, Records

_BEGUN = "erasure_begun"
_GONE = declare("erasing.gone", "her events are erased, profiles of others may tell of them")
_LAST = ("findings", "identity_edges", "known_handles")
"""What was found of her, whose place is held in the same write, and what makes her one."""
_PASSES = 20
"""Somebody who goes on acting while she is erased is erased again; nobody acts for ever."""


@dataclass(frozen=True, slots=True)
class Erased:
    """What an erasure came to, and the id of the act that proves it."""

    proof: str
    events: int
    rows: int
    left: bool = False
    """Bytes of hers stand in a log that somebody reads by: they go later, by themselves."""


@dataclass(frozen=True, slots=True)
class Proof:
    """An act about somebody's data, as it may be shown to her."""

    act: str
    at: datetime
    proof: str
    """The id of the act, the same for every handle she had."""
    left: bool = False
    """As `Erased` says it, now."""


class Privacy:
    """What a customer may ask of us about herself."""

    def __init__(
        self,
        records: Records,
        people: Records,
        identities: Identities,
        journal: Journal,
        history: History,
        fold: Fold,
        digest: Digest,
        changes: Changes,
        emptying: Emptying,
        echoes: Echoes,
        *,
        key: Secret,
    ) -> None:
        """``key`` makes the proof one that only we can match with a person."""
        self._records = records
        self._people = people
        self._identities = identities
        self._findings = Findings(people)
        self._journal = journal
        self._history = history
        self._fold = fold
        self._digest = digest
        self._changes = changes
        self._emptying = emptying
        self.echoes = echoes
        self._key = key.reveal().encode()

    def held(self, who: str, *, by: str) -> dict[str, Any]:
        """Everything we hold about her. An act of its own, written down. Raises `NotFound`."""
        self._catch_up()
        customer, handles = self._whom(who)
        names = _names(customer, handles)
        self._changes.note("exported", "customer", self.mark_of(customer), by=by)
        kept = [
            (where, each.table, each.row)
            for where, records, base in self._tables()
            for each in personal.held(records, base, names)
        ]
        return {
            "customer": customer,
            "handles": [str(handle) for handle in handles],
            "events": [orjson.loads(pack(event)) for event in self._history.of(handles)],
            "rows": [{"store": where, "table": table, "row": row} for where, table, row in kept],
            "refused": list(self._refused(handles)),
        }

    def _refused(self, handles: Collection[Handle]) -> Iterator[dict[str, Any]]:
        """What came in that names her and could not be an event, as it waits to be tried again."""
        after, named = 0, naming(handles)
        while stretch := self._history.refused(after=after):
            after = stretch[-1][0]
            for _, told in stretch:
                if named(told.again):
                    item = orjson.loads(told.again)
                    yield {"at": told.at, "door": told.door, "reason": told.reason, "told": item}

    def erase(
        self,
        who: str,
        *,
        by: str,
        reason: str = "",
        tell: Callable[[int], None] = lambda _: None,
    ) -> Erased:
        """Erase her everywhere; what remains is that somebody was erased, when and by whom.

        Raises `NotFound` for nobody, so erasing twice says that there is nothing left, and
        `Conflict` for somebody who goes on acting all the while: erase her again. ``tell`` hears
        how much of hers is gone. By what she is known goes last: whatever breaks it off, it can be
        asked for again, and the second time proves what the first had done.
        """
        self._catch_up()
        try:
            customer, handles = self._whom(who)
        except NotFound:
            return self._prove(self._begun(who), by, reason=reason)
        marks = self._begin(customer, handles, by)
        names, events, rows = _names(customer, handles), 0, 0
        for _ in range(_PASSES):
            # Whatever was on its way is in the history first: there it is known as heard, and
            # cannot come back by a fold that had read it before.
            self._catch_up()
            beside = self._beside(handles)
            if beside:
                self.echoes.note(customer, beside)
            gone, waiting = self._history.forget(handles), self._journal.forget(handles)
            crash_point(_GONE)
            self.echoes.silence(customer)
            touched = self._part(handles)
            touched += personal.forget(self._records, Record, names)
            touched += personal.forget(self._people, Folded, names, but=_LAST)
            with self._people.write("digest"):
                self._digest.note_erasure()
                self._identities.leave_regions(handles)
                touched += personal.forget(self._people, Folded, names, only=_LAST)
            events, rows = events + gone, rows + touched
            tell(events + rows)
            if not gone + waiting + touched:
                break
        else:
            raise Conflict("she_goes_on_acting")
        return self._prove(marks, by, events=events, rows=rows, reason=reason)

    def _part(self, handles: Collection[Handle]) -> int:
        """Take what names her and somebody else from beside both, a few rows a write: thousands may
        share her phone. How many there were."""
        doubts = [parked_key(each.one, each.other) for each in self._identities.links(handles)]
        with self._people.write("digest"):
            self._digest.note_erasure()
        return self._findings.forget(doubts) + self._identities.forget_refused(handles)

    def _beside(self, handles: Collection[Handle]) -> set[Handle]:
        """Who else her events tell of: they go from what is told of these, too."""
        told = {
            each for event in self._history.of(handles) for each in (event.handle, *event.links)
        }
        return {each for each in told if each is not None} - set(handles)

    def _begin(self, customer: str, handles: Collection[Handle], by: str) -> list[str]:
        """Write down that it has begun, under everything that may stand for her in a proof."""
        others = sorted({own_id(handle) for handle in handles} - {customer})
        marks = [self.mark_of(each) for each in (customer, *others)]
        with self._records.write():
            for mark in marks:
                self._changes.note(_BEGUN, "customer", mark, by=by, marks=marks)
        return marks

    def _begun(self, who: str) -> list[str]:
        """The marks of an erasure that was broken off when nothing of her was left to be found.
        Raises `NotFound` where none was."""
        handle = phone(who) or _handle(who)
        own = who if who.startswith("cus_") else own_id(handle) if handle else ""
        latest = self._changes.latest("customer", self.mark_of(own), 1)
        if not latest or latest[0].act != _BEGUN:
            raise NotFound("customer", who)
        return list(latest[0].detail["marks"])

    def _prove(
        self, marks: list[str], by: str, *, events: int = 0, rows: int = 0, reason: str
    ) -> Erased:
        mark, *others = marks
        left = not self._emptying.now()
        with self._records.write("emptying"):
            proof = self._changes.note(
                "erased", "customer", mark, by=by, events=events, rows=rows, reason=reason
            )
            for other in others:
                self._changes.note("erased", "customer", other, by=by, proof=proof.id)
            if left:
                self._emptying.ask(proof.id, marks)
        return Erased(proof.id, events, rows, left)

    def mark_of(self, customer: str) -> str:
        """What stands for her in a proof: it names nobody, and only we can work it out again."""
        return hmac.new(self._key, customer.encode(), hashlib.sha256).hexdigest()[:32]

    def proofs(self, handle: Handle) -> list[Proof]:
        """The acts that erased whoever had this handle, or exported her data, the latest first."""
        found = self._changes.latest("customer", self.mark_of(own_id(handle)))
        waiting = self._emptying.waiting()
        proofs = [
            (each, str(each.detail.get("proof", each.id))) for each in found if each.act != _BEGUN
        ]
        return [Proof(each.act, each.at, proof, proof in waiting) for each, proof in proofs]

    def _catch_up(self) -> None:
        while self._fold.run():
            pass
        while self._digest.run():
            pass

    def _whom(self, who: str) -> tuple[str, list[Handle]]:
        if who.startswith("cus_"):
            customer = self._identities.resolve(who)
        else:
            found = self._identities.find(who)
            if not found:
                return self._once_known(who)
            if len(found) != 1:
                raise NotFound("customer", who)
            customer = found[0]
        return customer, self._identities.handles(customer)

    def _once_known(self, who: str) -> tuple[str, list[Handle]]:
        """Somebody of whom nothing is told any more, since a file was taken back or its time was
        over: what was found of her then is kept. Raises `NotFound` where nothing is."""
        if (handle := phone(who) or _handle(who)) is not None:
            names = _names(own_id(handle), [handle])
            for _, records, base in self._tables():
                if any(True for _ in personal.held(records, base, names)):
                    return own_id(handle), [handle]
        raise NotFound("customer", who)

    def _tables(self) -> tuple[tuple[str, Records, Any], ...]:
        return ("records", self._records, Record), ("people", self._people, Folded)


def _names(customer: str, handles: Collection[Handle]) -> set[str]:
    """Whatever a column may know her by."""
    return {customer} | {str(handle) for handle in handles} | {own_id(handle) for handle in handles}


def _handle(text: str) -> Handle | None:
    try:
        return Handle.parse(text)
    except ValueError:
        return None
