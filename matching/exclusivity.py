"""Exclusivity (专属感): how much it counts that a content is for few, in each ecosystem.

What is for few wears the tag `tone.exclusive` (专属). In a chat that speaks for it; in the video
ecosystem customers care less, so that it counts for nothing there unless the company says so.
"""

from __future__ import annotations

from collections.abc import Mapping

from channels.accounts import Accounts
from content_hub.tags import TagTree
from data_hub.profiles import Profile
from kernel.events import Ecosystem
from kernel.wording import LANGUAGES, say
from matching.affinities import labels
from matching.arrays import Slice
from matching.scoring import MOST_EXCLUSIVE, Pull, Reason

TAG = "tone.exclusive"


class Exclusivity:
    """The weights of the company."""

    def __init__(self, accounts: Accounts, weights: Mapping[str, float]) -> None:
        """``weights`` by ecosystem, each from 0 to `MOST_EXCLUSIVE`; one that is not there has
        none."""
        self._accounts = accounts
        self._weights = {each: min(weights.get(each, 0.0), MOST_EXCLUSIVE) for each in Ecosystem}

    def warm(self) -> None:
        """Look at what is remembered between requests."""
        self._accounts.ecosystem_of("")

    def pulls(self, profile: Profile, tree: TagTree, candidates: Slice) -> list[Pull]:
        """What speaks for content for few, where she is."""
        tag = tree.find(TAG)
        if tag is None or tag.id not in candidates.columns:
            return []
        there = self.ecosystem(profile)
        weight = self._weights[there] if there else 0.0
        if not weight:
            return []
        named = {each: say(f"ecosystem_{there}", each) for each in LANGUAGES}
        facts = {"tag": labels([tag]), "ecosystem": named}
        evidence = {"ecosystem": str(there), "tag": tag.id}
        return [
            Pull.because(tag.id, Reason("exclusive", "reason_exclusive", facts, weight, evidence))
        ]

    def ecosystem(self, profile: Profile) -> Ecosystem | None:
        """Where she was last heard of; None while that is in none of them."""
        latest = sorted(profile.accounts.items(), key=lambda each: each[1][1], reverse=True)
        found = (self._accounts.ecosystem_of(account) for account, _ in latest)
        return next((each for each in found if each), None)
