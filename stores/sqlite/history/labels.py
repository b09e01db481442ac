"""Labels (标记): which account told of an act, and what reports ask of it, as one number an act.

Rows of names with how many acts have each: a name leaves with the last of them. What came before
accounts were kept has a bare label, or none; its account is read from the event.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from sqlite3 import Connection
from typing import TYPE_CHECKING

import orjson

from stores.sqlite.history.tables import as_json, names_by, numbers_by

if TYPE_CHECKING:
    from numpy import bool_, int64
    from numpy.typing import NDArray

_USE = """
insert into uses values (?, ?) on conflict do update set count = count + excluded.count
"""
_UNUSED = """
delete from labels where number in (
    select label from uses where count <= 0 and label in (select value from json_each(?))
)
"""


def spelled(account: str, label: str) -> str:
    """Both as one name; a label of reports is a JSON object, so this is none."""
    return orjson.dumps([account, label]).decode()


def bare(names: Mapping[int, str]) -> dict[int, str]:
    """What reports ask, by the same numbers."""
    return {number: _parted(name)[1] for number, name in names.items()}


def _parted(name: str) -> tuple[str | None, str]:
    """Account and label; no account for what came before they were kept."""
    if not name.startswith("["):
        return None, name
    account, label = orjson.loads(name)
    return account, label


def used(file: Connection, told: Sequence[tuple[str, str]]) -> list[int]:
    """A number for each account with its label, all of them counted as used once more."""
    names = {each: spelled(*each) for each in set(told)}
    numbers = numbers_by(file, "labels", names.values())
    counted = Counter(told)
    rows = sorted((numbers[names[each]], count) for each, count in counted.items())
    file.executemany(_USE, rows)
    return [numbers[names[each]] for each in told]


def unused(file: Connection, gone: Iterable[int]) -> None:
    """These acts are no more; a label that no other act has goes with them."""
    counted = Counter(gone)
    file.executemany(_USE, [(label, -count) for label, count in counted.items()])
    file.execute(_UNUSED, (as_json(list(counted)),))


def told_by(file: Connection, label: NDArray[int64], account: str) -> NDArray[bool_] | None:
    """Which of the acts with these labels this account told of; None where the account of one of
    them stands nowhere but in its event."""
    import numpy as np

    numbers, place = np.unique(label, return_inverse=True)
    names = names_by(file, "labels", numbers.tolist())
    by = [_parted(names.get(number, ""))[0] for number in numbers.tolist()]
    if None in by:
        return None
    return np.array([each == account for each in by], np.bool_)[place]
