"""Nearness (相近度): how near two contents lie, from how often they are read together. Pure."""

from __future__ import annotations

import numpy as np

from matching.arrays import Floats

NEIGHBOURS = 200
"""How many of a content's nearest are kept."""
SMALL = 10.0
"""Pairs seen together less often than this are hardly believed."""


def nearness(together: Floats, readers: float, others: Floats) -> Floats:
    """``together / (n_i^.75 * n_j^.5 + SMALL)``: n_i of the content read, n_j of its neighbours.

    Measured: the uneven powers keep what everybody reads from being everybody's neighbour.
    """
    near: Floats = together / (max(readers, 0) ** 0.75 * np.sqrt(np.maximum(others, 0)) + SMALL)
    return near
