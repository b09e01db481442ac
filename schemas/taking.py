"""What a door makes of a request (收取): events, refusals with a sample, and how bytes are read.

Every wire of ours reads its bytes with these and answers with a `Taken`. Knows no wire's names.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from data_hub.identities.handles import email, phone, somebodys
from data_hub.intake import behind, is_bot
from data_hub.whereabouts import bare
from kernel.errors import Flaw, Invalid
from kernel.events import Event, Handle, Refusal
from kernel.reading import DAMAGED
from kernel.values import dataclass
from schemas.events import Told

EVENT_LIMIT = 32 * 1024
COUNT_LIMIT = 2_500
SAMPLE = 4_096
_CONTEXT = 2_048
_AGAIN = 1_048_576
"""How much of one call is kept to be tried again, however much of it was refused."""

_FAR = timedelta(hours=24)
"""How far ahead of us a clock may claim to be before we stop believing it."""
_TICK = timedelta(microseconds=1)
RIGHT = timedelta(0)
"""How far a clock is behind ours of which nothing else is known."""

Header = Callable[[str], str | None]
"""A request header by its name in lower case."""
Kinds = Callable[[str], str]
"""Names what was tracked."""


@dataclass(slots=True, kw_only=True)
class Call:
    """One request, taken apart. With a ``flaw`` there is nothing in it that could be kept."""

    key: str = ""
    """Whose it says it is: a write key, or a project and its token."""
    items: Sequence[Any] = ()
    sent: datetime | None = None
    context: Any = None
    imported: bool = False
    flaw: Flaw | None = None
    body: bytes = b""
    small: bool = False
    """No item of it can be too large, because the whole is not."""
    clean: bool = False
    """No item of it holds a NUL character, because the whole does not."""
    machine: str = ""
    """The name of the program that fetched an image or ran a page, if that is no person's."""


@dataclass(slots=True)
class Turns:
    """Clocks of clients count milliseconds; what a request tells of one and the same is a
    microsecond apart here, in the order in which it is told."""

    first: datetime = datetime.max.replace(tzinfo=UTC)
    last: datetime = datetime.max.replace(tzinfo=UTC)

    def of(self, at: datetime) -> datetime:
        """The moment of the next item."""
        return self.last + _TICK if self.first <= at <= self.last else at

    def took(self, at: datetime, given: datetime) -> None:
        """The item that said ``at`` stands at ``given``."""
        if at == given:
            self.first = at
        self.last = given


@dataclass(frozen=True, slots=True)
class Rejected:
    """One item that was not accepted: which one of the batch, and why."""

    index: int
    flaw: Flaw


@dataclass(slots=True)
class Taken:
    """What a call came to. Everything refused stands in ``refusals`` too, with a sample: by the
    field of the wire it lies in, for a sender could make as many sorts as there are names."""

    events: list[Event | bytes] = field(default_factory=list)
    """In the order they came; one that is written already stands there as the journal keeps it."""
    refusals: list[Refusal] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    room: int = _AGAIN
    """How many characters may still be kept to be tried again."""

    def reject(
        self, index: int, flaw: Flaw, *, door: str, account: str, at: datetime, sample: bytes,
        again: str = "",
    ) -> None:  # fmt: skip
        self.rejected.append(Rejected(index, flaw))
        text = sample.decode("utf-8", "replace")[:SAMPLE]
        field = flaw.field.partition(".")[0]  # what lies inside is named by who sends it
        again = again if len(again) <= self.room else ""
        self.room -= len(again)
        self.refusals.append(
            Refusal(
                at=at, door=door, reason=flaw.reason, field=field, account=account,
                sample=text, again=again,
            )
        )  # fmt: skip


def turned(
    call: Call,
    door: str,
    account: str,
    received: datetime,
    event_of: Callable[[Any], Event],
    ready: Callable[[Any], bytes | None] = lambda _: None,
    turns: Turns | None = None,
) -> Taken:
    """Every item of the call as an event, or refused with the reason.

    ``ready`` is asked first: what is plainly fine it has written already, each in its turn.
    """
    taken, turns = Taken(), turns or Turns()
    if call.flaw is not None:
        sample = call.body[:SAMPLE]
        taken.reject(0, call.flaw, door=door, account=account, at=received, sample=sample)
        return taken
    for index, told in enumerate(call.items):
        try:
            written = ready(told)
            if written is None:
                _check_size(told, small=call.small)
            taken.events.append(_in_turn(event_of(told), turns) if written is None else written)
        except Invalid as wrong:
            taken.reject(
                index, wrong.flaws[0], door=door, account=account, at=received,
                sample=_sample(told), again=_again(told, call),
            )  # fmt: skip
    return taken


