"""The operating model: which carriers, whom they reach, and which is tried first."""

from itertools import combinations

import pytest

from channels.carriers import USUAL, Carrier
from kernel.errors import Invalid
from kernel.events import Event, Handle


@pytest.fixture
def accounts(house):
    for kind in ("wecom", "wechat_oa", "mini_program", "hand_off"):
        house.channels._factories[kind] = house.channels._factories["board"]
    return {
        "wecom": house.account("wecom", "wecom"),
        "oa": house.account("oa", "wechat_oa"),
        "mini": house.account("mini", "mini_program"),
        "personal": house.account("zl", "hand_off", settings={"carrier": "wechat_personal"}),
        "app": house.account("app", "app", "own_app"),
    }


@pytest.fixture
def carriers(house):
    return house.carriers


@pytest.fixture
def people_of(house, accounts, clock):
    """Makes a customer who is known by these handles."""
    number = iter(range(1_000))

    def known(*wanted):
        kinds = {"wecom": "external_userid", "oa": "openid", "mini": "openid",
                 "personal": "wechat", "group": "wecom_group", "app": "user"}  # fmt: skip
        union = Handle("unionid", "", f"u{next(number)}")
        for each in wanted:
            account = accounts["wecom" if each == "group" else each].id
            handle = Handle(kinds[each], account, f"{each}-{union.value}")
            event = Event(id=str(handle), kind="identified", at=clock(), account=account,
                          handle=handle, links=(union,))  # fmt: skip
            house.identities.note([event])
        return house.identities.customer_of(union)

    return known


@pytest.mark.rule("R134.1", "R134.4")
def test_the_business_decides_which_carriers_and_in_which_order(carriers):
    assert carriers.model() == list(USUAL)
    carriers.decide(["official_account", "wecom"], by="li")
    assert carriers.model() == [Carrier.OFFICIAL_ACCOUNT, Carrier.WECOM]
    carriers.decide(["mini_program"], by="li")
    assert carriers.model() == [Carrier.MINI_PROGRAM]


@pytest.mark.parametrize(
    ("carriers_", "reason"),
    [([], "missing"), (["wecom", "wecom"], "named_twice"), (["fax"], "not_a_choice")],
)
def test_no_carrier_one_twice_and_an_unknown_one_are_refused(carriers, carriers_, reason):
    with pytest.raises(Invalid) as no:
        carriers.decide(carriers_, by="li")
    assert [flaw.reason for flaw in no.value.flaws] == [reason]


@pytest.mark.rule("R134.2")
def test_reach_is_the_customers_who_are_on_at_least_one_of_them(carriers, people_of):
    for wanted in (["wecom"], ["oa"], ["wecom", "oa"], ["mini", "group"], ["app"], ["personal"]):
        people_of(*wanted)
    reach = carriers.reach()
    assert reach.customers == 5  # the app is no carrier of WeChat
    assert reach.of([Carrier.WECOM]) == 2
    assert reach.of([Carrier.WECOM, Carrier.OFFICIAL_ACCOUNT]) == 3
    assert reach.of([Carrier.GROUP_CHAT]) == reach.of([Carrier.WECHAT_PERSONAL]) == 1
    assert reach.of(list(Carrier)) == 5


@pytest.mark.rule("R134.3")
def test_more_carriers_reach_no_fewer_and_give_no_fewer_ways(carriers, people_of):
    for wanted in (["wecom"], ["oa", "mini"], ["wecom", "oa", "mini"], ["personal"]):
        people_of(*wanted)
    reach = carriers.reach()
    for size in range(1, 5):
        for chosen in combinations(Carrier, size):
            for more in set(Carrier) - set(chosen):
                wider = [*chosen, more]
                assert reach.of(wider) >= reach.of(chosen)
                ways = [sum(n * k for n, k in reach.options(c).items()) for c in (wider, chosen)]
                assert ways[0] >= ways[1]
    assert reach.options(list(Carrier)) == {1: 2, 2: 1, 3: 1}


@pytest.mark.rule("R134.3")
def test_whoever_is_not_reached_by_the_first_is_reached_by_the_next(carriers, people_of):
    both, fan = people_of("oa", "wecom"), people_of("oa")
    carriers.decide(["wecom", "official_account"], by="li")
    assert [way.carrier for way in carriers.ways(both)] == ["wecom", "official_account"]
    assert [way.carrier for way in carriers.ways(fan)] == ["official_account"]
    carriers.decide(["official_account", "wecom"], by="li")
    assert [way.account.code for way in carriers.ways(both)] == ["oa", "wecom"]
    carriers.decide(["mini_program"], by="li")
    assert carriers.ways(both) == []
