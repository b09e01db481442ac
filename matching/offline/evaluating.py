"""Evaluating (离线评测): recommenders against each other on one log, split by time, ranked in full.

Everything before the split is learnt from; what each customer reads after it and had not read
before is what should have been recommended. Nothing is sampled away from the ranking. Differences
are paired by customer and come with an interval.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field
from typing import Any, Protocol

import numpy as np

from kernel.values import dataclass
from matching.arrays import Floats, key_of
from matching.offline.logs import moment
from matching.offline.recommending import Offline
from matching.training import interval

Event = tuple[Any, Any, float, float]
_FIRST, _SECOND = 10, 20
_REPLAYED = 800
_COLD = ("customer_0", "customer_1", "customer_2", "content", "both")
"""Who or what is new, in the order in which it is told."""
_TOLD = 1_000
"""So many customers are judged between two words of progress."""


def _mixed(item: Any) -> int:
    return key_of(f"mixed:{item}")


class Recommends(Protocol):
    """What is judged."""

    def fit(self, events: Iterable[Event]) -> object: ...
    def recommend(
        self,
        history: Sequence[tuple[Any, Any, float]],
        candidates: Iterable[Any],
        k: int,
        *,
        now: Any = None,
        user: Any = None,
    ) -> list[Any]: ...
    def update(self, user: Any, item: Any, ts: Any, weight: float = 1.0) -> None: ...


@dataclass(slots=True)
class Measured:
    """How one recommender did."""

    ndcg: Floats
    """Of every customer, in the same order for all."""
    recall: Floats
    coverage: float | None
    """None, like any other figure of nobody, where nobody was judged."""
    cold: dict[str, Floats] = field(default_factory=dict)
    """The same of each cold start."""
    fresh: dict[str, float | None] = field(default_factory=dict)


@dataclass(slots=True)
class Split:
    """A log cut in two."""

    before: list[Event]
    after: list[Event]
    at: float
    catalogue: tuple[Any, ...]
    """What could be recommended at the cut."""
    new: tuple[Any, ...]
    """What opened after it."""

    @classmethod
    def of(cls, events: Iterable[Event], part: float = 0.8) -> Split:
        log = sorted(
            ((user, item, moment(ts), weight) for user, item, ts, weight in events),
            key=lambda event: event[2],
        )
        cut = int(len(log) * part)
        before, after = log[:cut], log[cut:]
        known = dict.fromkeys(item for _, item, _, weight in before if weight > 0)
        later = dict.fromkeys(item for _, item, _, weight in after if weight > 0)
        new = tuple(sorted((item for item in later if item not in known), key=_mixed))
        catalogue = tuple(sorted(known, key=_mixed))  # in an order that tells nothing
        return cls(before, after, after[0][2] if after else 0.0, catalogue, new)

    def histories(self) -> dict[Any, list[tuple[Any, float, float]]]:
        found: dict[Any, list[tuple[Any, float, float]]] = {}
        for user, item, at, weight in self.before:
            found.setdefault(user, []).append((item, at, weight))
        return found

    def futures(self) -> dict[Any, list[tuple[Any, float]]]:
        """What each read after the cut, in order, the first time."""
        found: dict[Any, dict[Any, float]] = {}
        for user, item, at, weight in self.after:
            if weight > 0:
                found.setdefault(user, {}).setdefault(item, at)
        return {user: list(own.items()) for user, own in found.items()}


def measured(
    made: Recommends,
    split: Split,
    replayed: int = _REPLAYED,
    tell: Callable[[str], None] = lambda _: None,
) -> Measured:
    """Fit on what came before, and judge on what came after."""
    tell(f"learns from {len(split.before):,} events")
    made.fit(split.before)
    histories, futures = split.histories(), split.futures()
    known = set(split.catalogue)
    shown: set[Any] = set()
    ndcg, recall = [], []
    for number, (user, future) in enumerate(futures.items()):
        if number % _TOLD == 0:
            tell(f"is asked about customer {number:,} of {len(futures):,}")
        history = histories.get(user, [])
        seen = {item for item, _, _ in history}
        wanted = {item for item, _ in future if item in known and item not in seen}
        if not history or not wanted:
            continue
        listed = _listed(made, history, split.catalogue, _SECOND, now=split.at, user=user)
        shown.update(listed[:_FIRST])
        ndcg.append(gain(listed[:_FIRST], wanted))
        recall.append(len(wanted.intersection(listed)) / min(_SECOND, len(wanted)))
    covered = len(shown) / len(split.catalogue) if ndcg else None
    found = Measured(np.array(ndcg), np.array(recall), covered)
    tell("is asked about newcomers and new contents")
    found.cold = _cold(made, split, histories, futures)
    tell("is told of one event after the other")
    found.fresh = _fresh(made, split, histories, replayed)
    return found


def _listed(
    made: Recommends,
    history: Sequence[tuple[Any, float, float]],
    candidates: tuple[Any, ...],
    k: int,
    *,
    now: float,
    user: Any,
) -> list[Any]:
    """The best of what she has not met, asked among the same candidates for everybody."""
    seen = {item for item, _, _ in history}
    listed = made.recommend(history, candidates, k + len(seen), now=now, user=user)
    return [each for each in listed if each not in seen][:k]


def gain(listed: Sequence[Any], wanted: set[Any]) -> float:
    """NDCG of a list; every wanted one is as good as another."""
    found = sum(1 / np.log2(at + 2) for at, item in enumerate(listed) if item in wanted)
    most = sum(1 / np.log2(at + 2) for at in range(min(len(listed) or 1, len(wanted))))
    return float(found / most) if most else 0.0


def _cold(
    made: Recommends,
    split: Split,
    histories: Mapping[Any, Sequence[tuple[Any, float, float]]],
    futures: Mapping[Any, Sequence[tuple[Any, float]]],
) -> dict[str, Floats]:
    """New customers after 0, 1 and 2 contents, and new contents for those we know."""
    known = set(split.catalogue)
    found: dict[str, list[float]] = {name: [] for name in _COLD}
    fresh, few = set(split.new), min(_FIRST, len(split.new) // 2)
    for user, future in futures.items():
        history = histories.get(user, [])
        for begun in range(0 if history else 3):
            wanted = {item for item, _ in future[begun : begun + 5] if item in known}
            if wanted:
                past = [(item, at, 1.0) for item, at in future[:begun]]
                now = future[begun][1]
                listed = _listed(made, past, split.catalogue, _FIRST, now=now, user=user)
                found[f"customer_{begun}"].append(gain(listed, wanted))
        wanted = {item for item, _ in future if item in fresh}
        if wanted and few > 1:
            listed = made.recommend(history, split.new, few, now=split.at, user=user)
            found["content" if history else "both"].append(gain(listed, wanted))
    return {name: np.array(each) for name, each in found.items() if each}


def _fresh(
    made: Recommends,
    split: Split,
    histories: Mapping[Any, Sequence[tuple[Any, float, float]]],
    replayed: int,
) -> dict[str, float | None]:
    """The next content of every customer, replayed in order: told of every event, and of none."""
    after = [event for event in split.after if event[3] > 0]
    every = max(1, len(after) // replayed)
    everything = np.array([*split.catalogue, *split.new], object)
    opened: dict[Any, float] = {}
    for _, item, at, _ in (*split.before, *split.after):
        opened.setdefault(item, at)
    openings = np.array([opened[each] for each in everything.tolist()])
    live = {user: list(own) for user, own in histories.items()}
    hits, new = [], 0
    for number, (user, item, at, weight) in enumerate(after):
        own = live.setdefault(user, [])
        if number % every == 0 and item not in {each for each, _, _ in own}:
            standing = tuple(everything[openings <= at].tolist())
            listed = _listed(made, own, standing, _FIRST, now=at, user=user)
            hits.append(gain(listed, {item}))
            new += sum(opened[each] > split.at for each in listed)
        own.append((item, at, weight))
        made.update(user, item, at, weight)
    share = new / (len(hits) * _FIRST) if hits else None
    return {"live_ndcg": _mean(hits), "new_share": share}


def table(
    items: Sequence[Mapping[str, Any]],
    users: Sequence[Mapping[str, Any]] | None,
    events: Iterable[Event],
    *,
    baselines: Mapping[str, Callable[[], Recommends]],
    tell: Callable[[str], None] = lambda _: None,
) -> list[dict[str, Any]]:
    """Ours and the baselines, a row each, ours first; differences are ours less theirs."""
    split = Split.of(events)
    ours = measured(Offline(items, users), split, tell=_telling(tell, "juzhen"))
    rows = [_row("juzhen", ours)]
    for name, make in baselines.items():
        theirs = measured(make(), split, tell=_telling(tell, name))
        cold = {f"cold_{each}": _lead(own, theirs.cold[each]) for each, own in ours.cold.items()}
        rows.append(_row(name, theirs) | _lead(ours.ndcg, theirs.ndcg) | {"leads": cold})
    return rows


def undecided(row: Mapping[str, Any], figure: str) -> bool:
    """Can this figure of a baseline not be told from ours: does the interval hold nothing?"""
    lead = row if figure == "ndcg@10" and "low" in row else row.get("leads", {}).get(figure)
    return bool(lead) and lead["low"] is not None and lead["low"] <= 0 <= lead["high"]


def _telling(tell: Callable[[str], None], name: str) -> Callable[[str], None]:
    return lambda step: tell(f"{name} {step}")


def _lead(ours: Floats, theirs: Floats) -> dict[str, float | None]:
    """By how much ours is better, customer by customer, with the interval; none of nobody."""
    differences = ours - theirs
    if not len(differences):
        return {"difference": None, "low": None, "high": None}
    low, high = interval(differences)
    lead = float(differences.mean())
    return {"difference": round(lead, 4), "low": round(low, 4), "high": round(high, 4)}


def _mean(judged: Sequence[float] | Floats) -> float | None:
    return float(np.mean(judged)) if len(judged) else None


def _row(name: str, found: Measured) -> dict[str, Any]:
    figures = {
        "ndcg@10": _mean(found.ndcg),
        "recall@20": _mean(found.recall),
        "coverage@10": found.coverage,
        **{f"cold_{name}": _mean(each) for name, each in found.cold.items()},
        **found.fresh,
    }
    told = {key: None if value is None else round(value, 4) for key, value in figures.items()}
    judged = {"customers": len(found.ndcg), "newcomers": len(found.cold.get("customer_0", ()))}
    return {"recommender": name} | judged | told
