"""What holds a customer back, and what is preferred for it."""

import pytest

from data_hub.profiles import fold
from kernel.calendar import Zone
from matching.resistances import BY_DESIRE, resistance
from tests.data_hub.telling import event, user

CHAIN = {
    "viewed": ("viewed_product", {"product": "P1"}),
    "asked": ("asked_quote", {"product": "P1"}),
}


@pytest.mark.rule("R118.2")
@pytest.mark.parametrize("step", list(CHAIN))
def test_how_far_she_came_shows_what_holds_her_back(company, step):
    handle = company.meet(rep=company.hire("li"))
    assert resistance(company.profiles.of(company.id_of(handle))) is None
    kind, detail = CHAIN[step]
    company.tell(company.event(kind, handle, **detail))
    hers = resistance(company.profiles.of(company.id_of(handle)))
    assert (hers.name, hers.shown_by) == (BY_DESIRE[step], step)


@pytest.mark.rule("R118.2", "R118.3")
@pytest.mark.parametrize("name", list(BY_DESIRE.values()))
def test_what_lowers_her_main_resistance_is_preferred_and_the_reason_says_so(company, name):
    lowers = {}
    for each in BY_DESIRE.values():
        company.tag(f"阻力{each}", "resistance", code=f"resistance.{each}")
        lowers[each] = company.place(f"降低{each}", f"阻力{each}")
    rep = company.hire("li")
    handle = company.meet(rep=rep, resistance=name)
    first = company.offer(handle, rep).told()[0]
    assert first.material == lowers[name]
    (reason,) = [each for each in first.reasons if each.kind == "resistance"]
    assert reason.text("zh") == f"针对她的阻力{name}"
    assert reason.evidence["shown_by"] == "told"


@pytest.mark.rule("R121.2")
def test_who_does_not_trust_yet_is_told_of_another_device_before_a_repeat(company):
    devices = {}
    for device in ("cases", "authority", "brand"):
        company.tag(device, "trust_device", code=f"trust_device.{device}")
        devices[device] = [company.place(f"{device}{n}", device) for n in range(3)]
    rep = company.hire("li")
    trusting = company.meet("13800000001", rep=rep)
    handle = company.meet("13800000002", rep=rep, resistance="trust")
    for each in (trusting, handle):
        company.tell(company.event("read_material", each, devices["cases"][0]))

    def offered(each):
        return {item.material for item in company.offer(each, rep).told()}

    assert offered(handle) == {*devices["authority"], *devices["brand"]}
    assert set(devices["cases"][1:]) <= offered(trusting)
    why = company.recommender.why_not(company.id_of(handle), rep, devices["cases"][1])
    assert why.key == "why_device_again"
    company.tell(company.event("read_material", handle, devices["brand"][0]))
    assert set(devices["cases"][1:]) <= offered(handle)


def test_each_step_of_the_chain_has_its_resistance_and_what_she_told_is_stronger():
    told = [(kind, detail) for kind, detail in (
        ("viewed_product", {}), ("finished_material", {}), ("asked_quote", {}), ("used_tool", {})
    )]  # fmt: skip
    names = []
    for kind, detail in told:
        her = event(kind, user("u1"), detail=detail)
        names.append(resistance(fold([her], lambda _: (), zone=Zone())).name)
    assert names == ["understanding", "motivation", "trust", "action_cost"]
    assert dict(BY_DESIRE) == dict(zip(("viewed", "dwelled", "asked", "tried"), names, strict=True))


def test_a_shelf_with_one_device_alone_may_show_it_again(company):
    company.tag("cases", "trust_device", code="trust_device.cases")
    placed = [company.place(f"cases{n}", "cases") for n in range(3)]
    rep = company.hire("li")
    handle = company.meet("13800000002", rep=rep, resistance="trust")
    company.tell(company.event("read_material", handle, placed[0]))
    assert set(placed[1:]) <= {item.material for item in company.offer(handle, rep).told()}
