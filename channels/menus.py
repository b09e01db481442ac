"""Menus (账号菜单): what the menu of an account says and where it leads, decided here.

A row first, the platform after: what a platform did not take is asked again. An entry leads to an
address, to a material by its tracked link, or is told to us as an event when somebody chooses it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Protocol, runtime_checkable

from sqlalchemy import select
from sqlalchemy.orm import Mapped, mapped_column

from channels.accounts import Account, Accounts, Channels
from channels.base import wait_after
from kernel.clock import Clock
from kernel.errors import Conflict, Flaw, Invalid, Problem
from kernel.values import dataclass
from stores.changes import Changes
from stores.records import Record, Records
from stores.waiting import GOES_BACK

MOST, MOST_BELOW = 3, 5
NAME_BYTES, NAME_BELOW_BYTES, KEY_BYTES, ADDRESS_BYTES = 16, 60, 128, 1_024
_AGAIN = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry. It has others below it, or leads somewhere, or has a key."""

    name: str
    key: str = ""
    """What we are told when somebody chooses it."""
    address: str = ""
    material: str = ""
    """Leads to this one's page, as long as nobody says otherwise."""
    below: "tuple[Entry, ...]" = ()


@runtime_checkable
class HasMenu(Protocol):
    """A channel whose accounts have a menu."""

    def put_menu(self, entries: Sequence[Entry]) -> None: ...

    def drop_menu(self) -> None:
        """Dropping twice does no harm."""
        ...

    def menu(self) -> list[Entry]:
        """What stands there now, whoever made it."""
        ...


class AccountMenu(Record, kw_only=True):
    """The menu that an account is to have; empty is none."""

    __tablename__ = "account_menus"

    account: Mapped[str] = mapped_column(primary_key=True)
    entries: Mapped[list[Any]]
    by: Mapped[str]
    at: Mapped[datetime]
    number: Mapped[int] = mapped_column(default=1)
    """Counted up by every change, so that a slow answer settles no later one."""
    shown: Mapped[datetime | None] = mapped_column(default=None)
    """When the platform took it."""
    reason: Mapped[str] = mapped_column(default="")
    """Why it has not yet: a key of `kernel.wording`."""
    next_at: Mapped[datetime | None] = mapped_column(default=None, index=True, info=GOES_BACK)

    def read(self) -> list[Entry]:
        return [entry_of(each) for each in self.entries]


