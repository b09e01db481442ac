"""Standings (客户现状): stage, node, grade, value and segments of each customer, as of now."""

from data_hub.standings.keeping import (
    EXPECTED,
    MOVED,
    Standings,
    Stood,
    forgotten,
)
from data_hub.standings.records import StandingRow, Transition

__all__ = [
    "EXPECTED",
    "MOVED",
    "StandingRow",
    "Standings",
    "Stood",
    "Transition",
    "forgotten",
]
