"""What comes in (进来的数据): refused events and how their wires read them once more."""

from __future__ import annotations

from contextlib import suppress

from channels.base import Channel
from data_hub.refusals import Refusals
from data_hub.roster import Roster
from data_hub.taking_back import TakingBack
from juzhen.transfer import Imports, Undoing
from juzhen.wiring.data import DataHub
from juzhen.wiring.ends import Ends
from juzhen.wiring.engines import Stores
from kernel.errors import Problem
from kernel.events import Event, Refusal
from kernel.values import dataclass
from schemas.again import Whose, again


@dataclass(kw_only=True)
class ComingIn:
    """Keepers of what outsiders bring."""

    refusals: Refusals
    imports: Imports
    undoing: Undoing
    roster: Roster


def coming_in(s: Stores, data: DataHub, front: Ends) -> ComingIn:
    """One constructor call after another."""

    def try_again(refusal: Refusal) -> Event | None:
        return again(refusal, lambda key: _whose(front, key), s.zone)

    return ComingIn(
        roster=Roster(s.records, data.staff),
        refusals=Refusals(s.history, data.intake, s.changes, try_again),
        imports=Imports(
            s.records, data.intake, s.history, data.customers, data.staff, s.changes, s.clock
        ),
        undoing=Undoing(
            s.records,
            s.history,
            s.fold,
            data.digest,
            data.identities,
            data.customers,
            TakingBack(s.history, s.people, data.digest),
            s.changes,
            s.clock,
        ),
    )


def _whose(front: Ends, key: str) -> Whose | None:
    known = front.accounts.all()
    found = next((each for each in known if each.id == key), None)
    if found is None:
        return None
    appids = {each.settings["app_id"]: each.id for each in known if "app_id" in each.settings}
    channel: Channel | None = None
    with suppress(Problem):  # an account that lacks something by now
        channel = front.channels.of(found)
    return Whose(found.ecosystem, appids, channel)
