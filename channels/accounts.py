"""Accounts (账号与载体): our accounts on the platforms, their ecosystem, secrets and health.

Secrets are sealed with AES-GCM under a key that stands in no store. `Channels` makes the channel
of an account through the factory that wiring registered for its kind. Talks to no platform.
"""

import binascii
import os
import secrets as random_source
from base64 import b64decode, b64encode
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from channels.base import Channel, Mails
from kernel.clock import Clock
from kernel.errors import Conflict, Flaw, Invalid, NotFound, Overloaded, Problem
from kernel.events import Ecosystem
from kernel.ids import new_id
from kernel.secret import Secret
from kernel.values import dataclass
from stores.changes import Changes
from stores.records import Record, Records
from stores.remembered import Remembered

SAME_SHOP = "same_shop"
"""The setting of an account that tells of the orders of another's shop (an ERP beside it): that
one's id or code."""
_BOOK = "accounts"
"""The version that every change of an account counts up."""


class Account(Record, kw_only=True):
    """One account of ours on one platform. It lies in exactly one ecosystem."""

    __tablename__ = "accounts"

    id: Mapped[str] = mapped_column(primary_key=True, default_factory=lambda: new_id("acc"))
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    kind: Mapped[str]
    ecosystem: Mapped[str]
    unit: Mapped[str] = mapped_column(default="")
    """The unit it belongs to; empty is headquarters."""
    settings: Mapped[dict[str, Any]] = mapped_column(default_factory=dict)
    sealed: Mapped[str] = mapped_column(default="", repr=False)
    write_key: Mapped[str] = mapped_column(
        unique=True, default_factory=lambda: f"wk_{random_source.token_urlsafe(24)}", repr=False
    )
    paused_at: Mapped[datetime | None] = mapped_column(default=None)
    paused_reason: Mapped[str] = mapped_column(default="")
    created: Mapped[datetime]

    @property
    def paused(self) -> bool:
        return self.paused_at is not None

    @property
    def owned(self) -> bool:
        """Is whoever follows us there ours to reach again, at any time and for nothing (私域)?"""
        usual = self.ecosystem in {Ecosystem.WECHAT, Ecosystem.OWN_APP}
        return bool(self.settings.get("owned", usual))

    @property
    def reach_cost(self) -> float:
        """What reaching one customer there once costs, in money."""
        return float(self.settings.get("reach_cost", 0.0))


