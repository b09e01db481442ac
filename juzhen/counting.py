"""Counting (计数): what the rooms tell us while they work, on its way to `juzhen.metrics`.

The rooms know no metric: wiring gives each a function of this module to tell.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from juzhen.metrics import exposition, metric

if TYPE_CHECKING:
    from stores.history import Fold


def count_events(door: str, accepted: int, refused: int) -> None:
    """So many came in by this door. Fast enough for the intake itself."""
    if accepted:
        _events(door, "accepted").inc(accepted)
    if refused:
        _events(door, "refused").inc(refused)


@cache
def _events(door: str, outcome: str) -> Any:
    return metric("juzhen_events_total", door=door, outcome=outcome)


def count_act(kind: str, act: str) -> None:
    """One act of ours was done; those on deliveries say what became of them."""
    if kind == "delivery":
        metric("juzhen_deliveries_total", outcome=act.removeprefix("delivery_")).inc()


def scraped(fold: Fold) -> tuple[bytes, str]:
    """Everything counted, with the backlog as it is now, and the content type."""
    metric("juzhen_backlog").set(fold.behind())
    return exposition()
