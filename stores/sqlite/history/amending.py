"""What is told otherwise (改写): events of which only the detail becomes another, sealed or not.

In slices, so that nobody waits long for the lock. An event is looked for where it lies when it is
written: it may have been sealed or erased since it was read.
"""

from __future__ import annotations

from collections.abc import Mapping

from kernel.events import Event
from stores.sqlite.database import Database
from stores.sqlite.history import blocks
from stores.sqlite.history.tables import as_json
from stores.told import amended

_SLICE = 250
"""Events a transaction: sealed ones lie in a few blocks, which are pressed together again."""
_LIVE = "select seq, packed from events where seq in (select value from json_each(?))"


def amend(database: Database, told: Mapping[int, Event]) -> int:
    """Write these anew, by their numbers; how many are there."""
    done, seqs = 0, sorted(told)
    for begin in range(0, len(seqs), _SLICE):
        few = seqs[begin : begin + _SLICE]
        with database.write() as file:
            file.execute("pragma secure_delete=on")
            live = dict(file.execute(_LIVE, (as_json(few),)).fetchall())
            sealed = blocks.lines_of(file, [seq for seq in few if seq not in live])
            fresh = {seq: amended(line, told[seq]) for seq, line in (live | sealed).items()}
            file.executemany(
                "update events set packed = ? where seq = ?", [(fresh[seq], seq) for seq in live]
            )
            blocks.put_anew(file, {seq: fresh[seq] for seq in sealed})
        done += len(fresh)
    return done