class Sealer:
    """Seals texts under the newest of its keys, and opens what any of them sealed."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        """Keys of 32 bytes by their id, the newest last. An id holds no colon."""
        if not keys:
            raise ValueError("a sealer needs a key")
        self._keys = {name: AESGCM(key) for name, key in keys.items()}
        self._newest = list(keys)[-1]

    def seal(self, text: str, about: str) -> str:
        """``about`` says whose secret it is: sealed for one thing, it opens for no other."""
        nonce = os.urandom(12)
        sealed = self._keys[self._newest].encrypt(nonce, text.encode(), about.encode())
        return f"{self._newest}:{b64encode(nonce + sealed).decode()}"

    def open(self, sealed: str, about: str) -> str:
        """Raises `Conflict` if the key is not at hand or the seal is broken."""
        name, _, packed = sealed.partition(":")
        if name not in self._keys:
            raise Conflict("sealing_key_missing", key=name)
        try:
            raw = b64decode(packed)
            return self._keys[name].decrypt(raw[:12], raw[12:], about.encode()).decode()
        except (InvalidTag, binascii.Error) as broken:
            raise Conflict("seal_broken", about=about) from broken


class Accounts:
    """Every account there is."""

    def __init__(self, records: Records, changes: Changes, sealer: Sealer, clock: Clock) -> None:
        self._records = records
        self._changes = changes
        self._sealer = sealer
        self._clock = clock
        self._book: Remembered[dict[str, Account]] = Remembered(records, changes, _BOOK, _read)

    def add(
        self,
        *,
        code: str,
        name: str,
        kind: str,
        ecosystem: Ecosystem | str,
        settings: Mapping[str, Any] | None = None,
        secrets: Mapping[str, str] | None = None,
        unit: str = "",
        by: str,
    ) -> Account:
        """Add one. Raises `Conflict` if the code is taken, `Invalid` for a fifth ecosystem."""
        if ecosystem not in list(Ecosystem):
            raise Invalid("ecosystem", "unknown_ecosystem", ecosystem=ecosystem)
        account = Account(
            code=code, name=name, kind=kind, ecosystem=str(ecosystem), unit=unit,
            settings=dict(settings or {}), created=self._clock(),
        )  # fmt: skip
        account.sealed = self._seal(account.id, secrets or {})
        with self._records.write(f"account:{code}") as session:
            _check_shop(session, account)
            if session.scalar(select(Account.id).where(Account.code == code)):
                raise Conflict("account_code_taken", account=code)
            session.add(account)
            self._changes.note("account_added", "account", account.id, by=by, kind_of=kind)
            self._changes.count_up(_BOOK)
        return account

    def edit(
        self,
        account: str,
        *,
        name: str | None = None,
        settings: Mapping[str, Any] | None = None,
        secrets: Mapping[str, str] | None = None,
        by: str,
    ) -> Account:
        """Change what is given. New secrets stand in for all the old ones."""
        with self._records.write() as session:
            kept = self._kept(session, account)
            kept.name = name if name is not None else kept.name
            if settings is not None:
                kept.settings = dict(settings)
                _check_shop(session, kept)
            if secrets is not None:
                kept.sealed = self._seal(kept.id, secrets)
            self._changes.note("account_edited", "account", kept.id, by=by, content=True)
            self._changes.count_up(_BOOK)
        return kept

    def one(self, id_or_code: str) -> Account:
        """As it stands; for reading only. Raises `NotFound`."""
        if account := self._book.now().get(id_or_code):
            return account
        raise NotFound("account", id_or_code)

    def ecosystem_of(self, id_or_code: str) -> Ecosystem | None:
        """In which an account lies; None for what is no account of ours."""
        account = self._book.now().get(id_or_code)
        return Ecosystem(account.ecosystem) if account else None

    def _kept(self, session: Session, id_or_code: str) -> Account:
        """The row itself, to be changed by nobody else meanwhile. Raises `NotFound`."""
        wanted = select(Account).where(or_(Account.id == id_or_code, Account.code == id_or_code))
        locked = wanted.limit(1).with_for_update().execution_options(populate_existing=True)
        if account := session.scalar(locked):
            return account
        raise NotFound("account", id_or_code)

    def price(self, key: str, *, owned: bool, reach_cost: float, by: str) -> Account:
        """Say whether customers there are ours to reach, and what a touch costs. `Invalid`."""
        if not 0 <= reach_cost < 1e6:  # not a number is refused, too
            raise Invalid("reach_cost", "reach_cost_is_odd")
        with self._records.write() as session:
            account = self._kept(session, key)
            account.settings = {**account.settings, "owned": owned, "reach_cost": reach_cost}
            self._changes.count_up(_BOOK)
            self._changes.note("priced", "account", account.id, by=by, cost=reach_cost)
        return account

    def all(self) -> list[Account]:
        with self._records.read() as session:
            return list(session.scalars(select(Account).order_by(Account.id)))

    def by_write_key(self, key: str) -> Account | None:
        """The account that a collector's write key speaks for."""
        if "\x00" in key:  # PostgreSQL keeps none
            return None
        with self._records.read() as session:
            return session.scalar(select(Account).where(Account.write_key == key))

    def by_project(self, project: str, token: str = "") -> Account | None:
        """The account that a 神策 project speaks for: its setting ``sensors_project`` names it.

        A project that is nobody's setting is an account's code, and asks for the write key as its
        token. A token that is given must be right either way.
        """
        for account in self.all():
            named = account.settings.get("sensors_project") == project != ""
            if (named and not token) or (
                (named or account.code == project or not project)
                and random_source.compare_digest(account.write_key.encode(), token.encode())
            ):
                return account
        return None

    def secrets(self, account: Account) -> dict[str, Secret]:
        """What was sealed, opened for a moment."""
        if not account.sealed:
            return {}
        opened = orjson.loads(self._sealer.open(account.sealed, account.id))
        return {name: Secret(value) for name, value in opened.items()}

    def pause(self, account: str, reason: str, *, by: str) -> None:
        """Let nothing go out through it until somebody resumes it. Pausing twice does no harm."""
        with self._records.write() as session:
            kept = self._kept(session, account)
            if kept.paused_at is None:
                kept.paused_at, kept.paused_reason = self._clock(), reason
                self._changes.note("account_paused", "account", kept.id, by=by, reason=reason)
                self._changes.count_up(_BOOK)

    def resume(self, account: str, *, by: str) -> None:
        with self._records.write() as session:
            kept = self._kept(session, account)
            if kept.paused_at is not None:
                kept.paused_at, kept.paused_reason = None, ""
                self._changes.note("account_resumed", "account", kept.id, by=by)
                self._changes.count_up(_BOOK)

    def _seal(self, account: str, secrets: Mapping[str, str]) -> str:
        return self._sealer.seal(orjson.dumps(dict(secrets)).decode(), account) if secrets else ""


