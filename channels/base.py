"""The channel port (渠道端口): what every channel can do, and the four ways it can fail.

Does not decide what is sent, to whom or when; does not keep anything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar, Literal, Protocol, runtime_checkable

from channels.capabilities import Capabilities
from channels.unread import Unread
from kernel.errors import Overloaded, Problem
from kernel.events import Event, Handle
from kernel.values import dataclass


class Refused(Problem):
    """The platform will never accept this as it stands; a person must change something."""

    code = "channel_refused"


class SignedOut(Problem):
    """Our credentials are no longer good; the account must be connected again."""

    code = "channel_signed_out"


class Busy(Problem):
    """The platform is overloaded or our quota is used up; the same call may work later.

    ``seconds`` is how long the platform asked us to stay away, 0 if it did not say; ``down`` says
    that it seems to be out of order altogether, which is what opens the breaker.
    """

    code = "channel_busy"

    def __init__(
        self, reason: str, *, seconds: float = 0, down: bool = False, **facts: Any
    ) -> None:
        super().__init__(reason, **facts)
        self.seconds = seconds
        self.down = down


class Unanswered(Problem):
    """The call left and no answer came: it may have worked. Only the adapter's word allows a retry.

    Raised by the one outbound client for anything that goes wrong after the first byte was sent.
    """

    code = "channel_unanswered"


def wait_after(trouble: Problem, soon: timedelta) -> timedelta:
    """How long to wait before the same is asked again: as long as we were told, or ``soon``, if it
    passes by itself; what a person must mend is tried again seldom."""
    if isinstance(trouble, Busy | Overloaded):
        return timedelta(seconds=trouble.seconds) or soon
    return timedelta(hours=1)


class Progress(StrEnum):
    """How far the platform has got with what we asked."""

    SHOWN = "shown"
    SUBMITTED = "submitted"
    AWAITING_PERSON = "awaiting_person"
    PARTLY = "partly"
    """Some of those it was for have it."""
    REFUSED = "refused"
    EXPIRED = "expired"
    """Nobody confirmed it there in time."""
    WITHDRAWN = "withdrawn"


Idempotency = Literal["native", "reconcile", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What the platform gave us to ask again with, and how far it says it is."""

    ref: str
    progress: Progress
    reason: str = ""
    """Why it was refused: a key of `kernel.wording`, completed by ``facts``."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """Numbers that go with it: how many it reached, how many it did not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """A picture that goes along, as bytes: many platforms take none by address.

    ``name`` is how the body refers to it (the ``src`` of its ``img``).
    """

    name: str
    content_type: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Film:
    """A video that goes along; its bytes are read when a channel asks for them."""

    load: Callable[[], bytes] = field(repr=False, compare=False)
    content_type: str = "video/mp4"


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """What a channel is asked to show to everybody who follows it."""

    title: str
    summary: str
    body: str
    """HTML."""
    link: str
    """Our tracked link, where the reader goes on."""
    cover: Asset | None = None
    images: tuple[Asset, ...] = ()
    film: Film | None = None
    """The video that the post is, where the channel shows videos."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What a channel is asked to say to one person, known there by ``handle``."""

    handle: Handle
    text: str
    title: str = ""
    link: str = ""
    cover: str = ""
    """The address of a picture: a message's card shows it by address."""
    kind: str = "text"
    """``text`` is words (and the link below them); ``card`` is title, words, cover and link."""
    material: str = ""
    rep: str = ""
    """Our id of the rep in whose name it goes, where the platform has her do it."""
    purpose: str = ""
    """What she allows it for: some platforms treat marketing in another way than service."""
    asks_contact: bool = False
    """A card goes along on which she leaves how she can be reached, where the channel has one."""
    button: str = "OK"
    """What the button of a card to a rep says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Greeting:
    """Somebody has just turned up and may be welcomed, for a few seconds only."""

    code: str = field(repr=False)
    """Good once."""
    handle: Handle
    rep: str = ""
    state: str = ""
    """The way she came: what the code she scanned carries."""
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Callback:
    """A request that a platform made to us, just as it came."""

    query: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    """By their names in lower case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """She wants no more of it, in her own words."""

    handle: Handle
    purpose: str
    channel: str = ""
    """A kind of channel; empty is all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """She lets us send one message of this template."""

    id: str
    """The same for every repeat of the callback."""
    handle: Handle
    template: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """What a callback told us, and what the platform wants to hear back."""

    events: tuple[Event, ...] = ()
    outcomes: tuple[Receipt, ...] = ()
    greetings: tuple[Greeting, ...] = ()
    """To be answered within seconds: they take the express lane."""
    stops: tuple[Stop, ...] = ()
    allowed: tuple[Allowed, ...] = ()
    unreadable: bytes = b""
    """Signed by the platform, but beyond us: the beginning of it is kept as it came."""
    unread: tuple[Unread, ...] = ()
    answer: bytes = b""


@runtime_checkable
class Greets(Protocol):
    """A channel that may welcome somebody who has just turned up."""

    def greet(self, greeting: Greeting, message: Message) -> None:
        """Say it at once. `Refused` if it is too late or was said already."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """Who logged in to a front end, as its platform says."""

    handle: Handle
    event: Event
    """That links her handles; the same for every login of a day."""


@runtime_checkable
class LogsIn(Protocol):
    """A channel whose platform says who somebody is, for a code that her device was given."""

    def login(self, code: str, at: datetime) -> Login:
        """The code is good once."""
        ...


@runtime_checkable
class AsksCreators(Protocol):
    """A channel whose account somebody else must grant us."""

    def consent(self, word: str, back: str) -> str:
        """Where she says yes; her browser comes ``back`` with a code and the word."""
        ...

    def take_grant(self, code: str, *, by: str) -> None:
        """Change the code into tokens and keep them. The code is good once."""
        ...


@runtime_checkable
class KnowsReps(Protocol):
    """A channel whose platform can say which of our reps sits at a browser."""

    def sign_in_at(self, back: str, state: str) -> str:
        """Where her browser asks; it comes back to ``back`` with a code and the state."""
        ...

    def rep_of(self, code: str) -> str:
        """Our id of her. The code is good once."""
        ...


@runtime_checkable
class StandsBeside(Protocol):
    """A channel in whose chats a page of ours may stand (聊天侧边栏)."""

    def beside(self, url: str) -> dict[str, Any]:
        """What the page at this address needs to be let in."""
        ...


@runtime_checkable
class AsksContact(Protocol):
    """A channel in which she can be sent a card on which she leaves her contact (留资卡片)."""

    asks_contact: bool
    """Has this account such a card?"""


REP = "rep"
"""The kind of handle that one of our own reps is known by; its value is our id of her."""


@runtime_checkable
class TellsReps(Protocol):
    """A channel in which reps themselves can be told of a task."""

    def send(self, message: Message, *, key: str) -> Receipt: ...

    def settle_card(self, ref: str, words: str) -> None:
        """It was handled: what she was told says so. Settling twice does no harm."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailed:
    """What a platform gave us for one message to many: what to ask again with, and by handle how
    far each of them is. Whoever is not named there is as far as all of it."""

    ref: str
    receipts: Mapping[str, Receipt]
    """By the value of her handle."""


