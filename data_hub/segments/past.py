"""What rules ask of the history itself (历史计次): how often, where profiles keep no count.

Profiles count kinds by day for ninety days; what lies further back, or was told by one account
only, is counted where the events lie. The history knows handles: here they become people.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import date, timedelta
from itertools import chain
from typing import Any

from data_hub.segments.subject import Counted, Deed
from kernel.events import Handle
from stores.acts import Often
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
    for deed in deeds:
        rest = _often(history, deed, None, today) if everybody else iter(())
        short = (told for told in rest if told.who not in named)
        for told in chain(short, _often(history, deed, named, today)):
            customer = whose.get(told.who)
            if customer is not None:
                hers = found.setdefault(customer, {})
                hers[deed] = hers.get(deed, Counted()).more(told.times, told.oldest / 1e6)
    return found


def _often(
    history: History, deed: Deed, handles: Collection[str] | None, today: date
) -> Iterator[Often]:
    since = today - timedelta(days=deed.days - 1) if deed.days else None
    asked: dict[str, Any] = {
        "account": deed.on or None,
        "material": deed.of or None,
        "since": since,
    }
    if handles is None:
        yield from history.often(deed.kind, **asked)
        return
    names = list(handles)
    for begin in range(0, len(names), _TOGETHER):
        some = [Handle.parse(name) for name in names[begin : begin + _TOGETHER]]
        yield from history.often(deed.kind, handles=some, **asked)
