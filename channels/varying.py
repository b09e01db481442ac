"""Saying it otherwise (渠道版本): a material's words for one account, held against its platform's
limits before they are kept. Publishes nothing.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from channels.accounts import Account, Accounts, Channels
from channels.capabilities import Draft, Limits
from channels.composing import COVER, Renditions
from content_hub import richtext
from content_hub.materials import Material, Materials
from content_hub.types import Types
from kernel.clock import Clock
from kernel.errors import Flaw, Invalid

_MEASURED = ("title", "summary", "body")


class Varying:
    """What is said otherwise, and how long it may be."""

    def __init__(
        self,
        *,
        materials: Materials,
        types: Types,
        accounts: Accounts,
        channels: Channels,
        media: Renditions,
        clock: Clock,
    ) -> None:
        self._materials = materials
        self._types = types
        self._accounts = accounts
        self._channels = channels
        self._media = media
        self._clock = clock

    def limits(self, account: Account | str) -> Limits:
        """How long title, summary and body may be there today."""
        return self._channels.of(account).capabilities.at(self._clock())

    def vary(
        self,
        key: str,
        *,
        by: str,
        account: str = "",
        language: str = "",
        expected: int | None = None,
        **changed: Any,
    ) -> Material:
        """As `Materials.vary`; raises `Invalid` too for what the account's platform cannot take."""
        there = self._accounts.one(account) if account else None
        if there is not None and (flaws := self.flaws(key, there, changed)):
            raise Invalid.because(flaws)
        return self._materials.vary(
            key, account=there.id if there else "", language=language, expected=expected, by=by,
            **changed,
        )  # fmt: skip

    def flaws(self, key: str, account: Account, changed: dict[str, Any]) -> list[Flaw]:
        """What of these words would be too much for the account's platform."""
        kind = self._types.one(self._materials.one(key).type)
        title, summary, body = (str(changed.get(name) or "") for name in _MEASURED)
        if kind.body == "html":
            body = richtext.clean(body)
        draft = Draft(
            type={"zh": kind.zh, "en": kind.en},
            shown_as=kind.channels,
            title=title,
            summary=summary,
            body=body,
        )
        if cover := str(changed.get("cover") or ""):
            data, content_type = self._media.rendition(cover, COVER)
            draft = replace(draft, cover_type=content_type, cover_bytes=len(data))
        told = self._channels.of(account).capabilities.flaws(draft, self._clock())
        return [flaw for flaw in told if changed.get(flaw.field)]
