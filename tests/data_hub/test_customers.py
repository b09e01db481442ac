"""Who may see which customer, and how much of her."""

from datetime import timedelta
from functools import partial

import pytest

from data_hub.customers import Customers, Reveals, mask_trait, paging
from kernel.actors import Actor, Role
from kernel.errors import Conflict, Forbidden, Invalid, NotFound
from tests.data_hub.telling import event, mobile, openid, unionid, user

ADMIN = Actor(id="adm", role=Role.ADMIN, reach=None)


@pytest.fixture
def company(hub):
    """Two branches, a team in one; three reps, a lead; four customers."""
    north = hub.staff.add_unit("north", "北区分公司", by="adm")
    team = hub.staff.add_unit("north-1", "北区一部", parent=north.id, kind="team", by="adm")
    south = hub.staff.add_unit("south", "南区分公司", by="adm")
    hub.staff.add("lead", "周敏", unit=north.id, role=Role.TEAM_LEAD, by="adm")
    for code, unit in (("ma", team.id), ("li", team.id), ("xu", south.id)):
        hub.staff.add(code, code, unit=unit, by="adm")
    hub.staff.add("ana", "分析员", role=Role.ANALYST, by="adm")
    for n, (name, rep) in enumerate([("林秀兰", "ma"), ("陈建国", "li"), ("何雨桐", "xu")]):
        number = mobile(f"1380013800{n}")
        told = {"traits": {"name": name, "phone": number.value}}
        hub.tell(event("identified", user(f"u{n}"), number, minutes=n, detail=told))
        hub.customers.entrust(user(f"u{n}"), rep, by="adm")
    hub.tell(event("viewed_page", user("stray"), minutes=9))
    return hub


def as_seen(hub, code):
    return hub.customers.seen_by(hub.staff.actor(code))


def names(page):
    return [each.name for each in page.items]


def test_a_rep_sees_her_own_customers_in_full(company):
    page = as_seen(company, "ma").page(count=True)

    assert names(page) == ["林秀兰"]
    assert page.total == 1
    assert (page.items[0].phone, page.items[0].masked) == ("13800138000", False)


def test_a_lead_sees_her_units_and_those_below_masked(company):
    page = as_seen(company, "lead").page()

    assert names(page) == ["陈**", "林**"]
    assert page.items[0].phone == "138****8001"


def test_headquarters_sees_everybody_whoever_was_heard_of_last_first(company):
    page = company.customers.seen_by(ADMIN).page(first=3)
    rest = company.customers.seen_by(ADMIN).page(first=3, after=page.next)

    assert names(page) == ["", "何**", "陈**"]
    assert names(rest) == ["林**"]
    assert rest.next is None


def test_a_lead_of_more_customers_than_a_statement_takes_turns_their_pages(company):
    many = [user(f"many{n}") for n in range(950)]
    company.tell(*(event("viewed_page", each, minutes=10 + n) for n, each in enumerate(many)))
    company.customers.take_over({company.staff.one("li").id: many}, by="adm")
    seen, after = as_seen(company, "lead"), None
    pages = []
    while not pages or after:
        page = seen.page(first=100, after=after, count=True)
        assert page.total == 952
        pages.append([each.handles[0] for each in page.items])
        after = page.next
    assert [len(page) for page in pages] == [100] * 9 + [52]
    told = [handle for page in pages for handle in page]
    assert told[:950] == many[::-1]
    assert len(set(told)) == 952
    assert seen.page(text="林秀兰", count=True).total == 1
    assert seen.page(text="8001", count=True).total == 1