class Menus:
    """Every account's menu."""

    def __init__(
        self,
        records: Records,
        changes: Changes,
        accounts: Accounts,
        channels: Channels,
        link: Callable[[str, Account], str],
        clock: Clock,
    ) -> None:
        """``link`` makes the tracked link of a material on an account."""
        self._records = records
        self._changes = changes
        self._accounts = accounts
        self._channels = channels
        self._link = link
        self._clock = clock

    def decide(self, account: str, entries: Sequence[Entry], *, by: str) -> AccountMenu:
        """Let it have this menu; no entries is none. It stands there when ``shown`` is set.

        Raises `Conflict` for an account without menus, `Invalid` naming every flaw.
        """
        there = self._accounts.one(account)
        if not isinstance(self._channels.of(there), HasMenu):
            raise Conflict("channel_has_no_menu", account=there.code)
        if flaws := list(flaws_of(entries)):
            raise Invalid.because(flaws)
        now = self._clock()
        with self._records.write(f"menu:{there.id}") as session:
            menu = session.get(AccountMenu, there.id)
            if menu is None:
                menu = AccountMenu(account=there.id, entries=[], by=by, at=now, number=0)
                session.add(menu)
            menu.entries, menu.by, menu.at = [told_of(each) for each in entries], by, now
            menu.number, menu.shown, menu.reason = menu.number + 1, None, ""
            menu.next_at = now + _AGAIN
            self._changes.note("decided_menu", "account", there.id, by=by)
        return self._put(menu)

    def of(self, account: str) -> AccountMenu | None:
        """What was decided for it; None if nothing ever was."""
        with self._records.read() as session:
            return session.get(AccountMenu, self._accounts.one(account).id)

    def there(self, account: str) -> list[Entry]:
        """What the platform shows, whoever made it."""
        channel = self._channels.of(account)
        if not isinstance(channel, HasMenu):
            raise Conflict("channel_has_no_menu", account=account[:60])
        return channel.menu()

    def finish(self, limit: int = 20) -> int:
        """Ask the platforms again that did not take a menu; how many were asked."""
        due = select(AccountMenu).where(AccountMenu.next_at <= self._clock())
        with self._records.read() as session:
            waiting = list(session.scalars(due.order_by(AccountMenu.next_at).limit(limit)))
        for menu in waiting:
            self._put(menu)
        return len(waiting)

    def _put(self, menu: AccountMenu) -> AccountMenu:
        account = self._accounts.one(menu.account)
        try:
            channel = self._channels.of(account)
            assert isinstance(channel, HasMenu)  # noqa: S101 — asked when it was decided
            entries = [self._led(each, account) for each in menu.read()]
            channel.put_menu(entries) if entries else channel.drop_menu()
        except Problem as trouble:
            return self._note(menu, trouble)
        return self._note(menu, None)

    def _led(self, entry: Entry, account: Account) -> Entry:
        """With the link of its material."""
        below = tuple(self._led(each, account) for each in entry.below)
        address = self._link(entry.material, account) if entry.material else entry.address
        return replace(entry, below=below, address=address)

    def _note(self, menu: AccountMenu, trouble: Problem | None) -> AccountMenu:
        now = self._clock()
        with self._records.write(f"menu:{menu.account}") as session:
            kept = session.get_one(AccountMenu, menu.account)
            if kept.number != menu.number:
                return kept  # decided anew meanwhile
            if trouble is None:
                kept.shown, kept.reason, kept.next_at = now, "", None
            else:
                kept.reason, kept.next_at = trouble.reason, now + wait_after(trouble, _AGAIN)
        return kept


def flaws_of(entries: Sequence[Entry]) -> Iterator[Flaw]:
    """Everything that the platform would not take, by the entry's place: ``1``, ``2.3``."""
    if len(entries) > MOST:
        yield Flaw("entries", "too_many_names", {"limit": MOST})
    for number, entry in enumerate(entries, 1):
        yield from _flaws(entry, str(number), NAME_BYTES)
        if len(entry.below) > MOST_BELOW:
            yield Flaw(f"entries.{number}", "too_many_names", {"limit": MOST_BELOW})
        for place, below in enumerate(entry.below, 1):
            yield from _flaws(below, f"{number}.{place}", NAME_BELOW_BYTES)
            if below.below:
                yield Flaw(f"entries.{number}.{place}", "menu_too_deep")


def _flaws(entry: Entry, place: str, most: int) -> Iterator[Flaw]:
    at = f"entries.{place}"
    if not entry.name.strip():
        yield Flaw(f"{at}.name", "field_is_missing")
    for field, text, limit in (
        ("name", entry.name, most), ("key", entry.key, KEY_BYTES),
        ("address", entry.address, ADDRESS_BYTES),
    ):  # fmt: skip
        if len(text.encode()) > limit:
            facts = {"field": field, "size": len(text.encode()), "limit": limit}
            yield Flaw(f"{at}.{field}", "channel_bytes_too_many", facts)
    does = sum(map(bool, (entry.key, entry.address, entry.material, entry.below)))
    if does != 1:
        yield Flaw(at, "menu_entry_does_one_thing")


def entry_of(told: Mapping[str, Any]) -> Entry:
    """As it was kept, or sent."""
    texts = {name: str(told.get(name) or "") for name in ("name", "key", "address", "material")}
    return Entry(**texts, below=tuple(entry_of(each) for each in told.get("below") or ()))


def told_of(entry: Entry) -> dict[str, Any]:
    told: dict[str, Any] = {
        name: value
        for name in ("name", "key", "address", "material")
        if (value := getattr(entry, name))
    }
    return told | ({"below": [told_of(each) for each in entry.below]} if entry.below else {})