def _in_turn(event: Event, turns: Turns) -> Event:
    at = turns.of(event.at)
    turns.took(event.at, at)
    return event if at == event.at else replace(event, at=at)


def retold(again: str) -> Call:
    """The call that one refused item came in, as far as the item's meaning depends on it."""
    told = orjson.loads(again)
    sent = told.get("sent")
    return Call(
        items=(told["item"],), sent=datetime.fromisoformat(sent) if sent else None,
        context=told.get("context"), imported=told.get("imported", False),
    )  # fmt: skip


def _again(told: Any, call: Call) -> str:
    """What `retold` reads. Nothing for an item that cannot be written or is far too large."""
    about: dict[str, Any] = {"item": told}
    if call.sent is not None:
        about["sent"] = call.sent.isoformat()
    if call.imported:
        about["imported"] = True
    try:
        if call.context and len(orjson.dumps(call.context)) <= _CONTEXT:
            about["context"] = call.context
        written = orjson.dumps(about)
    except TypeError:
        return ""
    return written.decode() if len(written) <= 2 * EVENT_LIMIT else ""


def machine(header: Header, *, image: bool) -> str:
    """The program that sent this, where a person's own browser would have and this is none: who
    fetches an image or runs a page says what it is in the header. A server's own does, too, of
    which that says nothing."""
    if not image and not header("origin"):
        return ""
    agent = (header("user-agent") or "")[:500]
    return agent if is_bot(agent) else ""


def inflated(body: bytes, limit: int) -> bytes:
    """Some SDKs gzip and say so, one gzips and says it is a form: the first bytes know.

    What would be larger than the limit is cut one byte behind it, for the caller to refuse.
    """
    if not body.startswith(b"\x1f\x8b"):
        return body
    inflater = zlib.decompressobj(wbits=31)
    try:
        whole = inflater.decompress(body, limit + 1)
    except zlib.error as wrong:
        raise Invalid("body", "not_gzip") from wrong
    if len(whole) <= limit and not inflater.eof:
        raise Invalid("body", "not_gzip")
    return whole


def at(
    name: str, original: datetime, sent: datetime | None, received: datetime, *, imported: bool
) -> datetime:
    """When it happened, by our clock: an import's times are taken as they are."""
    if not 1990 <= original.year <= 9990:
        raise Invalid(name, "time_out_of_range")
    latest, shift = clock(sent, received, imported=imported)
    if original > latest:
        raise Invalid(name, "time_in_the_future")
    return min(original + shift, received).astimezone(UTC)


def clock(
    sent: datetime | None, received: datetime, *, imported: bool
) -> tuple[datetime, timedelta]:
    """The latest moment that its sender's clock is believed, and how far it is behind ours. One
    that is too far off to be corrected says nothing of the moments beside it."""
    if sent is None or imported or not 1990 <= sent.year <= 9990:
        return received + _FAR, RIGHT
    shift = behind(sent, received)
    return (sent if shift else max(sent, received)) + _FAR, shift


def text(value: Any) -> str:
    """Text or a number, trimmed; anything else, or anything odd, is nothing."""
    if type(value) is int:
        return str(value)
    if type(value) is not str or len(value) > 500:
        return ""
    value = value.strip()
    return value if value.isprintable() and DAMAGED not in value else ""


def id_of(told: Told, name: str) -> str:
    """An id that must be there. Raises `Invalid` for none, and for one that is nobody's."""
    if not (value := told.get(name)):
        raise Invalid(name, "field_is_missing")
    if not (somebody := somebodys(str(value))):
        raise Invalid(name, "id_of_nobody")
    return somebody


def reached_at(told: Told) -> list[Handle]:
    """The phone and the mail address among what is told of somebody, as handles of hers."""
    found = phone(text(told.get("phone"))), email(text(told.get("email")))
    return [handle for handle in found if handle is not None]


def as_object(value: Any) -> Told:
    return value if type(value) is dict else {}


def _check_size(told: Any, *, small: bool) -> None:
    """Written three levels deeper than it is, as the journal will: what passes can be kept."""
    if type(told) is not dict:
        raise Invalid("", "not_an_object")
    try:
        packed = orjson.dumps([[[told]]])
    except TypeError as wrong:
        raise Invalid("", "nested_too_deep") from wrong
    if not small and len(packed) > EVENT_LIMIT:
        raise Invalid("", "event_too_large", limit=EVENT_LIMIT // 1024)


def _sample(told: Any) -> bytes:
    """It is shown for as long as anything of its sort is refused, so it tells no place."""
    try:
        return orjson.dumps(bare(told) if type(told) is dict else told)[:SAMPLE]
    except TypeError:  # nested deeper than can be written
        return b""
