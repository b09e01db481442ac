"""Places (地点): points on the earth, and the shift of Chinese maps. Pure.

Maps of mainland China show every point some hundred metres away from where it is (GCJ-02); phones
tell it where it is (WGS-84). Whoever tells a place says which of the two it is, and what is kept to
measure from is WGS-84.
"""

from __future__ import annotations

import math
from typing import NamedTuple

SYSTEMS = ("wgs84", "gcj02")
_AXIS, _SQUARED = 6_378_245.0, 0.00669342162296594323


class Place(NamedTuple):
    """A point, in WGS-84 degrees."""

    latitude: float
    longitude: float


def from_gcj(shifted: Place) -> Place:
    """The true point of a shifted one, to a centimetre: the shift hardly changes over its own
    length, so that it is taken back step by step."""
    here = shifted
    for _ in range(4):
        back = to_gcj(here)
        here = Place(
            here.latitude - (back.latitude - shifted.latitude),
            here.longitude - (back.longitude - shifted.longitude),
        )
    return here


def to_gcj(true: Place) -> Place:
    """The point as maps of mainland China show it; elsewhere they show it where it is."""
    lat, lon = true
    if not (0.8293 <= lat <= 55.8271 and 72.004 <= lon <= 137.8347):
        return true
    x, y = lon - 105.0, lat - 35.0
    root = math.sqrt(abs(x))
    waves = (20 * math.sin(6 * x * math.pi) + 20 * math.sin(2 * x * math.pi)) * 2 / 3
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + waves
    north += (20 * math.sin(y * math.pi) + 40 * math.sin(y / 3 * math.pi)) * 2 / 3
    north += (160 * math.sin(y / 12 * math.pi) + 320 * math.sin(y * math.pi / 30)) * 2 / 3
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + waves
    east += (20 * math.sin(x * math.pi) + 40 * math.sin(x / 3 * math.pi)) * 2 / 3
    east += (150 * math.sin(x / 12 * math.pi) + 300 * math.sin(x / 30 * math.pi)) * 2 / 3
    angle = math.radians(lat)
    flat = 1 - _SQUARED * math.sin(angle) ** 2
    along = _AXIS * (1 - _SQUARED) / (flat * math.sqrt(flat))
    across = _AXIS / math.sqrt(flat) * math.cos(angle)
    return Place(lat + math.degrees(north / along), lon + math.degrees(east / across))
