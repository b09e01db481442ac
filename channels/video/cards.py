"""The lead card (留资卡片): by which a fan leaves her contact in a private talk.

Made on the platform once. Saving it knows no key, so the platform's own list is looked through
first: one that asks the same under the same title is ours. What the numbers of its parts stand for
the platform says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from channels.base import Refused
from channels.video.notes import CreatorNotes
from channels.video.wire import DouyinWire


class LeadCard:
    """The card of one account."""

    def __init__(
        self,
        wire: DouyinWire,
        notes: CreatorNotes,
        *,
        account: str,
        title: str,
        parts: Sequence[int],
        picture: str = "",
    ) -> None:
        """``picture`` is what the platform calls an uploaded one."""
        self._wire = wire
        self._notes = notes
        self._key = f"lead_card:{account}:{title}:{','.join(map(str, parts))}"
        self._account = account
        self._title = title
        self._parts = list(parts)
        self._picture = picture

    def id(self) -> str:
        """What the platform calls it; it is made there if it is not yet."""
        kept = self._notes.begin(self._key, self._account, self._title)
        if kept.item:
            return kept.item
        item = self._there() or self._made()
        self._notes.up(self._key, item)
        return item

    def _there(self) -> str:
        told = self._wire.look("/im/get/retain_consult_card/").get("cards")
        for each in told if isinstance(told, list) else ():
            if isinstance(each, Mapping) and self._is_ours(each):
                return str(each.get("card_id") or "")
        return ""

    def _is_ours(self, told: Mapping[str, Any]) -> bool:
        return (told.get("title"), told.get("components")) == (self._title, self._parts)

    def _made(self) -> str:
        picture = {"media_id": self._picture} if self._picture else {}
        told = self._wire.ask(
            "/im/save/retain_consult_card/", title=self._title, components=self._parts, **picture
        )
        if not (made := told.get("card_id")):
            raise Refused("platform_answer_unreadable", path="im/save/retain_consult_card")
        return str(made)