@runtime_checkable
class Mails(Protocol):
    """A channel that takes one message for many at once, to be let go by one of our reps there.

    Its platform knows no key of ours: after a lost answer `find_mailing` tells whether it went
    through, within the channel's ``longest_review``.
    """

    def mail(self, message: Message, to: Sequence[Handle], *, key: str) -> Mailed:
        """Ask ``message.rep`` to say it to all of them; nobody's ``rep`` leaves it to the
        platform whom it asks."""
        ...

    def find_mailing(
        self, message: Message, to: Sequence[Handle], *, key: str, since: datetime
    ) -> Mailed | None:
        """After a lost answer: is it there already?"""
        ...

    def mailed(self, ref: str) -> Mapping[str, Receipt]:
        """How far each has got, by the value of her handle."""
        ...

    def remind(self, ref: str) -> None:
        """Ask the rep once more. `Busy` if she was asked too often today."""
        ...

    def withdraw(self, ref: str) -> None: ...


class Channel(Protocol):
    """One account on one platform."""

    key: ClassVar[str]
    writes_to: ClassVar[str]
    """The kind of handle by which it writes to one person; empty if it writes to nobody."""
    idempotency: ClassVar[Idempotency]
    """May a publish whose answer was lost be tried again? ``native``: the platform knows our key;
    ``reconcile``: `find` tells whether it went through; ``none``: a person must look."""
    pulled: ClassVar[bool]
    """Its front end asks us what is on the shelf, so nothing needs to be published to it."""
    capabilities: ClassVar[Capabilities]

    @property
    def longest_review(self) -> timedelta:
        """How long something that went through may stay out of sight of `find`."""
        ...

    def publish(self, post: Post, *, key: str) -> Receipt:
        """Ask the platform to show the post. ``key`` is the same on every try."""
        ...

    def outcome(self, ref: str) -> Receipt:
        """How far has it got?"""
        ...

    def find(self, post: Post, *, key: str) -> Receipt | None:
        """After a lost answer: is it there already?"""
        ...

    def withdraw(self, ref: str) -> None:
        """Stop showing it. Withdrawing twice does no harm."""
        ...

    def send(self, message: Message, *, key: str) -> Receipt:
        """Say something to one person. ``key`` is the same on every try."""
        ...

    def receive(self, callback: Callback) -> Received:
        """Check that the platform sent this, and say what it means."""
        ...

    def introduce(self, handle: Handle, at: datetime) -> Event | None:
        """What the platform knows of somebody who has just followed, as an event that links her
        handles; None if it knows no more than we do. Asking twice makes the same event."""
        ...
