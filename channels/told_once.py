"""Told once (只计一次): an order or a lead counts once, however long ago it was told first.

Shops tell of an order again whenever its state changes, some of it weeks later, and a list that is
brought in each month holds last month's, too. The history knows a repeat for some days; this looks
for the others among what is kept of the same people. Whoever was erased is known no more.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import islice

from channels.orders import part
from kernel.events import Event, Handle, unpack
from stores.history import History
from stores.told import Told

_LASTING = ("order:", "lead:")
"""How the ids begin that say what was told and not who told it when."""
_MOST = 10_000
"""So many events of several handles are looked through at once, and of one handle at all: whoever
tells without end waits for nobody."""


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
        for event in _before(history, whom, kinds, most)
        if event.received is not None and event.id.startswith(_LASTING)
        for id_ in _ids(event)
    }
    return [
        each for each in told
        if (before := known.get((each.account, each.id))) is None
        or before >= (unpack(each.packed).received or before)
    ]  # fmt: skip


def _before(
    history: History, whom: Sequence[Handle], kinds: Collection[str], most: int
) -> Iterator[Event]:
    """What is known of these; of so many that it is more than is read at once, half by half."""
    found = list(islice(history.of(whom, kinds=kinds), most))
    if len(found) < most or len(whom) == 1:
        yield from found
        return
    half = len(whom) // 2
    yield from _before(history, whom[:half], kinds, most)
    yield from _before(history, whom[half:], kinds, most)


def _ids(event: Event) -> Iterator[str]:
    """By what it is known: refunds were told by the order alone before there were several."""
    yield event.id
    if event.kind == "refunded" and event.id.endswith(":refunded"):
        yield f"{event.id}:{part(event.detail.get('refund_id'), event.detail.get('amount'))}"
