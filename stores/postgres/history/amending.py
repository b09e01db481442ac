"""What is told otherwise (改写): events of which only the detail becomes another.

Inside the transaction of whoever calls.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kernel.events import Event
from stores.told import amended

_KEPT = "select seq, month, packed from juzhen_history.events where seq = any(%b::bigint[])"
_ANEW = """
update juzhen_history.events e set packed = told.packed
from unnest(%b::bigint[], %b::int[], %b::bytea[]) as told (seq, month, packed)
where e.seq = told.seq and e.month = told.month
"""


def amend(run: Any, told: Mapping[int, Event]) -> int:
    """Write these anew, by their numbers; how many are there."""
    rows = run.cursor(binary=True).execute(_KEPT, (list(told),)).fetchall()
    if rows:
        fresh = [(seq, month, amended(packed, told[seq])) for seq, month, packed in rows]
        run.execute(_ANEW, [list(column) for column in zip(*fresh, strict=True)])
    return len(rows)