def _check_shop(session: Session, account: Account) -> None:
    """Raise `Invalid` where the account that it tells of orders for is none, is itself, or tells
    for another in its turn."""
    if not (told := account.settings.get(SAME_SHOP)):
        return
    wanted = select(Account).where(or_(Account.id == told, Account.code == told))
    with session.no_autoflush:
        shop = session.scalar(wanted)
    if shop is None or shop.code == account.code or shop.settings.get(SAME_SHOP):
        raise Invalid(f"settings.{SAME_SHOP}", "no_such_shop", shop=str(told)[:60])


class Shops:
    """For which other account's shop each tells of orders."""

    def __init__(self, records: Records, changes: Changes) -> None:
        self._book: Remembered[dict[str, Account]] = Remembered(records, changes, _BOOK, _read)

    def of(self, account: str) -> str:
        """The id of the shop's account; empty for who tells for his own, or of no shop at all."""
        book = self._book.now()
        kept = book.get(account)
        shop = book.get(str(kept.settings.get(SAME_SHOP, ""))) if kept else None
        return shop.id if shop else ""


def ids_by_code(records: Records) -> dict[str, str]:
    """The id of every account by its code, for who needs no more of them."""
    with records.read() as session:
        return {code: id_ for id_, code in session.execute(select(Account.id, Account.code))}


def _read(session: Session) -> dict[str, Account]:
    """Every account by its id and by its code."""
    found = session.scalars(select(Account)).all()
    return {each.code: each for each in found} | {each.id: each for each in found}


@dataclass(frozen=True, slots=True)
class Needs:
    """What an account of a kind cannot be without, by name."""

    settings: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()


Factory = Callable[[Account, Mapping[str, Secret]], Channel]
"""Makes the channel of one account: a plain constructor call in wiring."""


class Channels:
    """The channel of every account (渠道注册): kind → factory, given by wiring."""

    def __init__(
        self,
        accounts: Accounts,
        factories: Mapping[str, Factory],
        needs: Mapping[str, Needs] | None = None,
    ) -> None:
        self._accounts = accounts
        self._factories = dict(factories)
        self._needs = dict(needs or {})
        self._made: dict[str, tuple[Account, Channel]] = {}
        """By account: as it stood, and the channel that was made of that."""

    @property
    def kinds(self) -> list[str]:
        return sorted(self._factories)

    def check(self, kind: str, settings: Collection[str], secrets: Collection[str]) -> None:
        """Raise `Invalid` for an unknown kind, and naming everything that an account lacks."""
        if kind not in self._factories:
            raise Invalid("kind", "unknown_channel_kind", kind=kind)
        needs = self._needs.get(kind, Needs())
        flaws = [
            Flaw(f"{where}.{name}", "account_lacks_this", {"kind": kind})
            for where, named, given in (
                ("settings", needs.settings, settings),
                ("secrets", needs.secrets, secrets),
            )
            for name in named
            if name not in given
        ]
        if flaws:
            raise Invalid.because(flaws)

    def able(self, *can: type) -> list[Account]:
        """The accounts whose channel can do one of these; one that cannot be used holds up no
        other."""
        found = []
        for account in self._accounts.all():
            with suppress(Problem):
                if isinstance(self.of(account), can):
                    found.append(account)
        return found

    def of(self, account: Account | str) -> Channel:
        """Made anew as soon as the account was edited, so that nobody needs to restart."""
        if isinstance(account, str):
            account = self._accounts.one(account)
        of_what, made = self._made.get(account.id, (None, None))
        if made is not None and of_what is account:  # the book keeps one object until an edit
            return made
        secrets = self._accounts.secrets(account)
        self.check(account.kind, account.settings, secrets)
        made = self._factories[account.kind](account, secrets)
        self._made[account.id] = (account, made)
        return made

    def take_many(self, account: str) -> bool:
        """Does its platform take one message for many? Not one that cannot be made as it is."""
        try:
            return isinstance(self.of(account), Mails)
        except Overloaded:
            raise
        except Problem:
            return False
