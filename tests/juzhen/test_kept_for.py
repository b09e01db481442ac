"""What is kept for a purpose goes from every store of a company on its day, and not before."""

from datetime import timedelta

import pytest

from data_hub.findings import Found
from data_hub.retention import PURPOSES
from juzhen.settings import begin, load
from juzhen.wiring import assemble
from kernel.events import Event, Handle, Refusal
from matching.counters import Trail
from matching.offers import Offer
from tests.blank import migrate

DAYS, WORD = 50, "金丝雀"
HER = Handle("user", "acc_app", "u1")
KINDS = [kind for kinds in PURPOSES.values() for kind in kinds if kind != "located"]
ELSEWHERE = dict.fromkeys(("stores_journal", "stores_history", "stores_search"), "records")


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def company(request, tmp_path, clock):
    told = ",".join(f"{purpose}={DAYS}" for purpose in PURPOSES)
    where = {}
    if request.param == "postgres":
        where = {"stores_records": request.getfixturevalue("postgres_url"), **ELSEWHERE}
    begin(tmp_path, stores_durability="process", company_retention=told, **where)
    settings = load({"JUZHEN_HOME": str(tmp_path)})
    migrate(settings)
    made = assemble(settings, clock=clock)
    yield made
    made.close()


@pytest.mark.parametrize("sealed", [False, True])
def test_it_goes_on_its_day_wherever_it_is(company, clock, sealed):
    then = clock()
    next_day = then + timedelta(days=1)
    told = [
        Event(id=f"{kind}-{days}", kind=kind, at=then + timedelta(days=days), account="acc_app",
              handle=HER, material=f"mat_{days}", rep="stf_1", detail={"text": f"{WORD}{days}"})
        for kind in KINDS for days in (0, 1)
    ]  # fmt: skip
    told.append(Event(id="b", kind="bought", at=then, account="acc_app", handle=HER))
    refused = Refusal(at=then, door="order", reason="odd", sample=WORD, again=WORD)
    company.intake.take(told, [refused])
    for days in (0, 1):
        with company.records.write() as session:
            session.add(Offer(handle=str(HER), rep="stf_1", at=then + timedelta(days=days),
                              items=[], candidates="", policy=""))  # fmt: skip
    settle(company)
    clock.move(timedelta(days=DAYS))
    if sealed:
        while company.fold.seal():
            pass
    before = held(company)
    assert before[0] == 2 * len(KINDS) + 1
    assert before[2:] == ([then, next_day], 1, WORD, 1)
    assert work(company) == 0
    assert held(company) == before

    clock.move(timedelta(days=1))
    assert work(company) > len(KINDS)
    events, found, offers, trails, sample, waiting = held(company)
    assert (events, offers, trails, sample, waiting) == (len(KINDS) + 1, [next_day], 1, "", 0)
    assert {at.date() for kind, at in found if kind in KINDS} == {next_day.date()}
    assert company.profiles.of(company.identities.customer_of(HER)).events == events
    assert work(company) == 0

    clock.move(timedelta(days=1))
    work(company)
    events, found, offers, trails, *_ = held(company)
    assert (events, offers, trails) == (1, [], 0)
    assert len([kind for kind, _ in found if kind in KINDS]) <= 1  # the last keeps its place
    assert list(company.history.flaws()) == []


def settle(company):
    while company.fold.run() or company.digest.run() or company.counters.fold():
        pass


def work(company):
    done = 0
    while gone := company.retention.run():
        done += gone
    company.emptying.run()
    return done


def held(company):
    """Events, what was noticed, offers, trails, the sample, what waits to be tried again."""
    with company.people.read() as session:
        found = [(each.kind, each.at) for each in session.query(Found)]
        trails = session.query(Trail).count()
    with company.records.read() as session:
        offers = [each.at for each in session.query(Offer).order_by(Offer.at)]
    ((shown, _),) = company.history.refusals()
    events = list(company.history.of([HER]))
    return (
        len(events), found, offers, trails,
        shown.sample, len(company.history.refused()),
    )  # fmt: skip
