"""Accounts (账号): the official accounts and apps that the sandbox plays the platform for.

Configured by ``accounts.json`` in the sandbox's folder or by ``POST /sandbox/accounts``. Does not
hand out tokens (`tokens`).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Protocol, TypeVar

from flask import abort

from juzhen.sandbox.ledger import Ledger
from kernel.values import dataclass


class BadAccount(ValueError):
    """The account cannot be played as it was described; the text names the field."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficialAccount:
    """One official account, as both sides know it."""

    appid: str
    secret: str
    token: str
    """What callbacks are signed with."""
    aes_key: str
    code: str
    """What the hub calls it: callbacks go to ``<hub>/callbacks/<code>``."""
    name: str
    right_to_publish: bool = True
    mini: bool = False
    """A mini program: its followers are its users."""
    admin_confirms: bool = False
    """What it sends to all waits for its administrator."""
    callback_url: str = ""
    write_key: str = ""
    """The company's own pages report what a reader does under this key."""

    @property
    def original(self) -> str:
        """The name that messages are addressed to."""
        return f"gh_{hashlib.sha256(self.appid.encode()).hexdigest()[:12]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rep:
    """A member of a corporation who may have customers."""

    userid: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Corp:
    """One corporation's WeCom with one application, as both sides know it."""

    appid: str
    """The corporation's id: it receives the callbacks."""
    secret: str
    token: str
    aes_key: str
    code: str
    name: str
    agent: int = 1000002
    reps: tuple[Rep, ...] = ()
    callback_url: str = ""
    write_key: str = ""

    @property
    def original(self) -> str:
        return self.appid


@dataclass(frozen=True, slots=True, kw_only=True)
class AppCustomer:
    """Somebody who can log in to the company's app."""

    user_id: str
    name: str
    phone: str = ""
    unionid: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """The company's own app: a front end with a token and a write key of the hub."""

    code: str
    name: str
    token: str
    write_key: str
    customers: tuple[AppCustomer, ...] = ()

    @property
    def appid(self) -> str:
        return f"app:{self.code}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SmsGateway:
    """One signature at a provider of short messages, as both sides know it."""

    code: str
    name: str
    sign_key: str
    sign_name: str
    template: str
    """For marketing: its texts must say how to stop it."""
    service_template: str = ""

    @property
    def appid(self) -> str:
        return f"sms:{self.code}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """A system of the company's that is told by webhooks, as both sides know it."""

    code: str
    name: str
    secret: str
    """Spelled ``whsec_…``."""

    @property
    def appid(self) -> str:
        return f"push:{self.code}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AdAccount:
    """One advertiser on Ocean Engine and the application that acts for it."""

    code: str
    name: str
    app_id: str
    secret: str
    advertiser: int = 1_700_000_000_000_001

    @property
    def appid(self) -> str:
        return f"ocean:{self.code}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """One shop on a platform of commerce, as both sides know it."""

    code: str
    name: str
    dialect: str
    """Whose: ``meituan`` or ``ark``."""
    sign_key: str

    @property
    def appid(self) -> str:
        return f"shop:{self.code}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Creator:
    """One creator's account on Douyin and the application that acts for her."""

    code: str
    name: str
    client_key: str
    client_secret: str
    callback_url: str = ""

    @property
    def appid(self) -> str:
        return f"douyin:{self.code}"

    @property
    def open_id(self) -> str:
        return f"_000{hashlib.sha256(self.code.encode()).hexdigest()[:24]}"


class _Coded(Protocol):
    @property
    def code(self) -> str: ...


_Kind = TypeVar("_Kind", bound=_Coded)


def coded(those: Sequence[_Kind], code: str) -> _Kind | None:
    """The one that the hub calls so."""
    return next((each for each in those if each.code == code), None)


def known(those: Sequence[_Kind], code: str) -> _Kind:
    """The same for a door, which answers 404 for a stranger."""
    return coded(those, code) or abort(404)


