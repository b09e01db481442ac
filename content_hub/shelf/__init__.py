"""The shelf (上架 / 下架): which material is shown on which account, and for how long.

What stands on it is a comparison with the clock, made at every read; no timer flips anything.
Nothing in here talks to a channel: ``channels.publishing`` carries out what is promised here.
"""

from content_hub.placements import Placement, Slot, State
from content_hub.shelf.boundaries import Freshness
from content_hub.shelf.keeper import Shelf
from content_hub.shelf.listing import ShelfItem
from content_hub.shelf.overview import Overview

__all__ = ["Freshness", "Overview", "Placement", "Shelf", "ShelfItem", "Slot", "State"]
