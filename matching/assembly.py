"""Assembly (组装): from ten thousand scored candidates to the ten that a rep reads.

The first three are the best three; below them a list is diversified by tags (MMR). The company's
rules place what they ask for (`matching.steering`); then a contact never lacks a script and a
product note, and one place goes to content we know too little about. Every choice is kept with the
probability it was made with, so that other policies can be judged on it later. Pure: chance comes
in as a number.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import numpy.typing as npt

from kernel.values import dataclass
from matching.arrays import Places, Slice
from matching.scoring import Floats

NEEDED = ("script", "product_note")
"""What a rep has in her hands before she contacts a customer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How a list is made; every number is a setting."""

    relevance: float = 0.8
    """MMR's lambda: measured, .8 costs 1.4 % NDCG for 6.5 % more diversity."""
    pool: int = 50
    """How many of the best are diversified."""
    leading: int = 3
    """Places at the top that nothing but the score decides."""
    explore_from: int = 10
    """Lists shorter than this have no place for exploring: one of ten is a tenth of the places."""
    explore_pool: int = 20
    prior_views: float = 20
    """Pseudo-views of the company's own click rate, before a content has its own: at least so
    many, and as many as two clicks take. Offered less often than that, a content is one we know
    too little about."""
    rarest: float = 0.001
    """A click rate below which none is believed: who never clicks has told nothing yet."""
    hold_out: float = 0.0
    """The share of customers whose lists do not look at what they do, to compare with."""
    draws: int = 200
    """Draws of Thompson sampling, one of which decides: propensities are multiples of 1/draws."""


_USUAL = Manner()


@dataclass(frozen=True, slots=True)
class Chosen:
    """One place of the list: where the candidate stands in its slice, and how it came here."""

    place: int
    propensity: float = 1.0
    slot: str = "best"
    """``best``, ``explored``, ``needed``, or by a rule ``quota`` or ``pinned``."""


def varied(
    top: Places,
    total: Floats,
    candidates: Slice,
    first: int,
    manner: Manner = _USUAL,
    leads: Places | None = None,
) -> list[Chosen]:
    """The best, and below the first of them what differs. ``top`` are the best of all, the best
    first; ``leads`` stand above them, whatever they score."""
    if leads is not None and len(leads):
        top = np.concatenate((leads, _without(top, leads.tolist())))
    if not len(top):
        return []
    return [Chosen(place) for place in _diversified(top, total, candidates, first, manner)]


def best(
    total: Floats, candidates: Slice, count: int, seed: int = 0, *, among: Places | None = None
) -> Places:
    """The places of the highest scores, best first; ``among`` leaves out all others.

    Equals are ordered by a digest that the seed turns, so that none is always first: stable for
    one customer, fair over many.
    """
    scores = total if among is None else total[among]
    found = _at_least(scores, _threshold(scores, count))
    if len(found) > 2 * count > 0:  # a sample lets more through than are wanted
        reached = scores[found]
        found = found[reached >= np.partition(reached, len(found) - count)[len(found) - count]]
    places = found if among is None else among[found]
    turned = (candidates.keys[places] ^ np.uint64(seed)) * _ODD
    return places[np.lexsort((turned, -total[places]))][:count]


def _threshold(scores: Floats, count: int) -> float:
    """A score that at least ``count`` reach, if so many are finite, and not many more.

    The count-th best of a sample cannot be better than the count-th best of all.
    """
    sample = scores[::_STRIDE] if len(scores) > count * _STRIDE else scores
    sample = sample[np.isfinite(sample)]
    if len(sample) <= count:
        return -np.inf
    return float(np.partition(sample, len(sample) - count)[len(sample) - count])


def _at_least(scores: Floats, threshold: float) -> Places:
    """Where the scores reach it; one that is not a number reaches nothing."""
    reached = scores > -np.inf if threshold == -np.inf else scores >= threshold
    return np.flatnonzero(reached)


_STRIDE = 31
_CLICKS = 2.0
_ODD = np.uint64(0x9E3779B97F4A7C15)


def _diversified(
    pool: Places, total: Floats, candidates: Slice, first: int, manner: Manner
) -> list[int]:
    """MMR over the pool, from below the leading places on."""
    chosen = [int(place) for place in pool[: min(manner.leading, first)]]
    if len(chosen) in (first, len(pool)):
        return chosen
    scores = total[pool]
    span = float(scores.max() - scores.min()) or 1.0
    worth = (scores - scores.min()) / span
    alike = _alike(candidates.worn(pool))
    nearest = alike[:, : len(chosen)].max(axis=1)
    worth = manner.relevance * worth
    worth[: len(chosen)] = -np.inf
    while len(chosen) < min(first, len(pool)):
        taken = int(np.argmax(worth - (1 - manner.relevance) * nearest))
        worth[taken] = -np.inf
        chosen.append(int(pool[taken]))
        nearest = np.maximum(nearest, alike[taken])
    return chosen


def _alike(worn: Floats) -> Floats:
    """Cosine of every two sets of tags."""
    many = np.sqrt(worn.sum(axis=1))
    near: Floats = (worn @ worn.T) / np.outer(many, many)
    return near


