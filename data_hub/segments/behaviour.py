"""Conditions about what she did (行为条件): counts, sequences, silence, spending, in windows.

Windows are days of the company, today included; time of day plays no part in them.
"""

from __future__ import annotations

from typing import Any, ClassVar

from data_hub import ordering
from data_hub.catalogue import kind_of
from data_hub.profiles.folding import KEPT_MATERIALS, KEPT_PURCHASES, OTHER
from data_hub.profiles.profile import paid
from data_hub.profiles.strands import TRAIL
from data_hub.segments.subject import NEVER, Counted, Deed, Subject
from data_hub.segments.tree import OPS, Asked, Leaf, plain
from kernel.errors import Invalid
from kernel.values import dataclass

_DAY = 86_400.0
KEPT = 90
"""Days that profiles keep counts by day for; purchases are kept one by one, and what happens to
orders is seen on her trail. What lies further back is asked of the history."""
_LONGEST = 3_650
"""Days that a rule looks back at most."""
_PAYING = frozenset(("bought", "refunded"))


def _check(days: int, least: int) -> None:
    if not isinstance(days, int) or not least <= days <= _LONGEST:
        raise Invalid("rule", "rule_window", most=_LONGEST)


def quoted(value: str) -> str:
    """A text as it is written in a rule."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


@dataclass(frozen=True, slots=True)
class Did(Leaf):
    """She did something so often within so many days; 0 days is ever."""

    word: ClassVar[str] = "did"
    kind: str
    op: str = ">="
    times: int = 1
    days: int = 0
    of: str = ""
    """Only with this material; for purchases, only of this product or category."""
    on: str = ""
    """Only as this channel account told of it."""

    def check(self) -> None:
        if self.op not in OPS or not isinstance(self.times, int) or self.times < 0:
            raise Invalid("rule", "rule_is_odd", what=f"{self.op} {self.times}")
        if kind_of(self.kind).name != self.kind:
            raise Invalid("rule", "rule_is_odd", what=self.kind)
        if self.of and self.on and self.kind == "bought":
            raise Invalid("rule", "rule_is_odd", what=f"of {self.of} on {self.on}")
        _check(self.days, 0)

    @property
    def counted(self) -> bool:
        """Is it asked of the counts by day?"""
        return not self.of and not self.on and 0 < self.days <= KEPT

    @property
    def far(self) -> Deed | None:
        """What is asked of the history, because profiles keep no count of it."""
        if self.on or (self.days > KEPT and self.kind not in ordering.KINDS):
            return self.deed
        return None

    @property
    def deed(self) -> Deed:
        return Deed(self.kind, self.days, self.of, self.on)

    def amount(self, s: Subject) -> int:
        if (far := self.far) is not None:
            return s.past.get(far, Counted()).times
        return len(self._moments(s)) if self.one_by_one else s.count(self.kind, self.days)

    def _moments(self, s: Subject) -> list[float]:
        since = s.present - self.days * _DAY if self.days else 0.0
        if self.kind == "bought":
            return [
                at for at, _, product, category, *_ in s.purchases
                if at > since and (not self.of or self.of in (product, category))
            ]  # fmt: skip
        if not self.of:
            return [at for kind, at in s.trail if at > since and kind == self.kind]
        return [
            at for material, at, _, kind in s.materials
            if at > since and kind == self.kind and material == self.of
        ]  # fmt: skip

    @property
    def one_by_one(self) -> Asked | None:
        alone = self.far is None and not self.counted and (self.days or self.of)
        return Asked(frozenset((self.kind,)), self.days) if alone else None

    def beyond(self, s: Subject) -> bool:
        since = s.present - self.days * _DAY if self.days else 0.0
        if self.kind == "bought":
            return _bought_before(s, since)
        ever = s.profile.kinds.get(self.kind, 0)
        if not self.of:
            acts = s.trail
            here = sum([kind == self.kind for kind, _ in acts])
            return len(acts) >= TRAIL and acts[0][1] > since and ever > here
        kept = s.materials
        return (
            len(kept) >= KEPT_MATERIALS
            and kept[0][1] > since
            and (ever > sum([kind == self.kind for *_, kind in kept]) or _made_up(s, self.kind))
        )

    def holds(self, s: Subject) -> bool:
        return OPS[self.op](self.amount(s), self.times)

    def until(self, s: Subject) -> float:
        if not self.days:
            return NEVER
        if (far := self.far) is not None:
            return s.leaves(far)
        if self.counted:
            return s.falls_out(self.kind, self.days)
        return min((at + self.days * _DAY for at in self._moments(s)), default=NEVER)

    def text(self) -> str:
        of = f" of {quoted(self.of)}" if self.of else ""
        of += f" on {quoted(self.on)}" if self.on else ""
        often = "" if (self.op, self.times) == (">=", 1) else f" {self.op} {self.times}"
        return f"did {self.kind}{of}{often}" + (f" in {self.days}d" if self.days else "")

    def facts(self, s: Subject) -> dict[str, Any]:
        where = " ".join(filter(None, (self.of, self.on)))
        return {"kind": self.kind, "n": self.amount(s), "days": self.days, "of": where}

    def told(self) -> dict[str, Any]:
        """Without the account where there is none, as rules were told before it could be asked."""
        said = Leaf.told(self)
        return said if self.on else {name: said[name] for name in said if name != "on"}

    def source(self) -> str:
        """Counts by day are put in place by the book, which counts once for all rules."""
        if self.days or self.of or self.on:
            return ""
        return f"p.kinds.get({self.kind!r}, 0) {python(self.op)} {self.times}"


def _bought_before(s: Subject, since: float) -> bool:
    """May she have bought after a moment what her profile keeps no longer?"""
    return len(s.purchases) >= KEPT_PURCHASES and s.purchases[0][0] > since


def _made_up(s: Subject, kind: str) -> bool:
    """Does her profile count it among others, because there are too many of its sort?"""
    return kind not in s.profile.kinds and OTHER in s.profile.kinds


def python(op: str) -> str:
    """The operator as Python spells it."""
    return "==" if op == "=" else op


@dataclass(frozen=True, slots=True)
class Then(Leaf):
    """She did these one after the other, the whole of it within a time."""

    word: ClassVar[str] = "then"
    kinds: tuple[str, ...]
    within: float = 0.0
    """Hours from the first to the last; 0 is any."""
    days: int = 0
    """The first of them no longer ago than this; 0 is any."""

    def check(self) -> None:
        if not 2 <= len(self.kinds) <= 10 or self.within < 0 or not 0 <= self.days <= 365:
            raise Invalid("rule", "rule_is_odd", what=" then ".join(map(str, self.kinds)))
        for kind in self.kinds:
            if kind_of(kind).name != kind:
                raise Invalid("rule", "rule_is_odd", what=kind)

    def _begin(self, s: Subject) -> float:
        """The latest beginning of a whole chain, 0 if there is none."""
        best, starts = 0.0, [0.0] * len(self.kinds)
        limit = self.within * 3_600 or NEVER
        for kind, at in s.trail:
            for step in range(len(self.kinds) - 1, -1, -1):
                if kind != self.kinds[step]:
                    continue
                begun = at if step == 0 else starts[step - 1]
                if begun and at - begun <= limit:
                    starts[step] = max(starts[step], begun)
        best = starts[-1]
        return best if not self.days or best > s.present - self.days * _DAY else 0.0

    @property
    def one_by_one(self) -> Asked | None:
        return Asked(frozenset(self.kinds), self.days)

    def beyond(self, s: Subject) -> bool:
        """A chain that begins later than another is as good as it, and what is kept are her latest
        acts: so others are asked for only where these hold no chain and she may have done one."""
        kept = s.trail
        if len(kept) < TRAIL or (self.days and kept[0][1] <= s.present - self.days * _DAY):
            return False
        return self._begin(s) == 0 and self._may_have(s)

    def _may_have(self, s: Subject) -> bool:
        """By the first and the last time of each kind."""
        at = 0.0
        for kind in self.kinds:
            if (span := s.profile.spans.get(kind)) is None:
                if not _made_up(s, kind):
                    return False
                continue
            first, last = span
            if last < at:
                return False
            at = max(at, first)
        return True

    def holds(self, s: Subject) -> bool:
        return self._begin(s) > 0

    def until(self, s: Subject) -> float:
        begun = self._begin(s) if self.days else 0.0
        return begun + self.days * _DAY if begun else NEVER

    def text(self) -> str:
        within = f" within {plain(self.within)}h" if self.within else ""
        return f"did {' then '.join(self.kinds)}{within}" + (
            f" in {self.days}d" if self.days else ""
        )

    def facts(self, s: Subject) -> dict[str, Any]:
        return {"kinds": self.kinds, "hours": self.within, "days": self.days}


@dataclass(frozen=True, slots=True)
class Silent(Leaf):
    """She has done nothing for so many days."""

    word: ClassVar[str] = "silent"
    days: int

    def check(self) -> None:
        _check(self.days, 1)

    def holds(self, s: Subject) -> bool:
        return s.present - s.profile.active >= self.days * _DAY

    def until(self, s: Subject) -> float:
        at = s.profile.active + self.days * _DAY
        return at if at > s.present else NEVER

    def text(self) -> str:
        return f"silent for {self.days}d"

    def facts(self, s: Subject) -> dict[str, Any]:
        return {"days": self.days, "n": int((s.present - s.profile.active) // _DAY)}

    def source(self) -> str:
        return f"s.present - p.active >= {self.days * _DAY}"


@dataclass(frozen=True, slots=True)
class Fresh(Leaf):
    """We know her for less than so many days."""

    word: ClassVar[str] = "new"
    days: int

    def check(self) -> None:
        _check(self.days, 1)

    def holds(self, s: Subject) -> bool:
        return s.present - s.profile.began < self.days * _DAY

    def until(self, s: Subject) -> float:
        at = s.profile.began + self.days * _DAY
        return at if at > s.present else NEVER

    def text(self) -> str:
        return f"new in {self.days}d"

    def facts(self, s: Subject) -> dict[str, Any]:
        return {"days": self.days, "n": int((s.present - s.profile.began) // _DAY)}

    def source(self) -> str:
        return f"s.present - p.began < {self.days * _DAY}"


@dataclass(frozen=True, slots=True)
class SeenOn(Leaf):
    """A channel account told of her within so many days; 0 is ever."""

    word: ClassVar[str] = "seen"
    account: str
    days: int = 0

    def check(self) -> None:
        if not self.account or not 0 <= self.days <= _LONGEST:
            raise Invalid("rule", "rule_window", most=_LONGEST)

    def holds(self, s: Subject) -> bool:
        kept = s.profile.accounts.get(self.account)
        return kept is not None and (not self.days or s.present - kept[1] < self.days * _DAY)

    def until(self, s: Subject) -> float:
        kept = s.profile.accounts.get(self.account)
        at = kept[1] + self.days * _DAY if kept and self.days else 0.0
        return at if at > s.present else NEVER

    def text(self) -> str:
        return f"seen on {quoted(self.account)}" + (f" in {self.days}d" if self.days else "")

    def facts(self, s: Subject) -> dict[str, Any]:
        return {"account": self.account, "days": self.days}


@dataclass(frozen=True, slots=True)
class Spent(Leaf):
    """She bought for so much within so many days; 0 days is ever."""

    word: ClassVar[str] = "spent"
    op: str
    amount: float
    days: int = 0

    def check(self) -> None:
        if self.op not in OPS or not isinstance(self.amount, int | float) or self.amount < 0:
            raise Invalid("rule", "rule_is_odd", what=f"spent {self.op} {self.amount}")
        _check(self.days, 0)

    def sum(self, s: Subject) -> float:
        if not self.days:
            return s.profile.buying[3] if s.profile.buying else 0.0
        since = s.present - self.days * _DAY
        return float(sum(paid(each) for each in s.purchases if each[0] > since))

    @property
    def one_by_one(self) -> Asked | None:
        return Asked(_PAYING, self.days) if self.days else None

    def beyond(self, s: Subject) -> bool:
        return _bought_before(s, s.present - self.days * _DAY)

    def holds(self, s: Subject) -> bool:
        return OPS[self.op](self.sum(s), self.amount)

    def until(self, s: Subject) -> float:
        if not self.days:
            return NEVER
        since = s.present - self.days * _DAY
        inside = [at for at, *_ in s.purchases if at > since]
        return min(inside, default=NEVER) + self.days * _DAY

    def text(self) -> str:
        return f"spent {self.op} {plain(self.amount)}" + (f" in {self.days}d" if self.days else "")

    def facts(self, s: Subject) -> dict[str, Any]:
        return {"n": f"{self.sum(s):,.10g}", "days": self.days}
