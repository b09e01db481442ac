"""Parameters (参数配置): numbers and tables of a campaign that people and the data hub change.

Each has bounds; every change is a row that can be taken back. What a person sets, no rule touches
for a day. A timetable is worked out by the clock at every end alike. Decides nothing by itself.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Mapped, Session, mapped_column
from sqlalchemy.types import JSON

from content_hub.campaigns.records import Campaign
from kernel.calendar import Zone
from kernel.clock import Clock
from kernel.errors import Conflict, Flaw, Invalid, NotFound
from kernel.ids import new_id
from stores.changes import Changes
from stores.claims import Quotas
from stores.records import Record, Records

LOCK = timedelta(hours=24)
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}(\.[A-Za-z0-9_\-]{1,60})?")
_HOUR = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
_STEPS = 48
QUOTA = "prize_quota"
PRIORITY = "touch_priority"
"""0 to 100: whose touch gets the last place under a cap, when several campaigns want it."""
USUAL = 50
DISCOUNT = "discount"
"""Per cent off, told on the customer's page; a hundred is given away."""
_BOUNDS = {PRIORITY: (0.0, 100.0)}


class ParameterKind(StrEnum):
    """What a parameter holds."""

    NUMBER = "number"
    TIMETABLE = "timetable"
    """Local hours with a value each; before the first there is none."""


class Held(NamedTuple):
    """What holds at a moment, and what comes next."""

    value: Any
    """None before a timetable's first step."""
    next_at: str
    """The local hour, such as 21:00; empty if nothing more comes today."""
    next_value: Any


class Parameter(Record, kw_only=True):
    """One parameter of a campaign, as it stands."""

    __tablename__ = "campaign_parameters"

    campaign: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    value: Mapped[Any] = mapped_column(JSON)
    low: Mapped[float | None] = mapped_column(default=None)
    high: Mapped[float | None] = mapped_column(default=None)
    locked_until: Mapped[datetime | None] = mapped_column(default=None)


class ParameterChange(Record, kw_only=True):
    """One change of a parameter: what it was, what it is, who or which rule, and why."""

    __tablename__ = "campaign_parameter_changes"

    id: Mapped[str] = mapped_column(primary_key=True, default_factory=lambda: new_id("pch"))
    campaign: Mapped[str] = mapped_column(index=True)
    parameter: Mapped[str]
    old: Mapped[Any] = mapped_column(JSON)
    new: Mapped[Any] = mapped_column(JSON)
    by: Mapped[str]
    at: Mapped[datetime]
    rule: Mapped[str] = mapped_column(default="")
    """Empty for a person's own change."""
    evidence: Mapped[dict[str, Any]] = mapped_column(default_factory=dict)
    undoes: Mapped[str] = mapped_column(default="")
    """The change that this one takes back."""


