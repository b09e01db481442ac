"""The fold as the worker runs it, in a process of its own: `python -m bench.servers.folding HOME`.

As in the worker's lane of events it computes after who answers. Says so on standard
output once it begins, and folds until it is ended.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from juzhen.worker import give_way
from stores.history import Fold
from stores.sqlite.history import SqliteHistory
from stores.sqlite.journal import SqliteJournal


def main(home: Path) -> None:
    fold = Fold(SqliteJournal(home / "journal"), SqliteHistory(home / "history.db"))
    give_way()
    print("begun", flush=True)
    while True:
        if not fold.run(5_000):
            time.sleep(0.1)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
