"""Garbage (垃圾回收): how seldom a process that lives long looks for cycles."""

from __future__ import annotations

import gc

TRACKED = 20_000
"""So many new objects are looked through at one time: a batch of events or a slice of profiles
makes thousands and no cycle among them. By the default of 700 that took a tenth of the intake's
time and half of a preview's."""


def seldom() -> None:
    """What is there by now stays for ever; of what comes, cycles are looked for seldom."""
    gc.freeze()
    gc.set_threshold(TRACKED)
    gc.enable()
