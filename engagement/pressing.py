"""Pressing (轻重缓急): which red dots come first: what one is about, times whose it is.

A kind is worth three times as much as those of the next of `RANKS`. Whose it is multiplies
that: by what she is expected to spend within a quarter, measured by what a purchase usually comes
to, and by how far the conversation with her has come. So a customer lifts her dot over those of
the next rank, and hardly ever over two. Of whom nothing is known the kind alone tells. Reminds
nobody.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from data_hub.grades import Grade
from data_hub.identities import Identities
from data_hub.prediction import Predicted, Predictions
from data_hub.standings import Standings
from engagement.reminders import OTHERS, RANKS, Reminder
from kernel.values import dataclass
from kernel.wording import say

_STEP = 3.0
_WEEKS = 13
_MOST = 2.0
"""Of usual purchases that are expected of one customer, more than this lift her no further."""
_TALKS: Mapping[str, float] = {Grade.A: 1.2, Grade.B: 1.5, Grade.C: 1.4, Grade.E: 0.3}
"""B and C are the main force; who removed us is hardly reached. The others, and of whom nobody
heard, count once."""
_TELLING = frozenset({Grade.A, Grade.B, Grade.C})


@dataclass(frozen=True, slots=True)
class Pressing:
    """How much one red dot presses, and what of it is hers."""

    value: float
    customer: str
    grade: str = ""
    """Where the conversation with her stands, if that says something for it."""
    chance: float = 0.0
    """How likely she buys within thirteen weeks; 0 where nobody can say."""
    spend: float = 0.0
    """What that would come to."""

    def why(self, language: str = "zh") -> str:
        """What speaks for her, in a few words; empty if nothing is known."""
        told = []
        if self.chance:
            facts = {"chance": f"{self.chance:.0%}", "spend": f"{self.spend:,.0f}"}
            told.append(say("pressing_expected", language, **facts))
        if self.grade:
            told.append(say(f"pressing_{self.grade}", language))
        return " · ".join(told)


def pressing(
    kind: str, customer: str, grade: str, expected: Predicted | None, usual: float
) -> Pressing:
    """What one red dot of one customer comes to. Pure."""
    rank = RANKS.get(kind, OTHERS)
    money = min(expected.value / usual, _MOST) if expected and usual > 0 else 0.0
    value = _STEP**-rank * (1 + money) * _TALKS.get(grade, 1.0)
    told = grade if grade in _TELLING else ""
    if expected is None:
        return Pressing(value, customer, told)
    return Pressing(value, customer, told, expected.chances[_WEEKS], expected.spend)


class Priorities:
    """Which of some red dots come first."""

    def __init__(
        self, identities: Identities, standings: Standings, predictions: Predictions
    ) -> None:
        self._identities = identities
        self._standings = standings
        self._predictions = predictions

    def of(self, reminders: Sequence[Reminder]) -> dict[str, Pressing]:
        """By reminder, what it comes to now."""
        owners = self._identities.customers_of({each.handle for each in reminders})
        customers = set(owners.values())
        stood, expected = self._standings.rows(customers), self._predictions.of(customers)
        fitted = self._predictions.fitted()
        usual = fitted.spend if fitted else 0.0
        found = {}
        for each in reminders:
            her = owners.get(each.handle, "")
            grade = stood[her].grade if her in stood else ""
            found[each.id] = pressing(each.kind, her, grade, expected.get(her), usual)
        return found

    def first(self, reminders: Sequence[Reminder]) -> list[tuple[Reminder, Pressing]]:
        """The one of each customer that presses most, the most pressing first; of equals, in their
        order."""
        found = self.of(reminders)
        hers: dict[str, tuple[Reminder, Pressing]] = {}
        for each in sorted(reminders, key=lambda reminder: -found[reminder.id].value):
            hers.setdefault(found[each.id].customer, (each, found[each.id]))
        return list(hers.values())