class Parameters:
    """Every campaign's parameters."""

    def __init__(
        self, records: Records, changes: Changes, quotas: Quotas, clock: Clock, zone: Zone
    ) -> None:
        self._records = records
        self._changes = changes
        self._quotas = quotas
        self._clock = clock
        self.zone = zone

    def declare(
        self,
        campaign: str,
        name: str,
        value: Any,
        *,
        by: str,
        low: float | None = None,
        high: float | None = None,
    ) -> Parameter:
        """A new parameter with its bounds; its kind follows from the value."""
        kind = ParameterKind.TIMETABLE if isinstance(value, list) else ParameterKind.NUMBER
        if not _NAME.fullmatch(name):
            raise Invalid("name", "bad_code")
        if name in _BOUNDS:
            low, high = _BOUNDS[name]
        if low is not None and high is not None and low > high:
            raise Invalid("high", "number_out_of_range", low=low, high=high)
        parameter = Parameter(
            campaign=campaign, name=name, kind=kind, value=value, low=low, high=high
        )
        with self._records.write(f"campaign:{campaign}") as session:
            if session.get(Campaign, campaign) is None:
                raise NotFound("campaign", campaign[:80])
            if session.get(Parameter, (campaign, name)):
                raise Conflict("code_taken", code=name)
            self._check(session, parameter, value)
            session.add(parameter)
            self._note(session, parameter, None, by)
        return parameter

    def set(
        self,
        campaign: str,
        name: str,
        value: Any,
        *,
        by: str,
        note: str = "",
        dry_run: bool = False,
    ) -> ParameterChange:
        """A person's own change: for a day no rule touches the parameter after it. Dry, the same
        answer and no change."""
        with self._records.write(f"campaign:{campaign}") as session:
            parameter = _existing(session, campaign, name)
            self._check(session, parameter, value)
            if dry_run:
                return ParameterChange(
                    campaign=campaign, parameter=name, old=parameter.value, new=value, by=by,
                    at=self._clock(),
                )  # fmt: skip
            old, parameter.value = parameter.value, value
            parameter.locked_until = self._clock() + LOCK
            evidence = {"note": note} if note else {}
            return self._note(session, parameter, old, by, evidence=evidence)

    def tune(
        self,
        campaign: str,
        name: str,
        value: Any,
        *,
        rule: str,
        evidence: Mapping[str, Any],
        by: str,
        heard: datetime | None = None,
        dry_run: bool = False,
    ) -> ParameterChange:
        """What a rule of the data hub wants, within bounds. Dry, the same answer and no change.
        ``heard``: when that happened which the rule goes by; our response is timed by it.

        Raises `Conflict` while a person's edit locks the parameter.
        """
        with self._records.write(f"campaign:{campaign}") as session:
            parameter = _existing(session, campaign, name)
            locked = parameter.locked_until
            if locked is not None and locked > self._clock():
                raise Conflict("parameter_is_locked", name=name, until=locked.isoformat())
            self._check(session, parameter, value)
            if dry_run:
                return ParameterChange(
                    campaign=campaign, parameter=name, old=parameter.value, new=value, by=by,
                    at=self._clock(), rule=rule, evidence=dict(evidence),
                )  # fmt: skip
            old, parameter.value = parameter.value, value
            return self._note(
                session, parameter, old, by, rule=rule, evidence=evidence, heard=heard
            )

    def change(self, id_: str) -> ParameterChange:
        """One change that was made."""
        with self._records.read() as session:
            found = session.get(ParameterChange, id_)
        if found is None:
            raise NotFound("parameter_change", id_[:80])
        return found

    def roll_back(self, change: str, *, by: str) -> ParameterChange:
        """Put back what a change replaced, if nothing else changed it since."""
        found = self.change(change)
        with self._records.write(f"campaign:{found.campaign}") as session:
            parameter = _existing(session, found.campaign, found.parameter)
            if parameter.value != found.new or found.old is None:
                raise Conflict("parameter_changed_since", name=found.parameter)
            self._check(session, parameter, found.old)
            parameter.value = found.old
            return self._note(session, parameter, found.new, by, undoes=found.id)

    def of(self, campaign: str) -> dict[str, Parameter]:
        """All of a campaign, by name."""
        wanted = select(Parameter).where(Parameter.campaign == campaign)
        with self._records.read() as session:
            return {each.name: each for each in session.scalars(wanted.order_by(Parameter.name))}

    def value(self, campaign: str, name: str, now: datetime | None = None) -> Any:
        """What holds at this moment: the number, or the step of the timetable; None before it."""
        with self._records.read() as session:
            parameter = _existing(session, campaign, name)
        return in_force(parameter, now or self._clock(), self.zone)

    def held(self, campaign: str, name: str) -> Held | None:
        """What holds now, and what comes later on the same day; None for a name that the campaign
        does not have."""
        with self._records.read() as session:
            parameter = session.get(Parameter, (campaign, name))
        if parameter is None:
            return None
        now = self._clock()
        steps = parameter.value if parameter.kind == ParameterKind.TIMETABLE else ()
        clock = _hour(now, self.zone)
        later: Mapping[str, Any] = next((step for step in steps if step["at"] > clock), {})
        value = in_force(parameter, now, self.zone)
        return Held(value, str(later.get("at", "")), later.get("value"))

    def in_force(self, campaigns: Collection[str], name: str) -> dict[str, Any]:
        """The same of one name for many campaigns at once; those that have it."""
        wanted = select(Parameter).where(Parameter.campaign.in_(campaigns), Parameter.name == name)
        with self._records.read() as session:
            found = session.scalars(wanted).all()
        now = self._clock()
        held = {each.campaign: in_force(each, now, self.zone) for each in found}
        return {key: value for key, value in held.items() if value is not None}

    def history(self, campaign: str, limit: int = 100) -> list[ParameterChange]:
        """What was changed, newest first."""
        wanted = select(ParameterChange).where(ParameterChange.campaign == campaign)
        latest = wanted.order_by(ParameterChange.at.desc(), ParameterChange.id.desc())
        with self._records.read() as session:
            return list(session.scalars(latest.limit(limit)))

    def _check(self, session: Session, parameter: Parameter, value: Any) -> None:
        """Raises one `Invalid` naming ``value``."""
        table = parameter.kind == ParameterKind.TIMETABLE
        if flaws := _table_flaws(value) if table else _number_flaws(value):
            raise Invalid.because(flaws)
        numbers = [step["value"] for step in value] if table else [value]
        low = float("-inf") if parameter.low is None else parameter.low
        high = float("inf") if parameter.high is None else parameter.high
        if not all(low <= number <= high for number in numbers):
            raise Invalid("value", "parameter_out_of_bounds", low=low, high=high)
        if parameter.name.partition(".")[0] == QUOTA:
            self._check_quota(session, parameter, value)

    def _check_quota(self, session: Session, parameter: Parameter, value: Any) -> None:
        """What is won stays won, and the accounts' shares never exceed the whole."""
        if not isinstance(value, int) or value < 0:
            raise Invalid("value", "not_a_count")
        won = self._quotas.taken([prize_key(parameter.campaign, parameter.name)])
        if value < won:
            raise Invalid("value", "quota_below_what_is_won", won=won)
        quotas = select(Parameter).where(
            Parameter.campaign == parameter.campaign, Parameter.name.startswith(QUOTA)
        )
        known = {each.name: each.value for each in session.scalars(quotas)}
        known[parameter.name] = value
        shares = sum(number for name, number in known.items() if name != QUOTA)
        if QUOTA not in known:
            raise Invalid("name", "quota_of_the_whole_first")
        if shares > known[QUOTA]:
            raise Invalid("value", "shares_exceed_the_quota", shares=shares, quota=known[QUOTA])

    def _note(
        self,
        session: Session,
        parameter: Parameter,
        old: Any,
        by: str,
        *,
        rule: str = "",
        evidence: Mapping[str, Any] | None = None,
        undoes: str = "",
        heard: datetime | None = None,
    ) -> ParameterChange:
        when: dict[str, Any] = {"heard": heard.isoformat()} if heard else {}
        change = ParameterChange(
            campaign=parameter.campaign, parameter=parameter.name, old=old, new=parameter.value,
            by=by, at=self._clock(), rule=rule, evidence=dict(evidence or {}), undoes=undoes,
        )  # fmt: skip
        session.add(change)
        self._changes.note(
            "changed_parameter", "campaign", parameter.campaign, by=by, content=True,
            name=parameter.name, old=old, new=parameter.value, rule=rule, **when,
        )  # fmt: skip
        return change


