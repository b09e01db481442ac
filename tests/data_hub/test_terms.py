"""A company draws its own lines between stages and grades, and everybody is looked at by them."""

from dataclasses import replace
from datetime import timedelta

import pytest

from data_hub.digest import Digest
from data_hub.grades import Thresholds
from data_hub.lifecycle import Cycles
from data_hub.profiles import rows_of
from data_hub.standings import Standings
from data_hub.terms import Terms, cycles, named, thresholds
from data_hub.vip import Choice
from stores.records import Folded
from stores.watermarks import Watermarks
from tests.data_hub.telling import MONDAY, event, user

DAY = timedelta(days=1)


@pytest.fixture
def hub(hub, clock):
    clock.move(MONDAY - clock())
    return hub


def by(hub, terms, records, changes):
    """The same hub, begun again with these terms."""
    hub.standings = Standings(
        hub.people, records, hub.identities, hub.profiles, hub.history, hub.segments, changes,
        hub.clock, terms=terms, chances=hub.predictions.model, vips=hub.vips.among,
    )  # fmt: skip
    hub.digest = Digest(
        hub.history, hub.people, records, hub.identities, hub.profiles, hub.topics, hub.clock,
        standings=hub.standings,
    )  # fmt: skip
    return hub


def buy(number, days, category=""):
    detail = {"amount": 1, "category": category}
    return event("bought", user(f"u{number}"), minutes=days * 1_440, detail=detail)


@pytest.mark.rule("R126.2")
def test_stages_are_spelled_by_category(hub, records, changes, clock):
    told = cycles("usual=20/40/60, snack=7/14/30+rhythm", "insurance, toys")
    assert told == Cycles(
        (20, 40, 60), {"snack": (7, 14, 30)}, frozenset({"snack"}), frozenset({"insurance", "toys"})
    )
    by(hub, Terms(told), records, changes)
    hub.tell(buy(1, 0), buy(2, 0, "snack"))
    clock.move(15 * DAY)
    hub.settle()
    rows = hub.standings.rows([hub.id_of(user(name)) for name in ("u1", "u2")])
    assert [rows[hub.id_of(user(name))].stage for name in ("u1", "u2")] == ["active", "sleeping"]


def test_rhythm_of_all_others_is_not_that_of_a_category_with_a_cycle_of_its_own():
    assert cycles("usual=30/60/120+rhythm,snack=7/14/30", "") == Cycles(
        by_category={"snack": (7, 14, 30)}, by_rhythm=frozenset({""}), holding=frozenset()
    )


@pytest.mark.rule("R159.1", "R159.2", "R159.3")
def test_grades_and_vips_are_spelled_by_name():
    assert thresholds("") == Thresholds()
    assert thresholds("talks=3, silent=14") == Thresholds(talks=3, silent=14 * DAY)
    assert thresholds("at_once=48").at_once == 2 * DAY
    assert Choice.of(named("days=90,enter=10")) == Choice(90 * DAY, 0.1, 0.25)
    assert Choice.of({}) == Choice()


def test_terms_have_a_signature_that_is_theirs():
    usual = Terms()
    assert Terms().signature == usual.signature
    others = [
        Terms(Cycles(by_category={"snack": (7, 14, 30)})), Terms(grades=Thresholds(talks=3)),
        Terms(assumed=["service"]), Terms(ahead=DAY), Terms(Cycles(holding=frozenset({"a"}))),
    ]  # fmt: skip
    assert len({usual.signature, *(each.signature for each in others)}) == 6


def test_whoever_was_looked_at_by_other_terms_is_looked_at_again_and_nobody_is_told(
    hub, records, changes, clock
):
    hub.tell(*(buy(number, 0) for number in range(7)))
    clock.move(10 * DAY)
    hub.settle()
    ids = [hub.id_of(user(f"u{number}")) for number in range(7)]
    assert {row.stage for row in hub.standings.rows(ids).values()} == {"active"}
    heard = hub.kinds_found()

    by(hub, Terms(Cycles(usual=(5, 20, 40))), records, changes)
    while hub.digest.look(limit=3):
        pass
    assert {row.stage for row in hub.standings.rows(ids).values()} == {"silent"}
    assert hub.kinds_found() == heard
    assert hub.digest.look() == 0


def test_a_round_goes_on_where_it_stopped_and_begins_anew_with_other_terms(
    hub, records, changes, clock
):
    hub.tell(*(buy(number, 0) for number in range(7)))
    clock.move(10 * DAY)
    terms = Terms(Cycles(usual=(5, 20, 40)))
    assert by(hub, terms, records, changes).digest.look(limit=3) == 3
    ids = sorted(hub.id_of(user(f"u{number}")) for number in range(7))

    def silent():
        rows = hub.standings.rows(ids)
        return [each for each in ids if rows[each].stage == "silent"]

    assert silent() == ids[:3]
    assert by(hub, terms, records, changes).digest.look(limit=3) == 3
    assert silent() == ids[:6]
    by(hub, Terms(), records, changes).digest.look(limit=3)
    assert silent() == ids[3:6]


def test_profiles_that_earlier_versions_folded_are_folded_anew_though_nobody_acts(
    hub, records, changes
):
    hub.tell(event("bought", user("u1"), detail={"amount": 9}))
    her = hub.id_of(user("u1"))
    kept, heard = hub.profiles.of(her), hub.kinds_found()
    with hub.people.write("digest"):
        of_then = {her: replace(kept, shape=1, events=0)}
        hub.profiles.keep(rows_of(of_then, {her: str(user("u1"))}), ())
        Watermarks(hub.people, Folded).move("digest.terms", "1.ofthen")
    by(hub, Terms(), records, changes)
    hub.settle()
    assert hub.profiles.of(her).same_as(kept)
    assert hub.kinds_found() == heard
