"""Happenings (客户经历): an event of hers as a line for people, masked for who sees her masked."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from data_hub.catalogue import called
from data_hub.details import details, order
from data_hub.masks import mask_text
from kernel.events import Event
from kernel.values import dataclass
from kernel.wording import say


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One line of a customer's timeline."""

    id: str
    kind: str
    at: datetime
    source: str
    """The channel account that told of it."""
    ecosystem: str
    material: str
    rep: str
    sentence: str


def carried_by_hand(event: Event) -> bool:
    """Did a rep take it to a chat by herself? Then nobody knows yet whether she sent it."""
    return event.kind == "sent" and details(event).get("via") == "link"


def sentence(
    event: Event, language: str, arrived: Collection[str] = (), *, masked: bool = False
) -> str:
    """The event as a line for people: no ids, no traits. ``arrived``: what is known to have;
    ``masked``: without the numbers and addresses that she wrote."""
    parts = [called(event.kind, language)]
    if carried_by_hand(event):
        parts = [say("sent_and_opened" if event.id in arrived else "carried_to_chat", language)]
    carried = details(event)
    if event.kind == "bought":
        bought = order(carried)
        carried = {"product": bought.product, "amount": bought.amount or ""}
    for name in ("product", "amount", "page", "text"):
        value = carried.get(name)
        if isinstance(value, str | int | float) and value != "":
            parts.append(f"{value:,.10g}" if isinstance(value, int | float) else value[:80])
    whole = " · ".join(parts)
    return mask_text(whole) if masked else whole


def happening(event: Event, language: str, arrived: Collection[str], masked: bool) -> Happening:
    return Happening(
        id=event.id, kind=event.kind, at=event.at, source=event.account,
        ecosystem=event.ecosystem, material=event.material, rep=event.rep,
        sentence=sentence(event, language, arrived, masked=masked),
    )  # fmt: skip
