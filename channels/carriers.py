"""Carriers (载体) and the operating model (运营组合): by what a company reaches people in WeChat.

Five carriers; which of them it works with, and which it tries first, is the business's decision.
Whom that reaches is worked out from the handles that customers are known by. Sends nothing.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum

from sqlalchemy import delete, select
from sqlalchemy.orm import Mapped, mapped_column

from channels.accounts import Account, Accounts
from data_hub.identities import Identities
from kernel.clock import Clock
from kernel.errors import Invalid
from kernel.events import Handle
from kernel.ids import new_id
from kernel.values import dataclass
from stores.changes import Changes
from stores.records import Record, Records

SETTING = "carrier"
"""The account's setting that says which carrier it is, where its kind does not."""


class Carrier(StrEnum):
    """The five of WeChat (R134)."""

    WECOM = "wecom"
    OFFICIAL_ACCOUNT = "official_account"
    MINI_PROGRAM = "mini_program"
    GROUP_CHAT = "group_chat"
    WECHAT_PERSONAL = "wechat_personal"


USUAL = tuple(Carrier)
"""Until the business decides: all five, from the nearest to the customer on."""
_BY_KIND = {
    "wecom": Carrier.WECOM, "wechat_oa": Carrier.OFFICIAL_ACCOUNT,
    "mini_program": Carrier.MINI_PROGRAM,
}  # fmt: skip
_GROUP = "wecom_group"


class OperatingModel(Record, kw_only=True):
    """The carriers that were decided on, in the order in which they are tried."""

    __tablename__ = "operating_models"

    id: Mapped[str] = mapped_column(primary_key=True, default_factory=lambda: new_id("opm"))
    carriers: Mapped[list[str]]
    by: Mapped[str]
    at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class Way:
    """One way to one customer."""

    carrier: Carrier
    account: Account
    handle: Handle


@dataclass(frozen=True, slots=True)
class Reach:
    """How many customers are reached by which carriers."""

    by_set: Mapping[frozenset[Carrier], int]
    """By exactly these and no others."""

    @property
    def customers(self) -> int:
        """Known on at least one of the five."""
        return sum(self.by_set.values())

    def of(self, carriers: Sequence[Carrier]) -> int:
        """Whom a set of carriers reaches: known on at least one of them."""
        wanted = frozenset(carriers)
        return sum(n for held, n in self.by_set.items() if held & wanted)

    def held_by(self, carrier: Carrier) -> int:
        return self.of([carrier])

    def options(self, carriers: Sequence[Carrier]) -> Mapping[int, int]:
        """How many customers have one, two… ways among these."""
        wanted, counted = frozenset(carriers), Counter[int]()
        for held, n in self.by_set.items():
            counted[len(held & wanted)] += n
        counted.pop(0, None)
        return dict(sorted(counted.items()))


class Carriers:
    """What the business decided, and whom it reaches so."""

    def __init__(
        self,
        records: Records,
        changes: Changes,
        accounts: Accounts,
        identities: Identities,
        clock: Clock,
    ) -> None:
        self._records = records
        self._changes = changes
        self._accounts = accounts
        self._identities = identities
        self._clock = clock

    def decide(self, carriers: Sequence[str], *, by: str) -> list[Carrier]:
        """Work with these from now on, the first one first. Raises `Invalid` for none, one twice or
        one that there is not."""
        unknown = [each for each in carriers if each not in set(Carrier)]
        if unknown:
            raise Invalid("carriers", "not_a_choice", choices=[*Carrier])
        if not carriers or len(set(carriers)) != len(carriers):
            raise Invalid("carriers", "missing" if not carriers else "named_twice")
        with self._records.write("operating_model") as session:
            model = OperatingModel(carriers=list(carriers), by=by, at=self._clock())
            session.add(model)
            put_back = OperatingModel.id > model.id  # the clock, since those were decided
            session.execute(delete(OperatingModel).where(put_back))
            self._changes.note(
                "decided_operating_model", "operating_model", model.id, by=by,
                carriers=model.carriers,
            )  # fmt: skip
        return [Carrier(each) for each in carriers]

    def model(self) -> list[Carrier]:
        """What is worked with now, in the order in which they are tried."""
        latest = select(OperatingModel).order_by(OperatingModel.id.desc()).limit(1)
        with self._records.read() as session:
            found = session.scalar(latest)
        return [Carrier(each) for each in found.carriers] if found else list(USUAL)

    def ways(self, customer: str) -> list[Way]:
        """Every way to her that the model allows, in the order in which they are tried: whoever
        cannot be reached by the first is reached by the next."""
        model, accounts = self.model(), {account.id: account for account in self._accounts.all()}
        found = [
            Way(carrier, account, handle)
            for handle in self._identities.handles(customer)
            if (account := accounts.get(handle.scope)) is not None
            and (carrier := carrier_of(account, handle)) in model
        ]
        return sorted(found, key=lambda way: (model.index(way.carrier), way.account.code))

    def reach(self) -> Reach:
        """Whom each set of carriers reaches, counted where customers are kept."""
        accounts = {account.id: account for account in self._accounts.all()}
        ways: dict[Carrier, list[str]] = {}
        for beginning in self._identities.beginnings():
            handle = Handle.parse(f"{beginning}-")
            account = accounts.get(handle.scope)
            carrier = carrier_of(account, handle) if account is not None else None
            if carrier is not None:
                ways.setdefault(carrier, []).append(beginning)
        told = self._identities.known_by({each.value: some for each, some in ways.items()})
        return Reach({frozenset(map(Carrier, held)): n for held, n in told.items()})


def carrier_of(account: Account, handle: Handle) -> Carrier | None:
    """By which of the five somebody known by this handle is reached there; None by none."""
    if handle.kind == _GROUP:
        return Carrier.GROUP_CHAT
    said = account.settings.get(SETTING)
    if said in set(Carrier):
        return Carrier(said)
    return _BY_KIND.get(account.kind)