def explored(
    chosen: Sequence[Chosen],
    top: Places,
    total: Floats,
    candidates: Slice,
    first: int,
    *,
    chance: float,
    seed: int = 0,
    manner: Manner = _USUAL,
    fit: Floats | None = None,
    kept: Collection[int] = (),
) -> list[Chosen]:
    """The list with something we know too little about in the last place that can be spared.
    ``chance`` in [0, 1) decides what that is; ``fit`` is how well the tags of each suit her, if
    that is known apart from the score. What is ``kept`` gives way to nothing.

    This comes last, when all others have their places: what chance chooses moves none of them, so
    that each is there with the probability that is told of it.
    """
    listed = list(chosen)
    if first < manner.explore_from or len(listed) < first:
        return listed
    kinds = [candidates.type_at(each.place) for each in listed]
    spare = _spare(listed, kinds, manner, kept)
    if spare is None:
        return listed
    taken = [each.place for at, each in enumerate(listed) if at != spare]
    unknown = _unknown(top, total, candidates, taken, manner, seed)
    likely = total if fit is None else fit
    found = _explored(unknown, candidates, chance, manner, likely, seed)
    if found is not None:
        listed[spare] = found
    return listed


def _unknown(
    top: Places,
    total: Floats,
    candidates: Slice,
    taken: Sequence[int],
    manner: Manner,
    seed: int,
) -> Places:
    """The best of those hardly ever offered that are not on the list already. ``top`` are the best
    of all: where enough of them are such, nobody else need be looked at."""
    views, _ = _usual(candidates, manner)
    first = top[candidates.shown[top] < views]
    first = _without(first, taken)[: manner.explore_pool]
    if len(first) == manner.explore_pool:
        return first
    unknown = candidates.hardly_shown(views)
    if not len(unknown):
        return unknown
    places = best(total, candidates, manner.explore_pool + len(taken), seed, among=unknown)
    return _without(places, taken)[: manner.explore_pool]


def _without(places: Places, taken: Collection[int]) -> Places:
    """For some dozens of places: arrays would only be quicker for many."""
    return np.array([place for place in places.tolist() if place not in taken], np.int64)


def _explored(
    places: Places, candidates: Slice, chance: float, manner: Manner, fit: Floats, seed: int
) -> Chosen | None:
    """One of these contents by Thompson sampling: its click rate as it may be, times how well it
    fits.

    Of a fixed number of draws ``chance`` takes one, so that the propensity is exact: the share of
    the draws that this content won.
    """
    if not len(places):
        return None
    won = _won(places, candidates, fit[places], manner, seed)
    at = int(won[min(int(chance * manner.draws), manner.draws - 1)])
    return Chosen(int(places[at]), float(np.count_nonzero(won == at)) / manner.draws, "explored")


def _usual(candidates: Slice, manner: Manner) -> tuple[float, float]:
    """(pseudo-views, click rate) of a content before it has its own.

    A prior of less than one click has nearly all its weight at nothing: its draws differ by powers
    of ten, whatever fits, and exploring is a toss of a coin. So where clicks are rare it is of as
    many views as two clicks take, as twenty are where one in ten is clicked.
    """
    views, clicks = candidates.offered
    rate = max((clicks + 1) / (views + manner.prior_views), manner.rarest)
    return max(manner.prior_views, _CLICKS / rate), rate


def _won(
    places: Places, candidates: Slice, fit: Floats, manner: Manner, seed: int
) -> npt.NDArray[np.int64]:
    """Which of these contents wins each draw: Beta(clicks) times tag affinity."""
    views, rate = _usual(candidates, manner)
    shown, hits = candidates.shown[places], candidates.clicked[places] + views * rate
    missed = np.maximum(shown + views - hits, 1e-3)
    own = zip(hits.tolist(), missed.tolist(), strict=True)
    likely = np.array([candidates.drawn(*each) for each in own])
    chance = np.random.default_rng([seed & 0xFFFFFFFF, len(places)])
    which = chance.integers(0, likely.shape[1], (len(places), manner.draws))
    rates = likely.take(which + likely.shape[1] * np.arange(len(places))[:, None])
    near = fit - fit.min()
    near = 0.1 + near / (near.max() or 1.0)  # the least fitting keeps a chance
    won: npt.NDArray[np.int64] = np.argmax(rates * near[:, None], axis=0)
    return won


def with_needed(
    chosen: Sequence[Chosen],
    total: Floats,
    candidates: Slice,
    first: int,
    *,
    seed: int = 0,
    manner: Manner = _USUAL,
    kept: Collection[int] = (),
) -> list[Chosen]:
    """A script and a product note always, in the last places that can be spared. What is ``kept``
    gives way to nothing."""
    listed = list(chosen)
    for kind in NEEDED:
        kinds = [candidates.type_at(each.place) for each in listed]
        if kind in kinds:
            continue
        found = best(total, candidates, 1, seed, among=candidates.of_type(kind))
        if not len(found):
            continue
        needed = Chosen(int(found[0]), 1.0, "needed")
        if len(listed) < first:
            listed.append(needed)
        elif (spare := _spare(listed, kinds, manner, kept)) is not None:
            listed[spare] = needed
    return listed


def _spare(
    listed: Sequence[Chosen], kinds: Sequence[str], manner: Manner, kept: Collection[int]
) -> int | None:
    """The last place below the leading ones that the score alone has given, and whose content is
    not the only one of a kind that is needed."""
    for at in range(len(listed) - 1, manner.leading - 1, -1):
        alone = kinds[at] in NEEDED and kinds.count(kinds[at]) == 1
        if listed[at].slot == "best" and listed[at].place not in kept and not alone:
            return at
    return None