def prize_key(campaign: str, name: str) -> str:
    """Under which name won prizes are counted."""
    return f"{name}:{campaign}"


def in_force(parameter: Parameter, now: datetime, zone: Zone) -> Any:
    """The value at a moment; a timetable begins anew with every local day."""
    if parameter.kind != ParameterKind.TIMETABLE:
        return parameter.value
    clock = _hour(now, zone)
    begun = [step["value"] for step in parameter.value if step["at"] <= clock]
    return begun[-1] if begun else None


def _hour(now: datetime, zone: Zone) -> str:
    return zone.local(now).strftime("%H:%M")


def _number_flaws(value: Any) -> list[Flaw]:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e15:
        return [Flaw("value", "not_a_number")]
    return []


def _table_flaws(value: Any) -> list[Flaw]:
    """Steps ``{"at": "19:00", "value": 10}``, each later than the one before."""
    if not isinstance(value, Sequence) or not 1 <= len(value) <= _STEPS:
        return [Flaw("value", "not_a_timetable")]
    for step in value:
        if not isinstance(step, Mapping) or not _HOUR.fullmatch(str(step.get("at"))):
            return [Flaw("value", "not_a_timetable")]
        if _number_flaws(step.get("value")):
            return [Flaw("value", "not_a_timetable")]
    hours = [step["at"] for step in value]
    if hours != sorted(set(hours)):
        return [Flaw("value", "timetable_out_of_order")]
    return []


def _existing(session: Session, campaign: str, name: str) -> Parameter:
    found = session.get(Parameter, (campaign, name))
    if found is None:
        raise NotFound("parameter", name[:60])
    return found