class Accounts:
    """All that are played here."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def add(self, told: Mapping[str, Any]) -> Account:
        """Add one, or describe it anew. Raises `BadAccount`."""
        kind = str(told.get("kind") or "official")
        if kind not in _READ:
            raise BadAccount("kind")
        account = _READ[kind](told)
        with self._ledger.turn() as db:
            db.execute(
                "insert into accounts values (?, ?, ?)"
                " on conflict do update set kind = excluded.kind, told = excluded.told",
                (
                    account.appid,
                    kind,
                    json.dumps(asdict(account), ensure_ascii=False),
                ),
            )
        return account

    def official(self, appid: str) -> OfficialAccount | None:
        return next((one for one in self.officials() if one.appid == appid), None)

    def officials(self) -> list[OfficialAccount]:
        return [_official(told) for told in self._all("official")]

    def corps(self) -> list[Corp]:
        return [_corp(told) for told in self._all("wecom")]

    def corp(self, corpid: str) -> Corp | None:
        return next((one for one in self.corps() if corpid in (one.appid, one.code)), None)

    def caller(self, appid: str) -> OfficialAccount | Corp | None:
        """Whoever is called back under this id."""
        return self.official(appid) or self.corp(appid)

    def apps(self) -> list[App]:
        return [_app(told) for told in self._all("app")]

    def gateways(self) -> list[SmsGateway]:
        return [_gateway(told) for told in self._all("sms")]

    def receivers(self) -> list[Receiver]:
        return [_receiver(told) for told in self._all("push")]

    def creators(self) -> list[Creator]:
        return [_creator(told) for told in self._all("douyin")]

    def advertisers(self) -> list[AdAccount]:
        return [_advertiser(told) for told in self._all("ocean")]

    def shops(self) -> list[Shop]:
        return [_shop(told) for told in self._all("shop")]

    def _all(self, kind: str) -> list[dict[str, Any]]:
        with self._ledger.turn() as db:
            rows = db.execute("select told from accounts where kind = ? order by rowid", (kind,))
            return [json.loads(row["told"]) for row in rows]


def _needs(told: Mapping[str, Any], *names: str) -> None:
    """Raises `BadAccount` for the first of these that is no text, or an empty one."""
    for name in names:
        if not isinstance(told.get(name), str) or not told[name]:
            raise BadAccount(name)


def _texts(told: Mapping[str, Any], kind: type[Any]) -> dict[str, Any]:
    """What of it an account of this kind has, as text; it is called by its code if by nothing."""
    given = {name: str(told[name]) for name in kind.__dataclass_fields__ if told.get(name)}
    return {"name": told["code"], **given}


def _called_back(told: Mapping[str, Any], kind: type[Any]) -> dict[str, Any]:
    """What both sides of a called-back account share."""
    _needs(told, "appid", "secret", "token", "aes_key", "code")
    try:
        long_enough = len(base64.b64decode(told["aes_key"] + "=", validate=True)) == 32
    except binascii.Error:
        long_enough = False
    if not long_enough:
        raise BadAccount("aes_key")
    given = {name: told[name] for name in kind.__dataclass_fields__ if name in told}
    return {"name": told["code"], **given}


def _official(told: Mapping[str, Any]) -> OfficialAccount:
    return OfficialAccount(**_called_back(told, OfficialAccount))


def _corp(told: Mapping[str, Any]) -> Corp:
    reps = tuple(
        Rep(userid=str(one["userid"]), name=str(one.get("name") or one["userid"]))
        for one in told.get("reps") or ()
    )
    return Corp(**_called_back(told, Corp) | {"reps": reps})


def _app(told: Mapping[str, Any]) -> App:
    _needs(told, "code", "token", "write_key")
    fields = AppCustomer.__dataclass_fields__
    customers = tuple(
        AppCustomer(**{name: str(value) for name, value in one.items() if name in fields})
        for one in told.get("customers") or ()
    )
    return App(
        code=told["code"], name=told.get("name") or told["code"], token=told["token"],
        write_key=told["write_key"], customers=customers,
    )  # fmt: skip


def _gateway(told: Mapping[str, Any]) -> SmsGateway:
    _needs(told, "code", "sign_key", "sign_name", "template")
    return SmsGateway(**_texts(told, SmsGateway))


def _receiver(told: Mapping[str, Any]) -> Receiver:
    _needs(told, "code", "secret")
    if not told["secret"].startswith("whsec_"):
        raise BadAccount("secret")
    return Receiver(**_texts(told, Receiver))


def _creator(told: Mapping[str, Any]) -> Creator:
    _needs(told, "code", "client_key", "client_secret")
    return Creator(**_texts(told, Creator))


def _advertiser(told: Mapping[str, Any]) -> AdAccount:
    _needs(told, "code", "app_id", "secret")
    number = told.get("advertiser", AdAccount.__dataclass_fields__["advertiser"].default)
    if not isinstance(number, int):
        raise BadAccount("advertiser")
    return AdAccount(**_texts(told, AdAccount) | {"advertiser": number})


def _shop(told: Mapping[str, Any]) -> Shop:
    _needs(told, "code", "dialect", "sign_key")
    if told["dialect"] not in ("meituan", "ark"):
        raise BadAccount("dialect")
    return Shop(**_texts(told, Shop))


Account = OfficialAccount | Corp | App | SmsGateway | Receiver | Creator | AdAccount | Shop
_READ: dict[str, Callable[[Mapping[str, Any]], Account]] = {
    "official": _official, "wecom": _corp, "app": _app, "sms": _gateway,
    "douyin": _creator, "ocean": _advertiser, "shop": _shop, "push": _receiver,
}  # fmt: skip
