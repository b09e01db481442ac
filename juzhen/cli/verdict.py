"""The verdict (评测结论): what a table of recommenders on a company's own log says, in words.

Who ranks best, by how much and how surely, and what to do about it. Judges nothing itself: the
figures are `matching.offline.evaluating`'s.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from statistics import median
from typing import Any

from kernel.values import dataclass
from kernel.wording import say
from matching.offline.evaluating import undecided
from matching.offline.logs import moment

FIGURES = (
    "ndcg@10", "recall@20", "coverage@10", "cold_customer_0", "cold_customer_1",
    "cold_customer_2", "cold_content", "cold_both", "live_ndcg", "new_share",
)  # fmt: skip
FEWEST = 100
"""Customers judged, below which nothing is said: as few as the console's pages take."""
_TAGGED = 0.5
_LONG = 3
"""Contents read by the customer in the middle, below which neighbours have little to go by."""

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class About:
    """What a log holds; what has no weight is no reading."""

    readings: int
    customers: int
    contents: int
    tagged: int
    """Contents with tags."""
    usual: float
    """Contents that the customer in the middle has read."""
    begins: float
    ends: float

    @classmethod
    def of(
        cls, log: Sequence[tuple[Any, Any, float, float]], items: Sequence[Mapping[str, Any]]
    ) -> About:
        readings = [each for each in log if each[3] > 0]
        read: dict[Any, set[Any]] = {}
        for user, item, *_ in readings:
            read.setdefault(user, set()).add(item)
        contents = {item for _, item, *_ in readings}
        whens = [ts for _, _, ts, _ in readings]
        return cls(
            len(readings), len(read), len(contents),
            sum(each["id"] in contents and bool(each["tags"]) for each in items),
            median(map(len, read.values())), min(whens), max(whens),
        )  # fmt: skip

    def told(self, language: str) -> str:
        return say(
            "judged_about", language, readings=f"{self.readings:,}",
            customers=f"{self.customers:,}", contents=f"{self.contents:,}",
            tagged=f"{self.tagged:,}", usual=f"{self.usual:g}", begins=_day(self.begins),
            ends=_day(self.ends),
        )  # fmt: skip


def figures(table: Sequence[Row], language: str) -> list[dict[str, Any]]:
    """A row for each figure, a column for each recommender; ≈ marks what cannot be told from
    ours, * the best of those that differ, and under the first stands by how much ours is ahead,
    with the interval. What nobody was judged on is a dash."""
    first, *rest = (_figure(table, name, language) for name in FIGURES if name in table[0])
    leads = (
        dict.fromkeys(first, "")
        | {"": say(f"judged_{which}", language)}
        | {
            row["recommender"]: "–" if row[which] is None else f"{row[which]:+.3f}"
            for row in table[1:]
        }
        for which in ("difference", "low", "high")
    )
    return [first, *leads, *rest]


def _figure(table: Sequence[Row], name: str, language: str) -> dict[str, Any]:
    told = [row.get(name) for row in table]
    judged = [figure for figure in told if figure is not None]
    best = max(judged) if len(set(judged)) > 1 else None
    cells = {
        row["recommender"]: "–"
        if figure is None
        else f"{'≈ ' * undecided(row, name)}{figure:.3f}{' *' * (figure == best)}"
        for row, figure in zip(table, told, strict=True)
    }
    return {"": say("judged_" + name.replace("@", "_"), language)} | cells


def verdict(table: Sequence[Row], about: About, language: str) -> Iterator[str]:
    """Who ranks best and by how much, and what to do."""
    ours, *others = table
    if ours["customers"] < FEWEST:
        yield say("judged_too_few", language, customers=ours["customers"], fewest=FEWEST)
        return
    best = max(others, key=lambda each: each["ndcg@10"])
    outcome = "ahead" if best["low"] > 0 else "behind" if best["high"] < 0 else "level"
    yield say(
        f"judged_{outcome}", language, best=best["recommender"], ours=f"{ours['ndcg@10']:.3f}",
        theirs=f"{best['ndcg@10']:.3f}", by=f"{abs(best['difference']):.3f}",
        low=f"{best['low']:+.3f}", high=f"{best['high']:+.3f}", customers=f"{ours['customers']:,}",
    )  # fmt: skip
    yield from (say(each, language) for each in _advice(outcome, others, about))


def _advice(outcome: str, others: Collection[Row], about: About) -> Iterator[str]:
    if about.tagged < _TAGGED * about.contents:
        yield "judged_do_tag"
    if about.usual < _LONG:
        yield "judged_do_join"
    if any(row.get("leads", {}).get("cold_customer_0", {}).get("high", 0) < 0 for row in others):
        yield "judged_do_newcomers"
    yield {"ahead": "judged_do_nothing", "level": "judged_do_wait", "behind": "judged_do_ask"}[
        outcome
    ]


def _day(ts: float) -> str:
    return f"{datetime.fromtimestamp(moment(ts), UTC):%Y-%m-%d}"
