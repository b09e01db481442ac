"""Where a company draws its lines (stages, grades, VIPs, boards) is a setting, and is followed."""

from datetime import timedelta

import pytest

from data_hub.measures import KPIS
from juzhen.settings import begin, load
from juzhen.wiring import assemble
from kernel.actors import Role
from kernel.errors import Conflict
from tests.blank import migrate
from tests.data_hub.telling import MONDAY, event, user

DAY = 24 * 60


@pytest.fixture
def company(tmp_path, clock):
    """One home, opened with other settings each time, ten days after Monday."""
    clock.move(MONDAY + timedelta(days=10) - clock())
    home, opened = tmp_path / "home", []
    begin(home, stores_durability="process")
    migrate(load({"JUZHEN_HOME": str(home)}))

    def of(**lines):
        named = {f"JUZHEN_{name.upper()}": value for name, value in lines.items()}
        while opened:
            opened.pop().close()
        opened.append(assemble(load({"JUZHEN_HOME": str(home), **named}), clock=clock))
        return opened[-1]

    yield of
    while opened:
        opened.pop().close()


def stands(house, *names):
    """Stage and grade of each, once everybody was looked at."""
    while house.digest.run() or house.digest.look():
        pass
    ids = [house.identities.customer_of(user(name)) for name in names]
    rows = house.standings.rows(ids)
    return [(rows[each].stage, rows[each].grade) for each in ids]


def bought(name, category, amount=1, **more):
    detail = {"amount": amount, "category": category} | more
    return event("bought", user(name), minutes=DAY, detail=detail)


@pytest.mark.rule("R126.2", "R159.1", "R159.2", "R159.3")
def test_stages_and_grades_go_by_what_was_set_also_for_who_was_there_before(company):
    house = company()
    house.history.put(
        [
            bought("u1", "snack"), bought("u2", "tea"), event("messaged", user("u1"), minutes=-601),
            event("messaged", user("u1"), minutes=-600), event("followed", user("u2")),
            event("policy_issued", user("u3"), minutes=DAY,
                  detail={"policy": "P", "category": "车险"}),
        ],
        upto=1,
    )  # fmt: skip
    assert stands(house, "u1", "u2", "u3") == [("active", "C"), ("active", "A"), ("active", "D")]
    house = company(
        company_stages="usual=3/5/8,snack=5/20/40", company_grades="talks=2,at_once=23",
        company_holding="车险",
    )  # fmt: skip
    assert stands(house, "u1", "u2", "u3") == [
        ("silent", "B"), ("churned", "D"), ("silent", "D"),
    ]  # fmt: skip
    assert stands(company(), "u1", "u2") == [("active", "C"), ("active", "A")]


@pytest.mark.rule("R154.1")
def test_how_many_are_vips_is_set(company):
    house = company()
    house.history.put([bought(f"u{n}", "", 100 + n) for n in range(10)], upto=1)
    stands(house)
    assert house.vips.choose().chosen == 2
    assert company(company_vip="enter=40,leave=50").vips.choose().chosen == 4
    assert company(company_vip="days=8").vips.choose().chosen == 0


@pytest.mark.rule("R15.1", "R15.2")
def test_how_many_figures_need_no_reason_is_set(company):
    codes = [code for code, kpi in KPIS.items() if kpi.tracked]
    with pytest.raises(Conflict):
        company().boards.choose(Role.ADMIN, codes[:6], by="li")
    house = company(limits_board="6")
    assert not house.boards.choose(Role.ADMIN, codes[:6], by="li", reason="因为").reason
    assert house.boards.choose(Role.ADMIN, codes[:9], by="li", reason="因为").reason
    with pytest.raises(Conflict):
        house.boards.choose(Role.ADMIN, codes[:10], by="li", reason="因为")
    assert len(company(limits_board="2").boards.of(Role.ANALYST).kpis) == 2


@pytest.mark.rule("R114.2")
def test_when_a_group_advertises_too_much_is_set(company):
    def alerts(house):
        return [each.key for each in house.reports.of("groups", []).alerts]

    house = company()
    said = {"group": "g"}
    house.history.put(
        [event("sent", None, minutes=9 * DAY, detail=said | {"promo": True}),
         event("sent", None, minutes=9 * DAY, detail=said),
         event("messaged", None, minutes=5 * DAY, detail=said)], upto=1,
    )  # fmt: skip
    assert alerts(house) == []
    assert alerts(company(company_groups="ads=30")) == ["group_mostly_ads"]
    assert alerts(company(company_groups="days=3,ads=49")) == ["group_mostly_ads"]