def test_a_lead_of_many_sees_the_same_whether_all_of_them_are_counted_or_not(
    company, people, records, changes
):
    """What is not counted is found by going down the list of everybody."""
    many = [user(f"many{n}") for n in range(120)]
    told = [event("viewed_page", each, minutes=10 + n) for n, each in enumerate(many)]
    company.tell(*told, event("identified", many[3], user("her other"), minutes=200))
    li, xu = (company.staff.one(code).id for code in ("li", "xu"))
    mixed = [each for n, each in enumerate(many) if n % 3 == 0 or n > 90]
    others = [each for n, each in enumerate(many) if n % 5 == 0 or 30 <= n < 60]
    for rep, given in ((li, mixed), (xu, others)):
        company.clock.move(timedelta(minutes=1))
        company.customers.take_over({rep: given}, by="adm")
    customers = Customers(
        people, records, company.identities, company.history, company.staff,
        changes, company.clock, many=20,
    )  # fmt: skip
    seen = customers.seen_by(company.staff.actor("lead"))
    for asked in ({}, {"text": "秀兰"}, {"rep": "li"}, {"rep": "xu"}, {"handle": str(many[9])}):
        for first in (4, 50):
            pages = [told_by(seen, first, count=count, **asked) for count in (False, True)]
            assert pages[0] == pages[1]
    assert len(told_by(seen, 50, count=False)) == 2 + len(set(mixed) - set(others))
    assert as_seen(company, "ma").graded("li") == {}, "whom another rep looks after is not told"


def test_who_is_met_going_down_the_list_of_everybody_is_who_was_heard_of_last(hub, people):
    told = [event("viewed_page", user(f"u{n}"), minutes=n % 40) for n in range(100)]
    hub.tell(*told)
    hers = {hub.id_of(user(f"u{n}")) for n in range(100) if n % 3 == 0 or n > 90}
    with people.read() as session:
        before = None
        while True:
            asked = (), before, 9
            right, _ = paging.of_some(session, hers, *asked)
            met = partial(paging.of_many, session, hers.intersection, *asked)
            assert met(step=7, furthest=200) == met() == right
            assert met(step=3, furthest=6) is None or len(right) < 9
            if len(right) < 9:
                return
            before = right[-1]


def told_by(seen, first, **asked):
    told, after = [], None
    while after is not None or not told:
        page = seen.page(first=first, after=after, **asked)
        told += [each.id for each in page.items]
        after = page.next
        if not page.items:
            break
    return told


def test_an_analyst_sees_no_names_at_all(company):
    with pytest.raises(Forbidden):
        as_seen(company, "ana")


def test_a_customers_own_token_sees_her_alone(company):
    her = Actor(id="c", role=Role.CUSTOMER, customer=str(user("u1")), reach=frozenset())
    seen = company.customers.seen_by(her)

    assert names(seen.page()) == ["陈建国"]
    assert seen.one(str(user("u1"))).phone == "13800138001"
    with pytest.raises(NotFound):
        seen.one(str(user("u0")))


def test_whom_she_may_not_see_looks_like_nobody(company):
    other = company.identities.customer_of(user("u2"))
    for key in (other, str(user("u2")), "13800138002", "cus_nobody", "13999999999"):
        with pytest.raises(NotFound):
            as_seen(company, "ma").one(key)


def test_she_is_found_by_any_handle_or_its_value_and_by_part_of_her_name(company):
    seen = as_seen(company, "ma")
    her = company.identities.customer_of(user("u0"))

    for key in (her, str(user("u0")), "u0", "13800138000", str(mobile())):
        assert seen.one(key).id == her
    assert names(seen.page(handle="13800138000")) == ["林秀兰"]
    assert names(seen.page(text="秀")) == ["林秀兰"]
    assert names(seen.page(text="8000")) == ["林秀兰"]
    assert names(seen.page(text="%")) == []
    assert names(seen.page(text="建国")) == []
    company.tell(
        event("identified", user("u0"), minutes=30, detail={"traits": {"name": "Anna 林"}})
    )
    assert names(seen.page(text="ANNA")) == names(seen.page(text="nna 林")) == ["Anna 林"]
    with pytest.raises(Invalid):
        seen.page(text=" ")


def test_the_last_rep_she_was_given_to_counts_over_all_her_handles(company, clock):
    company.tell(event("followed", openid("o1"), unionid("w1"), minutes=20, account="acc_oa"))
    company.customers.entrust(unionid("w1"), "xu", by="adm")
    company.tell(event("identified", openid("o1"), mobile("13800138000"), minutes=21))

    assert names(as_seen(company, "ma").page()) == []
    assert "林秀兰" in names(as_seen(company, "xu").page())
    hers = company.identities.handles(company.identities.customer_of(unionid("w1")))
    assert company.customers.rep_of(hers) == company.staff.one("xu").id
    ma, li, xu = (company.staff.one(code).id for code in ("ma", "li", "xu"))
    third = company.customers.of_staff([xu])
    assert company.identities.customer_of(unionid("w1")) in third
    assert len(third) == 2
    assert company.customers.of_staff([ma]) == []
    assert company.customers.of_staff([ma, li, li]) == company.customers.of_staff([li])
    assert company.customers.of_staff([]) == []


