"""Effects (规则成效): what customers bought once a rule had placed something on their list.

By rule: for how many customers it did, how many of these bought within four weeks of the first
time, and how many of the same had bought in the four weeks before. Proves nothing: whoever is in a
rule's segment is there because of what she does.

A fold of what was offered, of what was bought and of who is who, with two watermarks: our own acts
and the findings of the digest. A customer counts once a rule, whatever handles she goes by: with
the one that the rule met first. Who is erased stays in the sums, which tell of nobody.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from data_hub.digest import Digest
from data_hub.findings import MERGED, Findings, Found
from data_hub.identities import Known, Ruling
from data_hub.profiles import Profile, Profiles
from kernel.clock import Clock
from matching.counters.dealing import due
from stores.changes import Change, Changes
from stores.records import Folded, Records, insert, upsert
from stores.spelling import marks, moment, unpacked
from stores.watermarks import Watermarks

WINDOW = timedelta(weeks=4)
"""Bought within so much of the first time; the time before is as long."""
_ACTS, _FINDINGS = "rule_effects", "rule_effects.findings"
_DROPPED = 500
"""Handles that are let go of at once."""
_Met = dict[tuple[str, str], datetime]
"""Since when a rule has moved the list of a handle."""
_TOUCHES = {"bought", "refunded", MERGED}
"""Findings after which a customer is looked at again."""


class RuleReach(Folded, kw_only=True):
    """A rule moved the list of somebody known by this handle."""

    __tablename__ = "rule_reach"

    rule: Mapped[str] = mapped_column(primary_key=True)
    handle: Mapped[str] = mapped_column(primary_key=True, index=True, info={"customer": "drop"})
    at: Mapped[datetime]
    """The first time."""
    leads: Mapped[bool]
    """Of all her handles the rule met this one first: with it she is counted."""
    bought_after: Mapped[bool]
    bought_before: Mapped[bool]


class RuleEffect(Folded, kw_only=True):
    """What came of one rule, summed up."""

    __tablename__ = "rule_effects"

    rule: Mapped[str] = mapped_column(primary_key=True)
    shown: Mapped[int]
    bought_after: Mapped[int]
    bought_before: Mapped[int]


class Effect(NamedTuple):
    """What came of one rule."""

    shown: int
    """For so many customers it placed or raised something."""
    after: int
    """Of these, who bought within four weeks of the first time, up to now…"""
    before: int
    """…and who had bought in the four weeks before."""


class Effects:
    """Every rule that moved a list, with what came of it."""

    def __init__(
        self,
        *,
        records: Records,
        people: Records,
        changes: Changes,
        findings: Findings,
        digest: Digest,
        profiles: Profiles,
        clock: Clock,
    ) -> None:
        self._records = records
        self._people = people
        self._changes = changes
        self._findings = findings
        self._digest = digest
        self._profiles = profiles
        self._clock = clock
        self._marks = Watermarks(people, Folded)

    # Asking

    def all(self) -> dict[str, Effect]:
        """By rule; those that placed nothing are left out."""
        return {rule: Effect(*counts) for rule, *counts in self._people.rows(_TOLD)}

    def as_of(self) -> datetime:
        """The moment up to which everything is counted."""
        waiting = self._changes.after(self._marks.of(_ACTS), 1).changes
        return waiting[0].at if waiting else self._clock()

    def behind(self) -> bool:
        """Is anything noticed or ruled that is not counted yet?"""
        acts, found = self._marks.of(_ACTS), int(self._marks.of(_FINDINGS) or 0)
        return bool(self._changes.after(acts, 1).changes or self._findings.after(found, 1))

    # Folding

    def follow(self, limit: int = 100) -> int:
        """Take in so many of our acts and of the findings, and say how many; 0 if none is left, or
        while the digest does not know who is who."""
        with self._people.write("digest") as session:
            ruled = self._digest.ruled()
            if ruled is None:
                return 0
            acts = _upto(ruled, self._changes.after(self._marks.of(_ACTS), limit).changes)
            found = self._findings.after(int(self._marks.of(_FINDINGS) or 0), limit)
            firsts = self._firsts(acts)
            touched = {handle for _, handle in firsts} | self._touched(acts, found)
            self._put(session, firsts, touched)
            due(session, self._touched(acts, found))
            if acts:
                self._marks.move(_ACTS, _mark(acts[-1]))
            if found:
                self._marks.move(_FINDINGS, str(found[-1].seq))
        return len(acts) + len(found)

    def rebuild(self, tell: Callable[[int], None] = lambda _: None) -> int:
        """Throw the fold away and make it again from every offer; how many acts that took."""
        while self._dropped():
            pass
        done = 0
        while taken := self.follow():
            done += taken
            tell(done)
        return done

    def _dropped(self) -> bool:
        """Throw some of it away; when all of it is gone, the next act to take in is the first."""
        with self._people.write("digest") as session:
            some = session.scalars(select(RuleReach.handle).distinct().limit(_DROPPED)).all()
            session.execute(delete(RuleReach).where(RuleReach.handle.in_(some)))
            if not some:
                session.execute(delete(RuleEffect))
                self._marks.move(_ACTS, "")
        return bool(some)

    def _firsts(self, acts: Sequence[Change]) -> _Met:
        """When these acts moved whose list first, by rule and handle."""
        offers = [each.subject for each in acts if each.act == "recommended"]
        rows = self._records.rows(_RULED.format(marks(offers)), offers)
        firsts: _Met = {}
        for handle, at, items in rows:
            for rule in set(_rules(unpacked(items))):
                firsts.setdefault((rule, handle), moment(at))
        return firsts

    def _touched(self, acts: Sequence[Change], found: Iterable[Found]) -> set[str]:
        """Handles of whoever bought, or whom people or events have shown to be somebody else."""
        decisions = [each.subject for each in acts if each.kind == "ruling"]
        ends = select(Ruling.one, Ruling.other).where(
            Ruling.decision.in_(decisions) | Ruling.lifted_for.in_(decisions)
        )
        with self._records.read() as session:
            ruled = {end for pair in session.execute(ends) for end in pair}
        return ruled | {each.handle for each in found if each.kind in _TOUCHES}

    def _put(self, session: Session, firsts: _Met, touched: Collection[str]) -> None:
        """Everybody who is touched, as she is now, and what that changes in the sums. Who was
        erased is put down no more."""
        hers = select(Known.customer).where(Known.handle.in_(touched))
        known = select(Known.handle, Known.customer).where(Known.customer.in_(hers))
        owners = dict(session.execute(known).all())
        kept = session.scalars(select(RuleReach).where(RuleReach.handle.in_(owners))).all()
        met = {(each.rule, each.handle): each.at for each in kept}
        for key, at in firsts.items():
            if key[1] in owners:
                met[key] = min(at, met.get(key, at))
        profiles = self._profiles.many({owners[handle] for _, handle in met})
        rows = list(_rows(met, owners, profiles))
        sums: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for row in rows:
            sums[row["rule"]].update(_counted(row))
        for each in kept:
            sums[each.rule].subtract(_counted(vars(each)))
        upsert(session, RuleReach, rows)
        _add(session, [{"rule": rule, **counts} for rule, counts in sums.items()])


def effect_on(at: datetime, profile: Profile | None) -> tuple[bool, bool]:
    """Whether she bought within four weeks of this moment, and in the four before. Pure."""
    bought = [each.at for each in (profile or Profile()).bought()]
    after = any(at <= each < at + WINDOW for each in bought)
    return after, any(at - WINDOW <= each < at for each in bought)


def _rows(
    met: _Met, owners: Mapping[str, str], profiles: Mapping[str, Profile]
) -> Iterator[dict[str, Any]]:
    """One row a rule and handle; the first of a customer leads."""
    led: set[tuple[str, str]] = set()
    for (rule, handle), at in sorted(met.items(), key=lambda each: (each[1], each[0])):
        customer = owners[handle]
        leads = (rule, customer) not in led
        led.add((rule, customer))
        after, before = effect_on(at, profiles.get(customer)) if leads else (False, False)
        yield {
            "rule": rule, "handle": handle, "at": at, "leads": leads,
            "bought_after": after, "bought_before": before,
        }  # fmt: skip


def _counted(row: Mapping[str, Any]) -> dict[str, int]:
    """What one row adds to the sums of its rule."""
    names = ("bought_after", "bought_before")
    return {"shown": int(row["leads"])} | {name: int(row[name]) for name in names}


def _add(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    if not rows:
        return
    put, table = insert(session, RuleEffect), RuleEffect.__table__.c
    summed = {
        name: table[name] + put.excluded[name]
        for name in ("shown", "bought_after", "bought_before")
    }
    session.execute(put.on_conflict_do_update(index_elements=["rule"], set_=summed), list(rows))


def _rules(items: list[dict[str, Any]]) -> Iterator[str]:
    for item in items:
        for reason in item["reasons"]:
            if rule := reason["evidence"].get("rule"):
                yield rule


def _mark(act: Change) -> str:
    return f"{act.turn}:{act.seq}"


def _upto(ruled: str, acts: Sequence[Change]) -> list[Change]:
    """Those of which the digest knows what people ruled."""
    turn, seq = map(int, ruled.split(":")) if ruled else (-1, 0)
    return [each for each in acts if (each.turn, each.seq) <= (turn, seq)]


_RULED = "SELECT handle, at, items FROM offers WHERE id IN ({}) ORDER BY at, id"
_TOLD = "SELECT rule, shown, bought_after, bought_before FROM rule_effects WHERE shown > 0"
