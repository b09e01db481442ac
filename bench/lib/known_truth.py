"""A log whose truth is known: who reads what next is drawn from probabilities that we wrote down.

Customers have interests over topics, drawn around those of their segment and drifting by the week;
contents have one to three topics (their tags, one in ten of them wrong), a quality, a day on which
they open and a popularity that fades. In a session the next content is drawn from
softmax(interest + quality + freshness + same topic as the last + follows the last in its series),
so that there is something in a log for every part of a blend, and noise on all of it. People who
live ``by_hour`` read around eight in the morning and in the evening, and like other topics then.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Chance = np.random.Generator
DAY = 86_400.0
TOPICS = 24


@dataclass(frozen=True, slots=True)
class Log:
    """Contents, people, and what they read, the oldest first."""

    items: list[dict[str, Any]]
    users: list[dict[str, Any]]
    events: list[tuple[str, str, float, float]]
    opened: dict[str, float]
    """When each content opened."""


def log(
    people: int = 1_500,
    contents: int = 900,
    days: int = 120,
    seed: int = 20260302,
    by_hour: float = 0.0,
) -> Log:
    """The same seed gives the same log."""
    chance, hours = np.random.default_rng(seed), np.random.default_rng(seed + 1)
    truth = _Contents(chance, contents, days)
    segments = chance.normal(0, 1.0, (6, TOPICS))
    reps = chance.normal(0, 0.5, (20, TOPICS))
    users, events = list[dict[str, Any]](), list[tuple[str, str, float, float]]()
    for number in range(people):
        segment, rep = int(chance.integers(6)), int(chance.integers(20))
        users.append({"id": f"u{number}", "attrs": {"segment": f"s{segment}", "rep": f"r{rep}"}})
        interest = segments[segment] + reps[rep] + chance.normal(0, 1.1, TOPICS)
        read = _life(truth, interest, chance, hours, days, by_hour)
        events += [(f"u{number}", f"c{content}", at * DAY, 1.0) for content, at in read]
    events.sort(key=lambda event: event[2])
    opened = {f"c{n}": float(at) * DAY for n, at in enumerate(truth.opens)}
    return Log(_tagged(truth.topics, chance), users, events, opened)


class _Contents:
    """What there is to read, as it truly is."""

    def __init__(self, chance: Chance, count: int, days: float) -> None:
        self._chance = chance
        self.topics = np.zeros((count, TOPICS))
        for row in self.topics:
            row[chance.choice(TOPICS, chance.integers(1, 4), replace=False)] = 1.0
        self.topics /= self.topics.sum(axis=1, keepdims=True)
        self._hidden = chance.normal(0, 1, (count, 8))
        self._quality = chance.normal(0, 0.7, count)
        self.opens = np.sort(chance.uniform(-60, days * 0.97, count))
        self._follows = chance.random(count) < 1 / 3  # each of these follows the one before it
        self._alike = self.topics @ self.topics.T

    def worth(self, interest: Floats, taste: Floats, at: float) -> Floats:
        """Of each to somebody on that day, by itself."""
        likes = self.topics @ interest
        return likes * 2.0 + self._hidden @ taste + self._quality - (at - self.opens) / 40

    def session(self, worth: Floats, free: Flags, at: float, most: int) -> Iterator[int]:
        """What is read one after the other, at the most so many; that is ``free`` no longer."""
        live = (self.opens <= at) & (self.opens > at - 90)
        last = -1
        for _ in range(most):
            drawn = worth + self._chance.gumbel(size=len(worth))
            if last >= 0:
                drawn += self._alike[last] * 3.0
                drawn[last + 1 : last + 2] += 3.0 * self._follows[last + 1 : last + 2]
            drawn[~(live & free)] = -np.inf
            last = int(drawn.argmax())
            if not free[last] or not live[last]:
                return
            free[last] = False
            yield last


def _life(
    truth: _Contents, interest: Floats, chance: Chance, hours: Chance, days: float, by_hour: float
) -> Iterator[tuple[int, float]]:
    """What one person reads and on which day, session by session, while interests drift."""
    taste = chance.normal(0, 0.35, 8)
    joined = chance.uniform(-40, days * 0.95)
    at = max(0.0, joined) + chance.exponential(2.0)
    turns = hours.normal(0, by_hour, (2, TOPICS))
    free, left = np.ones(len(truth.opens), bool), 150
    while at < days and left:
        interest += chance.normal(0, 0.12, TOPICS)
        half = int(at * 2) % 2
        if by_hour:
            at = int(at * 2) / 2 + hours.uniform(0, 0.05)  # eight o'clock in Shanghai
        worth = truth.worth(interest + turns[half], taste, at)
        for content in truth.session(worth, free, at, min(left, chance.geometric(0.25))):
            left -= 1
            yield content, at
            at += chance.exponential(0.01)
        at += chance.exponential(6.0)


def _tagged(topics: Floats, chance: Chance) -> list[dict[str, Any]]:
    """Contents with their topics as tags, one in ten of them wrong."""
    items = []
    for number, row in enumerate(topics):
        own = np.flatnonzero(row).tolist()
        worn = [int(chance.integers(TOPICS)) if chance.random() < 0.1 else tag for tag in own]
        items.append({"id": f"c{number}", "tags": [f"t{tag}" for tag in worn]})
    return items
