"""The own log (自有日志): a company's readings, as `juzhen bench matching --events` judges by them.

What is in it is what moves a list: what customers did with contents of their own accord, weighed
by its kind. Customers and reps are numbers that mean something in this log alone; who did not
agree that what she reads decides what she is offered is not in it, nor is what machines fetched.
Moments and contents are true, so it tells no name, and is personal data all the same. Writes no
file, and judges nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from content_hub.materials import Materials
from data_hub.catalogue import OWN_ACCOUNT, kind_of
from data_hub.consents import PERSONALISATION, Consents
from data_hub.identities import Identities
from kernel.events import Event
from stores.changes import Changes
from stores.history import History

_STRETCH = 1_000
EVENT, ITEM, USER = ("user", "item", "ts", "weight"), ("id", "tags"), ("id", "rep")


class OwnLog:
    """One walk through the history. What the log is about and who is in it is known after it."""

    def __init__(
        self,
        history: History,
        identities: Identities,
        consents: Consents,
        materials: Materials,
        changes: Changes,
    ) -> None:
        self._changes = changes
        self._history = history
        self._identities = identities
        self._consents = consents
        self._materials = materials
        self._numbers: dict[str, str] = {}
        """By customer; of those who are kept out nothing."""
        self._customers: dict[str, str] = {}
        self._reps: dict[str, str] = {}
        self._hers: dict[str, str] = {}
        self._read: dict[str, None] = {}

    def events(
        self, *, by: str, tell: Callable[[int], None] = lambda _: None
    ) -> Iterator[dict[str, Any]]:
        """Every reading in the order of arrival; that somebody takes them out is written down.
        ``tell`` hears how far in the history it is."""
        self._changes.note("exported_readings", "history", "", by=by)
        mark = 0
        while stretch := self._history.after(mark, _STRETCH):
            mark = stretch[-1][0]
            read = [event for _, event in stretch if _is_reading(event)]
            self._know(read)
            for event in read:
                if number := self._numbers[self._customers[str(event.handle)]]:
                    yield self._told(event, number)
            tell(mark)

    def items(self) -> Iterator[dict[str, Any]]:
        """What was read, with its tags of today."""
        every = list(self._read)
        for begin in range(0, len(every), _STRETCH):
            worn = self._materials.topics(every[begin : begin + _STRETCH])
            yield from ({"id": each, "tags": "|".join(tags)} for each, tags in worn.items())

    def users(self) -> Iterator[dict[str, Any]]:
        """Who read, and the rep of the first link that she followed."""
        kept = (number for number in self._numbers.values() if number)
        yield from ({"id": number, "rep": self._hers.get(number, "")} for number in kept)

    def _told(self, event: Event, number: str) -> dict[str, Any]:
        self._read[event.material] = None
        if event.rep and number not in self._hers:
            self._hers[number] = self._reps.setdefault(event.rep, f"r{len(self._reps) + 1}")
        return {
            "user": number, "item": event.material, "ts": event.at.isoformat(),
            "weight": kind_of(event.kind).weight,
        }  # fmt: skip

    def _know(self, read: Sequence[Event]) -> None:
        """Number the customers who come for the first time; who is to be left out gets nothing."""
        told = (str(event.handle) for event in read)
        by_handle = dict.fromkeys(each for each in told if each not in self._customers)
        self._customers |= self._identities.customers_of(by_handle)
        hers: dict[str, set[str]] = {}
        for handle in by_handle:
            if (customer := self._customers[handle]) not in self._numbers:
                hers.setdefault(customer, set()).add(handle)
        for customer, handles in self._identities.handles_of(hers).items():
            hers[customer].update(map(str, handles))
        agreed = self._consents.among(
            {customer: (handles, PERSONALISATION, "") for customer, handles in hers.items()}
        )
        for customer in hers:
            number = f"c{len(self._numbers) + 1}"
            self._numbers[customer] = number if agreed[customer] else ""


def _is_reading(event: Event) -> bool:
    if event.handle is None or not event.material or event.detail.get("bot"):
        return False
    if event.account == OWN_ACCOUNT:
        return False
    kind = kind_of(event.kind)
    return kind.owner == "customer" and kind.weight != 0