def test_giving_her_to_the_rep_she_has_is_noted_once(company, changes):
    before = len(changes.after("").changes)
    company.customers.entrust(user("u0"), "ma", by="adm")

    assert len(changes.after("").changes) == before


def test_who_was_given_away_meanwhile_is_not_passed_on(company, clock, changes):
    """A lead gives one of them to somebody else after the list was looked up."""
    ma, li, xu = (company.staff.one(code).id for code in ("ma", "li", "xu"))
    company.customers.entrust(user("u1"), "ma", by="adm")
    hers = company.customers.of_staff([ma])
    clock.move(timedelta(minutes=1))
    company.customers.entrust(user("u1"), "xu", by="lead")
    clock.move(timedelta(minutes=1))
    relations = company.customers._rooms.relations
    assert (len(hers), relations.pass_on(hers, ma, li, by="adm")) == (2, 1)
    assert relations.rep_of([user("u1")]) == xu
    assert company.customers.of_staff([li]) == [company.id_of(user("u0"))]
    before = len(changes.after("").changes)
    assert relations.pass_on(hers, ma, li, by="adm") == 0
    assert len(changes.after("").changes) == before


def test_a_rep_may_take_over_a_whole_list_and_it_is_one_act(company, changes):
    xu = company.staff.one("xu").id
    company.customers.take_over({xu: [user("u0"), user("u1")]}, by="adm")

    assert names(as_seen(company, "ma").page()) == []
    assert names(as_seen(company, "xu").page()) == ["何雨桐", "陈建国", "林秀兰"]
    [noted] = changes.latest("staff", xu, 1)
    assert (noted.act, noted.detail["count"]) == ("took_over", 2)


def test_a_page_may_be_one_reps_but_never_more_than_the_asker_sees(company):
    assert names(as_seen(company, "lead").page(rep="li")) == ["陈**"]
    assert names(as_seen(company, "lead").page(rep="xu")) == []


def test_the_timeline_shows_everything_once_the_latest_first(company):
    company.tell(
        event("bought", user("u0"), minutes=30, detail={"product": "稳盈一号", "amount": 50000}),
        event("messaged", openid("o1"), mobile("13800138000"), minutes=25, account="acc_oa"),
    )
    page = as_seen(company, "ma").timeline(str(user("u0")), limit=2, count=True)
    rest = as_seen(company, "ma").timeline(str(user("u0")), before=page.next)

    assert [each.kind for each in (*page.items, *rest.items)] == [
        "bought",
        "messaged",
        "identified",
    ]
    assert page.total == 3
    assert page.items[0].sentence == "购买了 · 稳盈一号 · 50,000"
    assert page.items[1].source == "acc_oa"
    some = as_seen(company, "ma").timeline(
        str(user("u0")), limit=1, kinds={"bought", "messaged", "commented"}, count=True
    )
    assert ([each.kind for each in some.items], some.total) == (["bought"], 2)


def test_seeing_a_masked_phone_is_an_act_with_a_name_to_it(company, changes):
    her = company.identities.customer_of(user("u0"))
    shown = as_seen(company, "lead").reveal(her)

    assert (shown.name, shown.phone) == ("林秀兰", "13800138000")
    noted = changes.after("").changes[-1]
    assert (noted.act, noted.by) == ("revealed", company.staff.one("lead").id)
    assert noted.handle in (str(user("u0")), str(mobile()))
    told = (noted.subject, *map(str, noted.detail.values()))
    assert her not in told  # an erasure empties handles, and leaves the rest


