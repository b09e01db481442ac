"""The library (演示素材库): 600 materials in Chinese, tagged, placed with windows, 12 campaigns.

The words stand in ``texts/``; here they are put together. Decides nothing about who reads what.
"""

from __future__ import annotations

import random
from datetime import date

from juzhen.demo.library import reading, scripts, selling
from juzhen.demo.library.piece import DAYS, Piece, texts, topic, topics

__all__ = ["DAYS", "Piece", "pieces", "texts", "topic", "topics"]


def pieces(today: date, dice: random.Random) -> list[Piece]:
    """All of them, the oldest first."""
    made = [
        *scripts.openings(), *scripts.objections(), *scripts.scenes(),
        *selling.notes(), *reading.papers(today, dice), *reading.articles(dice),
        *reading.posters(dice), *reading.videos(dice),
        *selling.tools(), *selling.proposals(), *reading.stories(dice), *reading.lives(dice),
    ]  # fmt: skip
    return sorted(made, key=lambda piece: (-piece.made, piece.code))
