"""The sandbox's world (沙箱世界): everything it consists of, put together once."""

from __future__ import annotations

from pathlib import Path

from juzhen.sandbox.accounts import Accounts
from juzhen.sandbox.callbacks import Callbacks
from juzhen.sandbox.clock import MovableClock
from juzhen.sandbox.douyin.studio import Studio
from juzhen.sandbox.douyin.webhooks import Webhooks
from juzhen.sandbox.followers import Followers
from juzhen.sandbox.journal import Journal
from juzhen.sandbox.knobs import Knobs
from juzhen.sandbox.ledger import Ledger
from juzhen.sandbox.library import Library
from juzhen.sandbox.masses import Masses
from juzhen.sandbox.ocean import Clues
from juzhen.sandbox.press import Press
from juzhen.sandbox.quotas import Quotas
from juzhen.sandbox.readers import Readers
from juzhen.sandbox.receiver import Hooks
from juzhen.sandbox.shop import Till
from juzhen.sandbox.sms import Texts
from juzhen.sandbox.tokens import Tokens
from juzhen.sandbox.wecom.fetching import Fetches
from juzhen.sandbox.wecom.friends import Friends
from juzhen.sandbox.wecom.tasks import Tasks
from kernel.clock import Clock, utc_now
from kernel.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How a sandbox is started."""

    folder: Path
    hub: str = "http://127.0.0.1:8000"
    seed: int = 7
    act_every: float = 0.0
    """Seconds between two turns in which the cast acts on its own; 0 is never."""
    clock: Clock = utc_now


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """All keepers of one sandbox."""

    settings: Settings
    ledger: Ledger
    clock: MovableClock
    knobs: Knobs
    accounts: Accounts
    tokens: Tokens
    quotas: Quotas
    library: Library
    callbacks: Callbacks
    press: Press
    masses: Masses
    followers: Followers
    readers: Readers
    journal: Journal
    friends: Friends
    tasks: Tasks
    texts: Texts
    hooks: Hooks
    clues: Clues
    till: Till
    fetches: Fetches
    studio: Studio
    webhooks: Webhooks

    def settle(self) -> None:
        """End what is under review, and what is being sent to all."""
        self.press.settle()
        self.masses.settle()
        self.fetches.settle({each.appid: each for each in self.accounts.corps()})

    def beat(self) -> None:
        """What time alone brings: reviews end, callbacks fall due."""
        self.settle()
        self.texts.settle()
        self._reviewed()
        self.webhooks.settle()
        self.till.settle()
        self.callbacks.beat()

    def flush(self) -> int:
        """The same, waiting until every callback that is due has been tried."""
        self.settle()
        self._reviewed()
        told = self.texts.settle() + self.webhooks.settle() + self.till.settle()
        return told + self.callbacks.flush()

    def _reviewed(self) -> None:
        """Tell the company of the works that Douyin has just let through."""
        creators = {each.code: each for each in self.accounts.creators()}
        for work in self.studio.reviewed():
            if (creator := creators.get(work["creator"])) is not None:
                content = {"item_id": work["id"], "share_id": ""}
                self.webhooks.queue(creator, "create_video", content)

    def close(self) -> None:
        self.callbacks.close()
        self.readers.close()
        self.ledger.close()


def assemble(settings: Settings) -> World:
    """The world as the folder remembers it."""
    ledger = Ledger(settings.folder)
    clock = MovableClock(ledger, settings.clock)
    knobs = Knobs(ledger, settings.seed)
    accounts = Accounts(ledger)
    library = Library(ledger, clock)
    callbacks = Callbacks(ledger, clock, knobs, accounts, settings.hub)
    followers = Followers(ledger, clock, knobs, callbacks)
    friends = Friends(ledger, clock, callbacks)
    press = Press(ledger, clock, knobs, accounts, library, callbacks)
    return World(
        settings=settings,
        ledger=ledger,
        clock=clock,
        knobs=knobs,
        accounts=accounts,
        tokens=Tokens(ledger, clock, accounts),
        quotas=Quotas(ledger, clock, knobs),
        library=library,
        callbacks=callbacks,
        press=press,
        masses=Masses(ledger, clock, knobs, accounts, press, followers, callbacks),
        followers=followers,
        readers=Readers(ledger, clock, settings.hub),
        journal=Journal(ledger, clock),
        friends=friends,
        tasks=Tasks(ledger, clock, knobs, friends),
        texts=Texts(ledger, clock, accounts, settings.hub),
        hooks=Hooks(ledger, clock),
        clues=Clues(ledger, clock),
        fetches=Fetches(ledger, clock, knobs, library, callbacks),
        till=Till(ledger, clock, knobs, accounts, settings.hub),
        studio=Studio(ledger, clock, knobs),
        webhooks=Webhooks(ledger, clock, knobs, accounts, settings.hub),
    )