def test_only_so_many_are_shown_in_full_a_day_by_one_person(company, clock, records, changes):
    few = Reveals(records, changes, clock, a_day=2)
    customers = Customers(
        company.people, records, company.identities, company.history, company.staff, changes,
        clock, few,
    )  # fmt: skip
    lead = customers.seen_by(company.staff.actor("lead"))
    for name in ("u0", "u1"):
        assert not lead.reveal(str(user(name))).masked
    with pytest.raises(Conflict) as refused:
        lead.reveal(str(user("u0")))
    assert refused.value.facts["most"] == 2
    assert customers.seen_by(ADMIN).reveal(str(user("u0"))).phone == "13800138000"  # her own two
    clock.move(timedelta(days=1))
    assert lead.reveal(str(user("u0"))).name == "林秀兰"


def test_her_own_rep_spends_none_and_whom_she_may_not_see_she_reveals_not(company, changes):
    rep = Actor(id="rep2", role=Role.REP, staff=company.staff.one("ma").id, reach=frozenset())
    before = len(changes.after("").changes)
    assert company.customers.seen_by(rep).reveal(str(user("u0"))).phone == "13800138000"
    assert len(changes.after("").changes) == before
    with pytest.raises(NotFound):
        company.customers.seen_by(rep).reveal(str(user("u1")))


def test_what_she_wrote_shows_no_number_to_who_sees_her_masked(company):
    said = "加我微信 13911112222 或 lin@qq.com，身份证 310101199001011234，订单 88001"
    company.tell(event("messaged", user("u0"), minutes=40, detail={"text": said}))
    full, lead = (
        as_seen(company, who).timeline(str(user("u0"))).items[0].sentence for who in ("ma", "lead")
    )
    assert said in full
    for secret in ("13911112222", "lin@", "199001011234"):
        assert secret not in lead
    assert "88001" in lead


def test_a_masked_number_is_not_guessed_digit_by_digit(company):
    lead, own = as_seen(company, "lead"), as_seen(company, "ma")
    assert names(lead.page(text="8000")) == names(lead.page(text="13800138000")) == ["林**"]
    for tail in ("38000", "0138000", "3800138000"):
        with pytest.raises(Invalid):
            lead.page(text=tail)
        assert names(own.page(text=tail)) == ["林秀兰"]


def test_staff_have_codes_of_their_own_and_stand_somewhere(company):
    with pytest.raises(Conflict):
        company.staff.add("ma", "又一个", by="adm")
    with pytest.raises(NotFound):
        company.staff.add("new", "新人", unit="unt_nowhere", by="adm")
    with pytest.raises(Invalid):
        company.staff.add("bot", "机器", role=Role.SERVICE, by="adm")


def test_the_tree_of_units_says_what_somebody_sees_and_reaches(company):
    north, team = company.staff.unit("north").id, company.staff.unit("north-1").id

    assert company.staff.above(team) == {"", north, team}
    assert company.staff.below(north) == {north, team}
    assert company.staff.actor("ma").reach == frozenset()
    assert company.staff.actor("lead").reach == {north, team}
    assert company.staff.actor("ana").reach is None


def test_what_she_stands_for_can_be_corrected(company, changes):
    company.staff.describe("ma", add=["tag_old", "tag_care"], by="ma")
    company.staff.describe("ma", add=["tag_care"], remove=["tag_old"], by="ma")

    assert company.staff.one("ma").persona == ["tag_care"]


def test_staff_come_in_pages(company):
    page = company.staff.page(first=3)
    rest = company.staff.page(first=3, after=page.next)

    assert [each.code for each in (*page.items, *rest.items)] == ["lead", "ma", "li", "xu", "ana"]
    assert company.staff.page(role=Role.REP, first=10).next is None


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [("Name", "王小明", "王**"), ("$real_name", "王小明", "王**"), ("Full Name", "王小明", "王**"),
     ("联系电话", "13800138000", "138****8000"), ("phone-number", 13800138000, "138****8000"),
     ("city", "上海", "上海"), ("product_name", "安心年金", "安心年金"),
     ("remark", "打13800138000", "打138****8000"), ("cities", ["上海", "杭州"], "上海, 杭州")],
)  # fmt: skip
def test_a_trait_that_names_her_is_masked_however_it_is_spelled(name, value, shown):
    assert mask_trait(name, value, "en") == shown
