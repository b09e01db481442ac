"""Measures (看板): figures of boards, each from events, each with the moment it was true at."""

from data_hub.measures.boards import Board, Boards
from data_hub.measures.keeping import ELSEWHERE, Figure, Funnel, Measures, Step
from data_hub.measures.kpis import BOARDS, KPIS, MOST, Kpi, board, untracked
from data_hub.measures.value import Worth, uplift

__all__ = [
    "BOARDS",
    "ELSEWHERE",
    "KPIS",
    "MOST",
    "Board",
    "Boards",
    "Figure",
    "Funnel",
    "Kpi",
    "Measures",
    "Step",
    "Worth",
    "board",
    "untracked",
    "uplift",
]
