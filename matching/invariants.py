"""What must hold in matching (匹配不变量): asked by `juzhen check`. Mends nothing."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import case, func, or_, select

from data_hub.identities import Known
from matching.counters import Counters
from matching.counters.records import Deal, MaterialCount, Neighbours, Pair, ScopedCount
from matching.effects import Effects, RuleReach
from matching.nightly import Night, NightList
from stores.history import History
from stores.records import Records

_ROUNDED = 1e-9
"""By so much, of what counts most, a sum of additions and subtractions may miss what it is."""


def counter_flaws(people: Records, history: History, counters: Counters) -> Iterator[str]:
    """Counts are of events that there are, and every list belongs to a content that was counted."""
    mark, newest = counters.mark(), history.newest()
    if mark > newest:
        yield f"counters: they are at {mark}, ahead of history"
    count = MaterialCount
    wrong = select(count.material).where(
        or_(count.readers < 0, count.shown < 0, count.clicked < 0, count.moved > mark)
    )
    most = select(func.max(ScopedCount.popular)).scalar_subquery()
    below = select(ScopedCount.material).where(ScopedCount.popular < -_ROUNDED * most)
    counted = select(count.material)
    with people.read() as session:
        for material in session.scalars(wrong.limit(100)):
            yield f"counters: {material} was counted what cannot be"
        for material in session.scalars(below.limit(100)):
            yield f"counters: {material} was read less than never within an account or a book"
        turned = select(Pair.one).where(or_(Pair.one >= Pair.two, Pair.near < -_ROUNDED))
        for material in session.scalars(turned.limit(100)):
            yield f"counters: {material} lies near another the wrong way round"
        strays = select(Neighbours.material).where(Neighbours.material.not_in(counted))
        for material in session.scalars(strays.limit(100)):
            yield f"counters: {material} has neighbours and was never counted"
        for rep in session.scalars(select(Deal.rep).where(Deal.count < 1).limit(100)):
            yield f"counters: {rep} has sold something less than once"


def night_flaws(people: Records) -> Iterator[str]:
    """The night in use left its lists whole, each key with its strength."""
    with people.read() as session:
        used = session.scalar(select(func.max(Night.number)).where(Night.shipped))
        if used is None:
            return
        night = session.get_one(Night, used)
        hers = select(func.count()).where(NightList.night == used)
        if (found := session.scalar(hers) or 0) != night.contents:
            yield f"nights: {used} left {found} lists of {night.contents}"
        sizes = func.length(NightList.keys) != func.length(NightList.strengths)
        broken = select(NightList.material).where(NightList.night == used, sizes)
        for material in session.scalars(broken.limit(100)):
            yield f"nights: {material} has keys without strengths"


def effect_flaws(people: Records, effects: Effects) -> Iterator[str]:
    """A rule counts a customer once, nobody who is not known, and all of whom it tells. What is
    still to be taken in proves nothing."""
    if effects.behind():
        return
    reach, led = RuleReach, func.sum(case((RuleReach.leads, 1), else_=0))
    hers = select(reach.rule, Known.customer).join(Known, Known.handle == reach.handle)
    twice = hers.group_by(reach.rule, Known.customer).having(led != 1)
    strays = select(reach.rule).where(reach.handle.not_in(select(Known.handle))).distinct()
    with people.read() as session:
        for rule, customer in session.execute(twice.limit(100)):
            yield f"effects: {rule} does not count {customer} once"
        for rule in session.scalars(strays.limit(100)):
            yield f"effects: {rule} counts somebody whom nobody knows"
        told = effects.all()
        for rule, count in session.execute(select(reach.rule, led).group_by(reach.rule)):
            if count > (told[rule].shown if rule in told else 0):
                yield f"effects: {rule} reached more customers than it tells of"
