"""Outgrown profiles (旧版画像): what a version before folded is folded anew, once after an update.

Whoever acts is folded anew by the digest anyway; this is for all others. Goes in slices, may die
anywhere and may be done twice. Tells nobody what it comes to.
"""

from __future__ import annotations

from data_hub.digest import Digest
from data_hub.profiles import SHAPE, Profiles
from stores.records import Folded, Records
from stores.watermarks import Watermarks

_SLICE = 300
_MARK = "profiles.shaped"


class Outgrown:
    """Follows nothing: walks over all profiles once for each shape that they took."""

    def __init__(self, people: Records, profiles: Profiles, digest: Digest) -> None:
        self._people = people
        self._profiles = profiles
        self._digest = digest
        self._marks = Watermarks(people, Folded)

    def run(self) -> int:
        """Look through some; 0 once all have this version's shape."""
        shape, _, after = self._marks.of(_MARK).partition("|")
        if shape == str(SHAPE) and not after:
            return 0
        found = self._profiles.ids(after if shape == str(SHAPE) else "", _SLICE)
        kept = self._profiles.many(found)
        old = [customer for customer, profile in kept.items() if profile.shape != SHAPE]
        self._digest.renew_all(old, amended=True)
        with self._people.write("digest"):
            self._marks.move(_MARK, f"{SHAPE}|{found[-1]}" if found else str(SHAPE))
        return len(found)
