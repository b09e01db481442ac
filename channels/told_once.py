"""Told once (只计一次): an order or a lead counts once, however long ago it was told first.

Shops tell of an order again whenever its state changes, some of it weeks later, and a list that is
brought in each month holds last month's, too. The history knows a repeat for some days; this looks
for the others among what is kept of the same people. Whoever was erased is known no more.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice

from channels.orders import part
from kernel.events import Event, Handle, unpack
from stores.history import History
from stores.told import Told, moment

_LASTING = ("order:", "lead:")
"""How the ids begin that say what was told and not who told it when."""
_MOST = 10_000
"""So many events of several handles are looked through at once. Of one that has more it is what
happened at the very moments that are told of now, and so many before the last of them."""

_MINUTE, _BEGIN = timedelta(minutes=1), datetime(1970, 1, 1, tzinfo=UTC)


def told_first(history: History, told: list[Told], *, most: int = _MOST) -> list[Told]:
    """Without what the history holds already, of those whose id lasts. What was told by the same
    arrival is left in: a fold that was broken off puts it again."""
    lasting = [each for each in told if each.id.startswith(_LASTING)]
    if not lasting:
        return told
    whom = sorted({Handle.parse(name) for each in lasting for name in each.names})
    kinds = {each.kind for each in lasting}
    known = {
        (event.account, id_): event.received
        for event in _before(history, whom, kinds, lasting, most)
        if event.received is not None and event.id.startswith(_LASTING)
        for id_ in _ids(event)
    }
    return [
        each for each in told
        if (before := known.get((each.account, each.id))) is None
        or before >= (unpack(each.packed).received or before)
    ]  # fmt: skip


def _before(
    history: History, whom: Sequence[Handle], kinds: Collection[str], told: Sequence[Told],
    most: int,
) -> Iterator[Event]:  # fmt: skip
    """What is known of these; of so many that it is more than is read at once, half by half."""
    found = list(islice(history.of(whom, kinds=kinds), most + 1))
    if len(found) <= most:
        yield from found
    elif len(whom) > 1:
        half = len(whom) // 2
        yield from _before(history, whom[:half], kinds, told, most)
        yield from _before(history, whom[half:], kinds, told, most)
    else:
        moments = {each.at for each in told if str(whom[0]) in each.names}
        for at in sorted(moments):
            then = history.of(whom, since=moment(at), until=moment(at + 1), kinds=kinds)
            yield from islice(then, most)
        yield from _last(history, whom, kinds, moment(max(moments)), most)


def _last(
    history: History, whom: Sequence[Handle], kinds: Collection[str], until: datetime, most: int
) -> Collection[Event]:
    """What happened last until a moment: looked for further and further back, so long as it is not
    as much. Of a stretch that holds very much more it is what was first."""
    back = _MINUTE
    while True:
        since = max(until - back, _BEGIN)
        asked = history.of(whom, since=since, until=until, kinds=kinds)
        found = deque(islice(asked, 8 * most), maxlen=most)
        if len(found) == most or since == _BEGIN:
            return found
        back *= 4


def _ids(event: Event) -> Iterator[str]:
    """By what it is known: refunds were told by the order alone before there were several."""
    yield event.id
    if event.kind == "refunded" and event.id.endswith(":refunded"):
        yield f"{event.id}:{part(event.detail.get('refund_id'), event.detail.get('amount'))}"
