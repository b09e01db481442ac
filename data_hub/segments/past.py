"""What rules ask of the history itself (历史计次): how often, where profiles keep no count.

Profiles count kinds by day for ninety days; what lies further back, or was told by one account
only, is counted where the events lie. The history knows handles: here they become people.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta

from data_hub.segments.subject import Counted, Deed
from kernel.events import Handle
from stores.acts import Often, Wanted
from stores.history import History

_TOGETHER = 5_000
"""So many handles are asked for in one question."""
_SPELLED = 200
"""A longer name may come back shortened, unless it was asked for."""

Past = dict[str, dict[Deed, Counted]]
"""By customer, how often she did each; who never did is left out."""


def counted(
    history: History,
    deeds: Collection[Deed],
    whose: Mapping[str, str],
    today: date,
    *,
    everybody: bool = False,
) -> Past:
    """How often each customer did it; ``whose`` says whose each handle is.

    ``everybody``: the handles are so many that all there are are asked for.
    """
    found: Past = {}
    named = {name for name in whose if len(name) > _SPELLED} if everybody else set(whose)
    wanted = {deed: _wanted(deed, today) for deed in deeds}
    for deed, asked in wanted.items() if everybody else ():
        kind, account, material, since, until = asked
        told = history.often(kind, account=account, material=material, since=since, until=until)
        _add(found, whose, ((deed, each) for each in told if each.who not in named))
    _add(found, whose, _each(history, wanted, list(named)))
    return found


def _add(found: Past, whose: Mapping[str, str], told: Iterable[tuple[Deed, Often]]) -> None:
    for deed, (who, times, oldest) in told:
        customer = whose.get(who)
        if customer is not None:
            hers = found.setdefault(customer, {})
            hers[deed] = hers.get(deed, Counted()).more(times, oldest / 1e6)


def _each(
    history: History, wanted: Mapping[Deed, Wanted], names: Sequence[str]
) -> Iterator[tuple[Deed, Often]]:
    """All of them in one walk over what these handles did."""
    deeds = list(wanted)
    for begin in range(0, len(names), _TOGETHER):
        some = [Handle.parse(name) for name in names[begin : begin + _TOGETHER]]
        for place, told in history.often_each(list(wanted.values()), some):
            yield deeds[place], told


def _wanted(deed: Deed, today: date) -> Wanted:
    since = today - timedelta(days=deed.days - 1) if deed.days else None
    return Wanted(deed.kind, deed.on or None, deed.of or None, since)
