"""A log whose truth is known: who reads what next is drawn from probabilities that we wrote down.

Customers have interests over topics, drawn around those of their segment and drifting by the week;
contents have one to three topics (their tags, one in ten of them wrong), a quality, a day on which
they open and a popularity that fades. In a session the next content is drawn from
softmax(interest + quality + freshness + same topic as the last + follows the last in its series),
so that there is something in a log for every part of a blend, and noise on all of it. People who
live ``by_hour`` read around eight in the morning and in the evening, and like other topics then.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

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
    chance = np.random.default_rng(seed)
    topics = np.zeros((contents, TOPICS))
    for row in topics:
        row[chance.choice(TOPICS, chance.integers(1, 4), replace=False)] = 1.0
    topics /= topics.sum(axis=1, keepdims=True)
    hidden = chance.normal(0, 1, (contents, 8))
    quality = chance.normal(0, 0.7, contents)
    opens = np.sort(chance.uniform(-60, days * 0.97, contents))
    follows = chance.random(contents) < 1 / 3  # each of these follows the one before it
    alike = topics @ topics.T
    segments = chance.normal(0, 1.0, (6, TOPICS))
    reps = chance.normal(0, 0.5, (20, TOPICS))
    events: list[tuple[str, str, float, float]] = []
    users, hours = [], np.random.default_rng(seed + 1)
    for number in range(people):
        segment, rep = int(chance.integers(6)), int(chance.integers(20))
        users.append({"id": f"u{number}", "attrs": {"segment": f"s{segment}", "rep": f"r{rep}"}})
        interest = segments[segment] + reps[rep] + chance.normal(0, 1.1, TOPICS)
        taste = chance.normal(0, 0.35, 8)
        joined = chance.uniform(-40, days * 0.95)
        at = max(0.0, joined) + chance.exponential(2.0)
        turns = hours.normal(0, by_hour, (2, TOPICS))
        free = np.ones(contents, bool)
        left = 150
        while at < days and left:
            interest += chance.normal(0, 0.12, TOPICS)
            half = int(at * 2) % 2
            if by_hour:
                at = int(at * 2) / 2 + hours.uniform(0, 0.05)  # eight o'clock in Shanghai
            likes = topics @ (interest + turns[half])
            worth = likes * 2.0 + hidden @ taste + quality - (at - opens) / 40
            live = (opens <= at) & (opens > at - 90)
            last = -1
            for _ in range(min(left, chance.geometric(0.25))):
                drawn = worth + chance.gumbel(size=contents)
                if last >= 0:
                    drawn += alike[last] * 3.0
                    drawn[last + 1 : last + 2] += 3.0 * follows[last + 1 : last + 2]
                drawn[~(live & free)] = -np.inf
                last = int(drawn.argmax())
                if not free[last] or not live[last]:
                    break
                free[last] = False
                left -= 1
                events.append((f"u{number}", f"c{last}", at * DAY, 1.0))
                at += chance.exponential(0.01)
            at += chance.exponential(6.0)
    events.sort(key=lambda event: event[2])
    tagged = [np.flatnonzero(row).tolist() for row in topics]
    items = []
    for number, own in enumerate(tagged):
        wrong = [int(chance.integers(TOPICS)) if chance.random() < 0.1 else tag for tag in own]
        items.append({"id": f"c{number}", "tags": [f"t{tag}" for tag in wrong]})
    return Log(items, users, events, {f"c{n}": float(at) * DAY for n, at in enumerate(opens)})
