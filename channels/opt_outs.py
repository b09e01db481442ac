"""Opt-outs that front ends tell (前端退订): what she switched off in an app is off everywhere.

Follows what the digest found. Such a word comes through a door that is open to whoever knows a
write key, so it may say no at any time, and yes only where nobody else has been told no: a refusal
that she told us elsewhere is hers to take back there. Sends nothing.
"""

from __future__ import annotations

from channels.preferences import Preferences
from data_hub.catalogue import OWN_ACCOUNT
from data_hub.consents import LOCATION, MARKETING, PURPOSES, Consents
from data_hub.details import text
from data_hub.findings import Findings, Found
from data_hub.following import Following
from data_hub.identities import Identities
from kernel.events import Handle
from stores.records import Records

_ASKED = frozenset((*PURPOSES, LOCATION))
"""The purposes that anything here asks for; a word on another changes nothing."""
_KIND = 40


class OptOuts:
    """What front ends tell of what she wants."""

    def __init__(
        self,
        records: Records,
        findings: Findings,
        identities: Identities,
        consents: Consents,
        preferences: Preferences,
    ) -> None:
        self._records = records
        self._identities = identities
        self._consents = consents
        self._preferences = preferences
        self._following = Following(records, findings, "opt_outs")

    def follow(self, limit: int = 200) -> int:
        """Take in what the digest found since the last time; how much that was. Harmless when
        repeated."""
        return self._following.each(limit, self._take)

    def _take(self, found: Found) -> None:
        if found.kind not in {"opted_out", "opted_in"}:
            return
        told = found.evidence
        account, channel = text(told.get("account")), text(told.get("channel"))[:_KIND]
        purpose = text(told.get("consent")) or text(told.get("purpose")) or MARKETING
        if account == OWN_ACCOUNT or purpose not in _ASKED:
            return
        hers = [Handle.parse(each) for each in self._identities.alongside(found.handle)]
        with self._records.write(*(f"handle:{handle}" for handle in hers)):
            words = [
                each for each in self._consents.of(hers)
                if each.purpose == purpose and each.channel in ("", channel)
            ]  # fmt: skip
            if any(each.at >= found.at for each in words):
                return  # she has said something since
            refused = [each for each in words if not each.allowed]
            elsewhere = [each for each in refused if each.source != account]
            if found.kind == "opted_out":
                if all(each.channel != channel for each in elsewhere):
                    self._preferences.opt_out(
                        hers, purpose, channel=channel, source=account, at=found.at
                    )
            elif not elsewhere and (refused or not words):
                self._preferences.opt_in(
                    hers, purpose, channel=channel, source=account, at=found.at
                )
